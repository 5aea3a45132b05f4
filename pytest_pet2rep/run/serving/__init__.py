"""A server that is started for a run, answers when it is healthy, and is stopped in every ending.

The command is run by a watcher (``watch.py``) in a process group of its own.  The watcher
holds one end of a pipe: when the run ends in any way, be it by ``kill -9``, the other end closes
and the watcher stops the server with everything that it has started.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.models.secrets import without_secrets

OPTION = "--pet2rep-serve"
_PORT = "{port}"
_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_FOR_AN_ANSWER = 5.0
_SECONDS_TO_STOP = 20.0
_LAST_LINES = 5
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "[::]": "[::1]"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServingPlan:
    """A command, taken apart, and where its server will answer."""

    command: tuple[str, ...]
    base_url: str
    log: Path

    @property
    def program(self) -> str:
        """What is run, without its arguments: they may hold a key."""
        return Path(self.command[0]).name

    @property
    def line(self) -> str:
        """One line for the head of a run."""
        return f"pet2rep: {self.program} serves at {self.base_url}, log {self.log}"


def plan_serving(command: str, model: str, model_args: Mapping[str, str], log: Path) -> ServingPlan:
    """Take ``command`` apart as a shell would, without one; nothing is started.

    ``{port}`` in it stands for a free port.  The address is the model argument ``base_url``, else
    what the command says with ``--host`` and ``--port``.  Raises ``UsageProblem`` for a command
    that cannot be run, that has no address, or for a model that is not behind a server.
    """
    if not model.startswith("openai/"):
        raise UsageProblem(f"{OPTION} starts a server for openai/MODEL, and the model is {model}")
    if os.name != "posix":
        raise UsageProblem(f"{OPTION} works on POSIX systems only: start the server yourself")
    try:
        words = shlex.split(command)
    except ValueError as why:
        raise UsageProblem(f"{OPTION}: the command makes no sense: {why}") from why
    if not words or shutil.which(words[0]) is None:
        raise UsageProblem(f"{OPTION}: there is no program {(words or [''])[0]!r} to run")
    free = str(_free_port())
    words = [word.replace(_PORT, free) for word in words]
    uses_free_port = _PORT in command
    base_url = model_args.get("base_url", "").replace(_PORT, free)
    if not base_url:
        port = _value_of("--port", words) or (free if uses_free_port else "")
        if not port:
            raise UsageProblem(
                f"{OPTION}: the command does not say where it will answer: write --port {_PORT} "
                f"into it, or say --pet2rep-model-arg base_url=http://localhost:PORT/v1"
            )
        host = _value_of("--host", words) or "127.0.0.1"
        base_url = f"http://{_EVERYWHERE.get(host, host)}:{port}/v1"
    return ServingPlan(command=tuple(words), base_url=base_url, log=log)


def _value_of(option: str, words: list[str]) -> str:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == option:
            return value if equals else following
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A running server; :meth:`stop` may be called at any time, and twice."""

    def __init__(self, plan: ServingPlan) -> None:
        self.plan = plan
        self._watcher: subprocess.Popen[bytes] | None = None
        self._group: int | None = None

    def start(self, seconds: float) -> None:
        """Start the server and wait at most ``seconds`` until it is healthy.

        Raises ``UsageProblem`` if another server answers there already, if this one ends, or if
        it is not healthy in time.
        """
        plan = self.plan
        if _listens(plan.base_url):
            raise UsageProblem(
                f"{OPTION}: something answers at {plan.base_url} already; stop it, or write "
                f"--port {_PORT} into the command for a free port"
            )
        self._launch()
        deadline = time.monotonic() + seconds
        while not is_healthy(plan.base_url):
            if self._ended():
                raise UsageProblem(f"{OPTION}: {self._ending()}")
            if time.monotonic() > deadline:
                self.stop()
                raise UsageProblem(
                    f"{OPTION}: {plan.program} is not ready at {plan.base_url} after {seconds:g} s "
                    f"(--pet2rep-serve-timeout); its log is {plan.log}{_end_of(plan.log)}"
                )
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        if self._ended():
            raise UsageProblem(f"{OPTION}: {self._ending()}")

    def _launch(self) -> None:
        log = self.plan.log
        try:
            log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as why:
            raise UsageProblem(f"{OPTION}: the log {log} cannot be written: {why}") from why
        watcher = Path(__file__).with_name("watch.py")
        try:
            self._watcher = subprocess.Popen(
                [sys.executable, "-I", str(watcher), *self.plan.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=handle,
                start_new_session=True,  # Ctrl-C is for the run, which stops the server itself
            )
        finally:
            os.close(handle)
        assert self._watcher.stdout is not None
        said = self._watcher.stdout.readline().strip()
        self._group = int(said) if said.isdigit() else None

    def _ended(self) -> bool:
        return self._watcher is None or self._watcher.poll() is not None

    def _ending(self) -> str:
        code = self._watcher.poll() if self._watcher is not None else None
        return (
            f"{self.plan.program} ended with exit code {code} before it answered; its log is "
            f"{self.plan.log}{_end_of(self.plan.log)}"
        )

    def stop(self) -> None:
        """Stop the server and everything that it started; callable twice."""
        watcher, self._watcher = self._watcher, None
        if watcher is None:
            return
        assert watcher.stdin is not None
        assert watcher.stdout is not None
        watcher.stdin.close()
        try:
            watcher.wait(timeout=_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            watcher.kill()
            watcher.wait()
        watcher.stdout.close()
        if watcher.returncode < 0 and self._group is not None:  # it has left the server running
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, signal.SIGKILL)


def _listens(base_url: str) -> bool:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=1.0):
            return True
    except OSError:
        return False


def is_healthy(base_url: str) -> bool:
    """Whether the server at ``base_url`` says that it is ready to answer.

    Most inference servers have ``/health``, which fails while weights are being loaded.  One
    that has none is ready when it answers a request for its list of models.
    """
    parts = urlsplit(base_url)
    health = _status(f"{parts.scheme}://{parts.netloc}/health")
    if health is None or health >= 500:
        return False
    if health < 300:
        return True
    models = _status(base_url.rstrip("/") + "/models")
    return models is not None and models < 500


def _status(url: str) -> int | None:
    """The HTTP state of ``url``; ``None`` if nothing answers.  No proxy, no redirect."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(url, timeout=_SECONDS_FOR_AN_ANSWER) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as why:
        with why:
            return int(why.code)
    except (OSError, ValueError):
        return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        """Never: whoever redirects has answered."""


def _end_of(log: Path) -> str:
    """The last lines of a log, to be put behind a sentence; no key of the environment in them."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    last = [line for line in lines if line.strip()][-_LAST_LINES:]
    return "".join(f"\n  {without_secrets(line)[:300]}" for line in last)

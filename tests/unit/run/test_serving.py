"""A server that is started for a run: where it answers, when it is ready, and that it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.serving import Server, ServingPlan, is_healthy, plan_serving
from tests.chat_server import chat_server

pytestmark = pytest.mark.timeout(120)
SERVER = """
import http.server, os, pathlib, subprocess, sys, time
port, notes, words = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
notes.write_text(f"{os.getpid()} {child.pid}")
print("loading", flush=True)
if "fails" in words:
    sys.exit("no weights here")
if "stubborn" in words:
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
ready = time.monotonic() + 0.5

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        loading = time.monotonic() < ready or "never" in words
        self.send_response(503 if loading else 200 if "health" in self.path else 404)
        self.end_headers()
    def log_message(self, *arguments):
        pass

http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Plan a server that starts a process of its own; whatever becomes of it is ended."""
    (tmp_path / "server.py").write_text(SERVER)
    servers = []

    def plan(*words: str) -> Server:
        command = [sys.executable, str(tmp_path / "server.py"), "{port}", str(tmp_path / "pids")]
        planned = plan_serving(" ".join([*command, *words]), "openai/m", {}, tmp_path / "log")
        servers.append(Server(planned))
        return servers[-1]

    yield plan
    for server in servers:
        server.stop()
    end(*pids(tmp_path))


def pids(folder: Path) -> list[int]:
    """The server and the process that it started, once it has said so."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = (folder / "pids").read_text().split() if (folder / "pids").exists() else []
        if len(found) == 2:
            return [int(pid) for pid in found]
        time.sleep(0.02)
    raise AssertionError("the server never began")


def end(*numbers: int) -> None:
    for number in numbers:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue


def are_gone(numbers: list[int]) -> bool:
    """Wait until all these processes have ended (a zombie has)."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not any(_runs(number) for number in numbers):
            return True
        time.sleep(0.05)
    return False


def _runs(number: int) -> bool:
    try:
        stat = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


linux_only = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@linux_only
@pytest.mark.parametrize("word", ["", "stubborn"])
def test_a_server_is_waited_for_and_ends_with_everything_that_it_started(
    serve: Serve, tmp_path: Path, word: str
) -> None:
    server = serve(word)
    server.start(60)
    assert is_healthy(server.plan.base_url)
    started = pids(tmp_path)
    server.stop()
    server.stop()
    assert are_gone(started)
    log = tmp_path / "log"
    assert log.read_text() == "loading\n"
    assert log.stat().st_mode & 0o777 == 0o600


def _interruptible() -> None:
    """Hear Ctrl-C also where these tests run in the background of a shell, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@linux_only
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_with_the_process_that_started_it_however_that_ends(
    serve: Serve, tmp_path: Path, number: signal.Signals
) -> None:
    plan = serve().plan
    code = (
        "import pathlib, time\n"
        "from pytest_pet2rep.run.serving import Server, ServingPlan\n"
        f"plan = ServingPlan(command={plan.command!r}, base_url={plan.base_url!r}, "
        f"log=pathlib.Path({str(plan.log)!r}))\n"
        "Server(plan).start(60)\n"
        "print('ready', flush=True)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, preexec_fn=_interruptible
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"ready\n"
    started = pids(tmp_path)
    owner.send_signal(number)
    owner.wait(timeout=60)
    owner.stdout.close()
    assert are_gone(started)


@linux_only
def test_a_server_outlives_its_watcher_by_no_more_than_the_run(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve()
    server.start(60)
    started = pids(tmp_path)
    watcher = Path(f"/proc/{started[0]}/stat").read_text().rpartition(")")[2].split()[1]
    os.kill(int(watcher), signal.SIGKILL)
    server.stop()
    assert are_gone(started)


def test_a_server_that_ends_before_it_is_ready_is_explained_with_the_end_of_its_log(
    serve: Serve, tmp_path: Path
) -> None:
    with pytest.raises(UsageProblem, match=r"exit code 1 before it answered.*log is") as why:
        serve("fails").start(60)
    assert str(why.value).endswith("no weights here")


@linux_only
def test_a_server_that_is_never_ready_is_stopped(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"not ready at http.* after 1 s.*serve-timeout"):
        serve("never").start(1)
    assert are_gone(pids(tmp_path))


def test_another_server_at_the_address_is_not_taken_for_it(tmp_path: Path) -> None:
    with chat_server() as other:
        plan = ServingPlan(command=("true",), base_url=other.url, log=tmp_path / "log")
        with pytest.raises(UsageProblem, match=r"something answers at .* already"):
            Server(plan).start(1)
    assert not (tmp_path / "log").exists()


def test_a_server_without_a_state_of_health_is_ready_when_it_lists_its_models() -> None:
    with chat_server() as server:
        assert is_healthy(server.url)
        assert server.looked == ["/health", "/v1/models"]
    assert not is_healthy(server.url)


@pytest.mark.parametrize(
    ("command", "arguments", "url"),
    [
        ("true --port 8000", {}, "http://127.0.0.1:8000/v1"),
        ("true --host=0.0.0.0 --port=81", {}, "http://127.0.0.1:81/v1"),
        ("true --host localhost --port 82", {}, "http://localhost:82/v1"),
        ("true serve", {"base_url": "http://localhost:9/v2"}, "http://localhost:9/v2"),
    ],
)
def test_the_address_is_what_the_command_or_the_argument_says(
    tmp_path: Path, command: str, arguments: dict[str, str], url: str
) -> None:
    assert plan_serving(command, "openai/m", arguments, tmp_path / "log").base_url == url


def test_a_free_port_is_filled_in_everywhere_and_no_shell_sees_the_command(tmp_path: Path) -> None:
    arguments = {"base_url": "http://localhost:{port}/v3"}
    plan = plan_serving("true '$(reboot); a' --at :{port}", "openai/m", arguments, tmp_path / "log")
    port = plan.base_url.removeprefix("http://localhost:").removesuffix("/v3")
    assert plan.command == ("true", "$(reboot); a", "--at", f":{port}")
    assert int(port) > 0


def test_the_line_for_the_head_of_a_run_holds_no_argument(tmp_path: Path) -> None:
    plan = plan_serving("true --api-key sk-1 --port 8000", "openai/m", {}, tmp_path / "log")
    assert plan.line == f"pet2rep: true serves at http://127.0.0.1:8000/v1, log {tmp_path}/log"


@pytest.mark.parametrize(
    ("command", "model", "said"),
    [
        ("true --port 1", "hf/m", "starts a server for openai/MODEL, and the model is hf/m"),
        ("no-such-program --port 1", "openai/m", "no program 'no-such-program'"),
        ("true", "openai/m", r"does not say where.*--port \{port\}"),
        ("true 'open --port 1", "openai/m", "No closing quotation"),
        ("''", "openai/m", "no program ''"),
    ],
)
def test_a_command_that_cannot_serve_is_explained(
    tmp_path: Path, command: str, model: str, said: str
) -> None:
    with pytest.raises(UsageProblem, match=said):
        plan_serving(command, model, {}, tmp_path / "log")


def test_the_end_of_a_log_is_quoted_without_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k-0123456789")
    script = tmp_path / "starts.py"
    script.write_text("import os, sys; sys.exit('started with ' + os.environ['OPENAI_API_KEY'])")
    command = f"{sys.executable} {script} --port {{port}}"
    server = Server(plan_serving(command, "openai/m", {}, tmp_path / "log"))
    with pytest.raises(UsageProblem, match=r"started with \*\*\*") as raised:
        server.start(60)
    server.stop()
    assert "k-0123456789" not in str(raised.value)

"""Starting, watching and ending the processes that hold a model; done by the leading process."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from pytest_pet2rep.models.apart.holder import READY
from pytest_pet2rep.models.apart.placement import (
    Placement,
    environment_of,
    places,
    visible_devices,
)
from pytest_pet2rep.models.provider import Provider, ProviderSettings
from pytest_pet2rep.models.secrets import without_secrets

_SECONDS_TO_END = 15.0
_LONGEST_ADDRESS = 90
"""Bytes of a socket's path that every system takes (Linux 107, macOS 103)."""


def hold_apart(
    model: Provider, settings: ProviderSettings, *, workers: int
) -> ModelProcesses | None:
    """Start the processes that hold ``model`` for this many workers.

    ``None`` for a model without local weights, and on a system without Unix sockets, where each
    worker loads its own.
    """
    if not model.local_weights or not hasattr(socket, "AF_UNIX"):
        return None
    placement: Placement = getattr(model, "placement", Placement())
    visible = () if placement.named else visible_devices()
    return ModelProcesses(model.name, settings, places(placement, visible, workers=workers))


class ModelProcesses:
    """One process per place, each holding a copy of the model; light until the first request.

    A process that dies is started again; one that cannot even start is not, and whoever asks it
    is told why.  They end with :meth:`close`, and with this process, however it ends.
    """

    def __init__(
        self, spec: str, settings: ProviderSettings, places: Sequence[tuple[str, ...] | None]
    ) -> None:
        self._folder = _private_folder()
        (self._folder / "key").touch(mode=0o600)
        (self._folder / "key").write_bytes(secrets.token_bytes(32))
        self._keepers = [
            _Keeper(spec, settings, place, self._folder / f"{number}.socket")
            for number, place in enumerate(places)
        ]

    def address(self, worker: int) -> Path:
        """Where worker number ``worker`` (from 0) finds its model."""
        return self._keepers[worker % len(self._keepers)].address

    def close(self) -> None:
        """End all of them and wait until their memory is free; callable twice."""
        for keeper in self._keepers:
            keeper.end()
        for keeper in self._keepers:
            keeper.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class _Keeper:
    """Keeps one process alive, from a thread of its own."""

    def __init__(
        self, spec: str, settings: ProviderSettings, place: tuple[str, ...] | None, address: Path
    ) -> None:
        self.address = address
        self._job = _job(spec, settings, address)
        self._environment = environment_of(place, {**os.environ, "PYTHONPATH": _import_path()})
        self._guard = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._ended = False
        self._thread = threading.Thread(
            target=self._keep, name=f"pet2rep-model-{address.stem}", daemon=True
        )
        self._thread.start()

    def _keep(self) -> None:
        while (process := self._start()) is not None:
            with process:
                assert process.stdout is not None
                ready = process.stdout.readline().strip() == READY
                process.stdout.read()
                process.wait()
            if not ready and not self._ended:
                self._say_why(process.returncode)
                return

    def _start(self) -> subprocess.Popen[str] | None:
        with self._guard:
            if self._ended:
                return None
            with self.address.with_suffix(".log").open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "pytest_pet2rep.models.apart.holder"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                    env=self._environment,
                    start_new_session=True,  # Ctrl-C is for the leading process, which ends it
                )  # fmt: skip
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):  # it died at once: its log says why
                self._process.stdin.write(self._job + "\n")
                self._process.stdin.flush()
            return self._process

    def end(self) -> None:
        """Let the process end by itself, soon."""
        with self._guard:
            self._ended = True
            if self._process is not None and self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()

    def wait(self) -> None:
        """Wait until the process is gone, which is killed if it takes too long over its end."""
        self._thread.join(_SECONDS_TO_END)
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()
            self._thread.join()

    def _say_why(self, status: int) -> None:
        log = self.address.with_suffix(".log").read_text(encoding="utf-8", errors="replace")
        last = (log.strip().splitlines() or [f"exit status {status}"])[-1]
        told = f"the process that is to hold the model could not start: {without_secrets(last)}"
        unfinished = self.address.with_suffix(".unfinished")
        unfinished.write_text(told, encoding="utf-8")
        unfinished.replace(self.address.with_suffix(".failed"))


def _private_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pet2rep-"))  # 0700
    if len(os.fsencode(folder)) > _LONGEST_ADDRESS and Path("/tmp").is_dir():
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="pet2rep-", dir="/tmp"))
    return folder


def _import_path() -> str:
    """What this process imports from, the working directory included."""
    return os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)


def _job(spec: str, settings: ProviderSettings, address: Path) -> str:
    return json.dumps(
        {
            "spec": spec,
            "address": str(address),
            "settings": {
                "model_args": dict(settings.model_args),
                "revision": settings.revision,
                "trust_remote_code": settings.trust_remote_code,
                "offline": settings.offline,
                "private": settings.private,
                "allowed_hosts": sorted(settings.allowed_hosts),
                "concurrency": settings.concurrency,
                "case_ids": sorted(settings.case_ids),
            },
        }
    )

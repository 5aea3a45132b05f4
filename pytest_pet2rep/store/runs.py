"""The runs that used a store: which settings each had, when it began, and whether it was finished.

``runs/ID.json`` tells of one run; ``runs/ID.lock`` is held while it goes on, on whichever machine,
so that a run that was killed can be told from one that is still going.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pytest_pet2rep.store.private_files import FILE_MODE, private_folder, write_privately


@dataclass(frozen=True, kw_only=True, slots=True)
class Take:
    """One time that a run was begun or taken up again."""

    started: str
    """UTC, ISO 8601."""
    host: str
    pid: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEntry:
    """What is written down of one run."""

    id: str
    digest: str
    """SHA-256 of the settings that decide its results: equal for runs that can go on as one."""
    settings: Mapping[str, Any]
    """The same settings, for people."""
    takes: tuple[Take, ...]
    finished: str = ""
    """When its last item had a result (UTC, ISO 8601); empty for an unfinished run."""
    exit_code: int | None = None


def new_take() -> Take:
    """Return the take that begins now, in this process."""
    return Take(started=_now(), host=socket.gethostname(), pid=os.getpid())


def finished(entry: RunEntry, exit_code: int) -> RunEntry:
    """Return ``entry`` as finished now."""
    return replace(entry, finished=_now(), exit_code=exit_code)


def read_runs(root: Path) -> list[RunEntry]:
    """Every run that is written down below ``root``, the last to begin first.

    A file that cannot be read is left out.
    """
    found = [_read(path) for path in sorted((root / "runs").glob("*.json"))]
    return sorted(
        (entry for entry in found if entry is not None),
        key=lambda entry: (entry.takes[-1].started, entry.id),
        reverse=True,
    )


def write_run(root: Path, entry: RunEntry) -> None:
    """Write down a run, in place of what was known of it; raises ``OSError``."""
    text = json.dumps({"format": 1, **asdict(entry)}, ensure_ascii=True, sort_keys=True, indent=1)
    write_privately(_path(root, entry.id), text.encode() + b"\n")


def hold_run(root: Path, run: str) -> Any:
    """Return the lock of a run that nobody else is at, held; ``None`` if it is going on.

    Raises ``OSError``.
    """
    from filelock import FileLock, Timeout

    folder = private_folder(root / "runs")
    lock = FileLock(folder / f"{run}.lock", mode=FILE_MODE, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def forget_run(root: Path, run: str) -> None:
    """Remove what is written down of a run; raises ``OSError``."""
    _path(root, run).unlink(missing_ok=True)
    _path(root, run).with_suffix(".lock").unlink(missing_ok=True)


def _path(root: Path, run: str) -> Path:
    return root / "runs" / f"{run}.json"


def _read(path: Path) -> RunEntry | None:
    try:
        plain = json.loads(path.read_bytes())
        if plain.pop("format") != 1 or plain["id"] != path.stem or not plain["takes"]:
            return None
        return RunEntry(**{**plain, "takes": tuple(Take(**take) for take in plain["takes"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _now() -> str:
    # To the microsecond, because the last of several runs is looked for.
    seconds = time.time()
    parts = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{parts}.{int(seconds % 1 * 1e6):06d}Z"

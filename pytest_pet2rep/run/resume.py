"""Taking up a run that was killed where it was: on another worker count, on another machine.

A run writes its settings down in its store when it begins, and its end when nothing is left to
do.  The last one with equal settings that has no end, and that nobody is at, goes on under its own
id: all its answers are its own, also those that no other run may use.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep import __version__
from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.store.migration import check_format, stamp_format
from pytest_pet2rep.store.runs import (
    RunEntry,
    finished,
    hold_run,
    new_take,
    read_runs,
    write_run,
)

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.run.settings import RunSettings

INDIFFERENT = frozenset(
    {
        "allowed_hosts",
        "cases",
        "concurrency",
        "fail_on_error",
        "offline",
        "organs",
        "prompt",
        "redact",
        "resume",
        "retry_errors",
        "serve_seconds",
        "store",
        "trust_remote_code",
    }
)
"""Settings that do not decide results, or stand in the digest by what they name, not by a path."""


@dataclass(kw_only=True, slots=True)
class RunHold:
    """A run that this process leads, until it is let go."""

    root: Path
    entry: RunEntry
    lock: Any
    told: str = ""
    """What a person should know of how it began; empty for a new run that nobody asked about."""

    @property
    def take(self) -> int:
        """How often the run was taken up again."""
        return len(self.entry.takes) - 1

    def finish(self, exit_code: int) -> None:
        """Write down that nothing is left to do; raises ``StoreError``."""
        self.entry = finished(self.entry, exit_code)
        _written(self.root, self.entry)

    def let_go(self) -> None:
        """Let others take the run up; callable twice."""
        self.lock.release()


def begin_run(runtime: Runtime) -> RunHold | None:
    """Begin a new run, or take up an earlier one if the settings say so; for the leading process.

    Sets ``run_id`` and ``take`` of ``runtime``.  ``None`` for a model whose texts are kept
    elsewhere: there is nothing to take up.  Raises ``StoreError`` if the store cannot be
    written, before anything is generated.
    """
    if runtime.provider.kept_elsewhere:
        return None
    root = runtime.settings.store_root
    check_format(root)
    settings = deciding_settings(runtime)
    digest = digest_of(settings)
    hold = _taken_up(root, digest, runtime.settings) or _new(root, digest, settings)
    if not hold.take and (runtime.settings.resume or runtime.settings.retry_errors):
        hold.told = _why_new(root, digest, runtime.settings.retry_errors)
    runtime.run_id, runtime.take = hold.entry.id, hold.take
    _written(root, hold.entry)
    return hold


def deciding_settings(runtime: Runtime) -> dict[str, Any]:
    """Return everything that decides the results of a run, as plain data."""
    settings = {
        field.name: _plain(getattr(runtime.settings, field.name))
        for field in dataclasses.fields(runtime.settings)
        if field.name not in INDIFFERENT
    }
    if runtime.settings.serve:
        # The server of a run is at a port of its own; what is served is the command.
        settings["model_args"].pop("base_url", None)
    elif runtime.settings.model.startswith("openai/"):
        # Named by the environment or by an argument: another server may be another model.
        settings["model_args"].setdefault("base_url", os.environ.get("OPENAI_BASE_URL", ""))
    languages = sorted({runtime.language_of(case) for case in runtime.cases()})
    return {
        **settings,
        "plugin": __version__,
        "cohort": runtime.cohort.name,
        "cohort_digest": runtime.cohort.digest,
        "case_ids": [path.parent.name for path in runtime.case_files],
        "organs": runtime.profile.label,
        "prompts": [runtime.prompt_for(language).label for language in languages],
    }


def digest_of(settings: Mapping[str, Any]) -> str:
    """SHA-256 of settings, hexadecimal."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _taken_up(root: Path, digest: str, settings: RunSettings) -> RunHold | None:
    if not (settings.resume or settings.retry_errors):
        return None
    for entry in _candidates(root, digest, settings.retry_errors):
        lock = _held(root, entry.id)
        if lock is not None:
            taken = replace(entry, takes=(*entry.takes, new_take()), finished="", exit_code=None)
            told = f"pet2rep: run {entry.id[:8]} of {_date(entry)} is taken up again"
            return RunHold(root=root, entry=taken, lock=lock, told=told)
    return None


def _candidates(root: Path, digest: str, also_finished: bool) -> list[RunEntry]:
    runs = [entry for entry in read_runs(root) if entry.digest == digest]
    return [entry for entry in runs if also_finished or not entry.finished]


def _new(root: Path, digest: str, settings: Mapping[str, Any]) -> RunHold:
    run = uuid.uuid4().hex
    entry = RunEntry(id=run, digest=digest, settings=settings, takes=(new_take(),))
    lock = _held(root, run)
    return RunHold(root=root, entry=entry, lock=lock)


def _why_new(root: Path, digest: str, also_finished: bool) -> str:
    busy = _candidates(root, digest, also_finished)
    if busy:
        last = busy[0].takes[-1]
        return (
            f"pet2rep: run {busy[0].id[:8]} with these settings is still going on (pid {last.pid} "
            f"on {last.host}): a new run starts"
        )
    kind = "run" if also_finished else "unfinished run"
    return f"pet2rep: there is no {kind} with these settings in {root}: a new run starts"


def _held(root: Path, run: str) -> Any:
    try:
        stamp_format(root)
        return hold_run(root, run)
    except OSError as why:
        raise _cannot_write(root, why) from why


def _written(root: Path, entry: RunEntry) -> None:
    try:
        write_run(root, entry)
    except OSError as why:
        raise _cannot_write(root, why) from why


def _cannot_write(root: Path, why: OSError) -> StoreError:
    return StoreError(
        f"cannot write the store of generations in {root}: {why}; free space there or choose "
        f"another folder with --pet2rep-store"
    )


def _date(entry: RunEntry) -> str:
    return entry.takes[0].started[:16].replace("T", " ")


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in sorted(value.items())}
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)

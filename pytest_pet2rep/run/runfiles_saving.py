"""Writing the files of a run while it happens: the plan at collection, the rest at its end.

The reporter calls ``begin`` once the items are known and ``finish`` when the run was judged.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.runfiles import (
    CASES_FILE,
    PLANNED_FILE,
    RUN_FILE,
    MissingItem,
    RunData,
    write_run,
)
from pytest_pet2rep.run.shards import Shard, ShardSet

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.run.summary import Summary
    from pytest_pet2rep.types import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Saving:
    """A run under way, whose plan is on disk."""

    folder: Path
    planned: tuple[PlannedItem, ...]
    started: str
    """UTC, ``yyyy-mm-ddThh:mm:ssZ``."""
    shard: Shard | None = None


def begin(runtime: Runtime, planned: Iterable[PlannedItem], folder: Path | None = None) -> Saving:
    """Make the folder of the run and write its plan; an earlier run in it is replaced.

    ``folder`` ``None`` is one below our cache folder, named by time and run id.  Raises
    ``StoreError`` where nothing can be written.
    """
    from pytest_pet2rep.run.runfiles_writing import write_plan

    now = time.gmtime()
    if folder is None:
        stamp = time.strftime("%Y%m%d-%H%M%S", now)
        folder = cache_folder("runs", f"{stamp}-{runtime.run_id[:8]}")
    saving = Saving(
        folder=folder,
        planned=tuple(sorted(set(planned))),
        started=time.strftime("%Y-%m-%dT%H:%M:%SZ", now),
        shard=runtime.settings.shard,
    )
    for name in (RUN_FILE, CASES_FILE):
        (folder / name).unlink(missing_ok=True)
    write_plan(folder, saving.planned, run_id=runtime.run_id, started=saving.started)
    return saving


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than a run, before any report is made.

    Raises ``UsageProblem``.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageProblem(f"the run folder {folder} is a file: name a folder")
    if folder.is_dir():
        names = {entry.name for entry in folder.iterdir()}
        if names and not names & {PLANNED_FILE, RUN_FILE}:
            raise UsageProblem(
                f"the run folder {folder} holds other files ({min(names)} ...): name a new one"
            )


def finish(
    saving: Saving,
    runtime: Runtime,
    records: Sequence[Record],
    summary: Summary,
    *,
    gates: Sequence[Mapping[str, Any]] = (),
    verdict: str = "",
    exit_code: int,
    exit_reason: str,
) -> RunData:
    """Write the whole run and return it, as ``load_run`` will.  Raises ``StoreError``."""
    run = run_data(
        saving,
        runtime,
        records,
        summary,
        gates=gates,
        verdict=verdict,
        exit_code=exit_code,
        exit_reason=exit_reason,
    )
    write_run(saving.folder, run)
    return run


def run_data(
    saving: Saving,
    runtime: Runtime,
    records: Sequence[Record],
    summary: Summary,
    *,
    gates: Sequence[Mapping[str, Any]] = (),
    verdict: str = "",
    exit_code: int = 0,
    exit_reason: str = "",
) -> RunData:
    """Put together what is stored of a run, without writing it."""
    from pytest_pet2rep.run.runfiles_texts import case_texts
    from pytest_pet2rep.run.summary_json import summary_plain

    shard = saving.shard
    return RunData(
        run_id=runtime.run_id,
        card=summary.card,
        profile=runtime.profile,
        planned=saving.planned,
        holes=_missing(summary),
        records=tuple(sorted(records, key=lambda r: (r.case, r.repeat, r.check, r.organ))),
        texts=case_texts(runtime, records),
        summary=summary_plain(summary, exit_code=exit_code, exit_reason=exit_reason),
        gates=tuple(gates),
        verdict=verdict,
        exit={"code": exit_code, "reason": exit_reason},
        timing={**summary.timing, "run_id": runtime.run_id, "started": saving.started},
        shards=ShardSet(count=shard.count, present=(shard.index,)) if shard else None,
        path=saving.folder,
    )


def _missing(summary: Summary) -> tuple[MissingItem, ...]:
    return tuple(
        MissingItem(
            item=PlannedItem(case=hole.case, check=hole.check, organ=hole.organ),
            reason=hole.reason,
        )
        for hole in summary.holes
    )

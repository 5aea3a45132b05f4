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
from pytest_pet2rep.errors import StoreError, UsageProblem
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.redaction import redacted_record
from pytest_pet2rep.run.runfiles.encoding import bare_record, item_of
from pytest_pet2rep.run.runfiles.rundata import (
    CASES_FILE,
    PLANNED_FILE,
    RUN_FILE,
    MissingItem,
    RunData,
    record_order,
)
from pytest_pet2rep.run.runfiles.writing import write_files
from pytest_pet2rep.run.shards import Shard, ShardSet
from pytest_pet2rep.types import Record

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.run.summary import Summary

NEVER_RAN = "it never ran"


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
    from pytest_pet2rep.run.runfiles.writing import write_plan

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
    try:
        for name in (RUN_FILE, CASES_FILE):
            (folder / name).unlink(missing_ok=True)
    except OSError as why:
        raise StoreError(f"the old run in {folder} cannot be replaced: {why}") from why
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
    write_files(saving.folder, run)
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
    from pytest_pet2rep.run.runfiles.texts import case_texts
    from pytest_pet2rep.run.summary_json import summary_plain

    shard, redact = saving.shard, bool(getattr(runtime.settings, "redact", False))
    if redact:
        records = [redacted_record(record) for record in records]
    return RunData(
        run_id=runtime.run_id,
        card=summary.card,
        profile=runtime.profile,
        planned=saving.planned,
        holes=_missing(saving.planned, records, summary),
        records=tuple(sorted(records, key=record_order)),
        texts=case_texts(runtime, records, redact=redact),
        floors=_floors(runtime, records),
        summary=summary_plain(
            summary, exit_code=exit_code, exit_reason=exit_reason, gates=gates, verdict=verdict
        ),
        gates=tuple(gates),
        verdict=verdict,
        exit={"code": exit_code, "reason": exit_reason},
        timing={**summary.timing, "run_id": runtime.run_id, "started": saving.started},
        shards=ShardSet(count=shard.count, present=(shard.index,)) if shard else None,
        path=saving.folder,
    )


def _missing(
    planned: Iterable[PlannedItem], records: Iterable[Record], summary: Summary
) -> tuple[MissingItem, ...]:
    reasons = {(hole.case, hole.check, hole.organ): hole.reason for hole in summary.holes}
    missing = sorted(set(planned) - {item_of(record) for record in records})
    return tuple(
        MissingItem(item=item, reason=reasons.get((item.case, item.check, item.organ), NEVER_RAN))
        for item in missing
    )


def _floors(runtime: Runtime, records: Sequence[Record]) -> dict[str, tuple[Record, ...]]:
    """Return the records of the floors, bare; they were made for the summary and are kept."""
    if not (runtime.settings.floors and records):
        return {}
    from pytest_pet2rep.run.floors import floor_records

    return {
        name: tuple(sorted(map(bare_record, found), key=record_order))
        for name, found in floor_records(runtime, records).items()
    }

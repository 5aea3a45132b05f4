"""The records of a run that has come to its end, folded into its summary."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_pet2rep.run.card import run_card, run_scoring
from pytest_pet2rep.run.floors import floor_records
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.summary import Summary, summarise
from pytest_pet2rep.types import Language, Record


def summary_of_run(
    runtime: Runtime,
    records: Sequence[Record],
    *,
    holes: Sequence[tuple[PlannedItem, str]],
    seconds: float,
) -> Summary:
    """Fold ``records`` into the summary of the run; ``holes`` are its items without a record."""
    languages = tuple(sorted({Language(record.facts["language"]) for record in records}))
    floors = floor_records(runtime, records) if runtime.settings.floors and records else {}
    return summarise(
        records,
        run_scoring(runtime, languages),
        card=run_card(runtime, records, planned=len(records) + len(holes)),
        holes=holes,
        floors=floors,
        epochs=runtime.settings.epochs,
        seconds=seconds,
    )

"""Writing run files: private, each at once or not at all, equal bytes for equal runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.runfiles.encoding import holes_plain, line_plain, planned_plain
from pytest_pet2rep.run.runfiles.rundata import (
    CASE_SCHEMA,
    CASES_FILE,
    PLANNED_FILE,
    PLANNED_SCHEMA,
    RUN_FILE,
    RUN_SCHEMA,
    CaseText,
    RunData,
    records_by_case,
)
from pytest_pet2rep.store.private_files import write_privately
from pytest_pet2rep.types import Language

SAID_ONCE = ("schema", "card", "holes", "gates", "verdict", "exit", "timing")
"""Parts of the summary that stand in ``run.json`` itself."""


def write_plan(folder: Path, planned: Iterable[PlannedItem], *, run_id: str, started: str) -> None:
    """Write ``planned.json``."""
    plain = {
        "schema": PLANNED_SCHEMA,
        "planned": planned_plain(planned),
        "timing": {"run_id": run_id, "started": started},
    }
    write_private(folder / PLANNED_FILE, canonical_json(plain))


def write_files(folder: Path, run: RunData) -> None:
    """Write the three files of a run; ``run.json`` last, so that it never stands alone."""
    write_plan(folder, run.planned, run_id=run.run_id, started=str(run.timing.get("started", "")))
    write_private(folder / CASES_FILE, "".join(_lines(run)))
    write_private(folder / RUN_FILE, canonical_json(run_plain(run)))


def run_plain(run: RunData) -> dict[str, Any]:
    """Return ``run.json`` as an object."""
    summary = {name: value for name, value in run.summary.items() if name not in SAID_ONCE}
    return {
        "schema": RUN_SCHEMA,
        "card": run.card,
        "organ_list": run.profile,
        "planned": planned_plain(run.planned),
        "holes": holes_plain(run.holes),
        "reports": len(records_by_case(run.records).keys() | run.texts.keys()),
        "shards": run.shards,
        "summary": summary,
        "gates": run.gates,
        "verdict": run.verdict,
        "exit": run.exit,
        "timing": {**run.timing, "run_id": run.run_id},
    }


def _lines(run: RunData) -> Iterator[str]:
    grouped = records_by_case(run.records)
    floors = {name: records_by_case(found) for name, found in run.floors.items()}
    for key in sorted(grouped.keys() | run.texts.keys()):
        records = grouped.get(key, [])
        text = run.texts.get(key) or CaseText(
            case=key[0],
            repeat=key[1],
            cohort=records[0].cohort,
            language=Language(records[0].facts["language"]),
        )
        mine = {name: found.get(key, []) for name, found in floors.items()}
        line = {"schema": CASE_SCHEMA, **line_plain(text, records, mine)}
        # Every digit: the statistics are added up again.
        yield canonical_json(line, indent=None, exact=True)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 below folders of mode 0700 that appears at once.

    No reader ever sees half of it, also after a crash of the machine.  Raises ``StoreError``.
    """
    try:
        write_privately(path, text.encode("utf-8"))
    except OSError as why:
        raise StoreError(
            f"{path} cannot be written ({why.strerror or why}): free space there or name another "
            f"folder"
        ) from why

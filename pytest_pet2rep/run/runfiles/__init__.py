"""A run on disk: what it is made of, and how it is read back.

A run is a folder of three files (``docs/reference/run-files.md``)::

    planned.json   the items, written at collection, before the first report is made
    cases.jsonl    one line for each report: facts, texts, and its records
    run.json       card, plan, holes, summary, gates, verdict, exit, timing

A baseline is the same in one small file without texts.  Everything that a score is computed from
is in the records, so no model, no GPU and no pytest is needed to score, gate or compare again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pet2rep.run.runfiles.rundata import (
    BASELINE_SCHEMA,
    CASE_SCHEMA,
    CASES_FILE,
    PLANNED_FILE,
    PLANNED_SCHEMA,
    RUN_FILE,
    RUN_SCHEMA,
    CaseKey,
    CaseText,
    MissingItem,
    RunData,
    record_order,
    records_by_case,
)

if TYPE_CHECKING:
    from pytest_pet2rep.run.scoreboard import Scoring

__all__ = [
    "BASELINE_SCHEMA",
    "CASES_FILE",
    "CASE_SCHEMA",
    "PLANNED_FILE",
    "PLANNED_SCHEMA",
    "RUN_FILE",
    "RUN_SCHEMA",
    "CaseKey",
    "CaseText",
    "MissingItem",
    "RunData",
    "load_run",
    "record_order",
    "records_by_case",
    "scoring_of",
    "write_run",
]


def load_run(path: Path) -> RunData:
    """Read a run: its folder, its ``run.json``, or a baseline file.

    A planned item whose record is not in the files is a hole.  Raises ``DataProblem`` in one
    sentence for what is missing, foreign, torn, or written by a newer version.
    """
    from pytest_pet2rep.run.runfiles.reading import read_run

    return read_run(path)


def write_run(folder: Path, run: RunData) -> None:
    """Write ``run`` into ``folder`` (made, mode 0700); each file appears at once, mode 0600.

    Equal runs write equal bytes outside ``timing``.  Raises ``StoreError`` where that cannot be.
    """
    from pytest_pet2rep.run.runfiles.writing import write_files

    write_files(folder, run)


def scoring_of(run: RunData) -> Scoring:
    """Return what every score of ``run`` is computed with, from its records alone.

    Text metrics keep the signature under which their statistics were made, also where the library
    behind them is another one today or is not installed.
    """
    from pytest_pet2rep.run.runfiles.scoring import stored_scoring

    return stored_scoring(run)

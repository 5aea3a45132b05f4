"""A stored run for a notebook: lists of plain rows, or data frames where pandas is installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import MissingDependency, UnknownName
from pytest_pet2rep.run.result_rows import TABLES, Row, result_rows
from pytest_pet2rep.run.runfiles import load_run

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True, slots=True)
class RunTables:
    """What a run found; docs/reference/exports.md names every column."""

    card: Mapping[str, Any]
    """What was run on what."""
    verdict: str
    exit_code: int | None
    """``None`` for a baseline, which has none."""
    items: list[Row]
    scores: list[Row]
    cases: list[Row]

    def frame(self, table: str = "items") -> DataFrame:
        """Return ``items``, ``scores`` or ``cases`` as a data frame.

        Raises ``UnknownName`` for another table, ``MissingDependency`` without pandas.
        """
        if table not in TABLES:
            raise UnknownName("table", table, TABLES)
        try:
            import pandas
        except ModuleNotFoundError as why:
            raise MissingDependency("a data frame", "pandas", "pandas") from why
        return pandas.DataFrame(getattr(self, table))


def load_tables(path: str | Path) -> RunTables:
    """Read a run folder or a baseline file.  Raises ``DataProblem``."""
    run = load_run(Path(path))
    rows = result_rows(run)
    return RunTables(
        card=run.card,
        verdict=run.verdict,
        exit_code=run.exit.get("code"),
        items=rows["items"],
        scores=rows["scores"],
        cases=rows["cases"],
    )

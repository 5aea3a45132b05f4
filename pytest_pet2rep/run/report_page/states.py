"""What the references say against what the reports say, organ by organ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.types import UNUSABLE, Record

NO_REPORT = "no_report"
_ORDER = ("increased", "decreased", "absent", "normal", "unstated", NO_REPORT)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfusionRow:
    """One expected set of states, and how often the reports said what."""

    expected: tuple[str, ...]
    counts: tuple[int, ...]
    right: tuple[bool, ...]
    """Which of the columns agree with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfusionTable:
    """One organ, or all of them (``organ`` empty)."""

    organ: str
    en: str
    zh: str
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[ConfusionRow, ...]
    wrong: int


def confusion_tables(run: RunData) -> tuple[ConfusionTable, ...]:
    """Return the table over all organs, then that of each organ of the list with a record."""
    uptake = [record for record in run.records if record.check == "uptake"]
    tables = [_table("", "", "", uptake)]
    for organ in run.profile.organs:
        mine = [record for record in uptake if record.organ == organ.id]
        if mine:
            tables.append(_table(organ.id, organ.en, organ.zh, mine))
    return tuple(tables)


def _table(organ: str, en: str, zh: str, records: Iterable[Record]) -> ConfusionTable:
    counts = Counter((_states(r.expected), _said(r)) for r in records)
    rows = sorted({pair[0] for pair in counts}, key=_place)
    columns = tuple(sorted({pair[1] for pair in counts}, key=_place))
    return ConfusionTable(
        organ=organ,
        en=en,
        zh=zh,
        columns=columns,
        rows=tuple(
            ConfusionRow(
                expected=row,
                counts=tuple(counts[row, column] for column in columns),
                right=tuple(column == row for column in columns),
            )
            for row in rows
        ),
        wrong=sum(count for (row, column), count in counts.items() if row != column),
    )


def _said(record: Record) -> tuple[str, ...]:
    return (NO_REPORT,) if record.outcome in UNUSABLE else _states(record.generated)


def _states(states: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(states, key=_ORDER.index)) or ("unstated",)


def _place(states: tuple[str, ...]) -> tuple[int, tuple[int, ...]]:
    """Sort single states first, in their order, then combinations behind their first state."""
    ranks = tuple(map(_ORDER.index, states))
    return (ranks[0], ranks)

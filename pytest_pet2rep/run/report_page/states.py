"""What the references say against what the reports say, organ by organ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.types import UNUSABLE, Record, UptakeState

NORMAL, UNSTATED = str(UptakeState.NORMAL), str(UptakeState.UNSTATED)
NO_REPORT = "no_report"
_ORDER = ("increased", "decreased", "absent", NORMAL, UNSTATED, NO_REPORT)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfusionRow:
    """One expected set of states, and how often the reports said what."""

    expected: tuple[str, ...]
    counts: tuple[int, ...]
    marks: tuple[str, ...]
    """Of each column: ``right`` where it agrees, ``silent`` where nothing abnormal was invented
    of what the reference leaves out, else empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfusionTable:
    """One organ, or all of them (``organ`` empty)."""

    organ: str
    en: str
    zh: str
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[ConfusionRow, ...]
    wrong: int
    silent: int
    """Hits of the kind ``nothing_invented``: neither wrong nor agreeing."""


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
                marks=tuple(_mark(row, column) for column in columns),
            )
            for row in rows
        ),
        wrong=sum(count for pair, count in counts.items() if not _mark(*pair)),
        silent=sum(count for pair, count in counts.items() if _mark(*pair) == "silent"),
    )


def _mark(expected: tuple[str, ...], said: tuple[str, ...]) -> str:
    if expected == (UNSTATED,):
        return "silent" if said in ((NORMAL,), (UNSTATED,)) else ""
    return "right" if expected == said else ""


def _said(record: Record) -> tuple[str, ...]:
    return (NO_REPORT,) if record.outcome in UNUSABLE else _states(record.generated)


def _states(states: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(states, key=_ORDER.index)) or (UNSTATED,)


def _place(states: tuple[str, ...]) -> tuple[int, tuple[int, ...]]:
    """Sort single states first, in their order, then combinations behind their first state."""
    ranks = tuple(map(_ORDER.index, states))
    return (ranks[0], ranks)

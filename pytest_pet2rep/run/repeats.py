"""Several epochs of one run: how often an item passes, at least once, and every time.

``pass@k`` is the share of items that pass in at least one of the k epochs, ``pass^k`` the share
that pass in all of them; the mean lies between.  A gate looks at the second: a report that is
right every other time is of no use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_pet2rep.types import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class RepeatRow:
    """Items of one kind over all epochs; shares are 0..1."""

    items: str
    """``uptake``, ``abnormal`` (those with an expected abnormal state), or ``report``."""
    count: int
    """Items that have a record in every epoch."""
    incomplete: int
    """Items that lack one in some epoch; in no share."""
    mean: float | None
    at_least_once: float | None
    """pass@k"""
    every_time: float | None
    """pass^k"""


def repeat_rows(records: Iterable[Record], epochs: int) -> tuple[RepeatRow, ...]:
    """Fold records into one row for each kind of item; nothing for a single epoch."""
    if epochs < 2:
        return ()
    uptake: dict[tuple[str, ...], list[Record]] = {}
    report: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        item = (record.cohort, record.case, record.check, record.organ)
        if record.check == "uptake":
            uptake.setdefault(item, []).append(record)
        elif record.check.startswith("report:"):
            report.setdefault(item, []).append(record)
    abnormal = {item: found for item, found in uptake.items() if _is_abnormal(found[0])}
    return (
        _row("uptake", list(uptake.values()), epochs),
        _row("abnormal", list(abnormal.values()), epochs),
        _row("report", list(report.values()), epochs),
    )


def _is_abnormal(record: Record) -> bool:
    return not {"normal", "unstated"}.intersection(record.expected)


def _row(name: str, items: Sequence[Sequence[Record]], epochs: int) -> RepeatRow:
    passed = [
        [not record.failed for record in found]
        for found in items
        if len({record.repeat for record in found}) == epochs
    ]
    count = len(passed)
    return RepeatRow(
        items=name,
        count=count,
        incomplete=len(items) - count,
        mean=sum(map(sum, passed)) / (count * epochs) if count else None,
        at_least_once=sum(map(any, passed)) / count if count else None,
        every_time=sum(map(all, passed)) / count if count else None,
    )

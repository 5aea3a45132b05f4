"""Sufficient statistics: plain counts per case, which add up over any split of the cases.

Every clinical metric first turns one case into such counts and only ever adds them; a merge of
shards, a slice and a bootstrap therefore never need the texts again.  All leaves are whole numbers,
so sums are exact and their order cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Counts = Mapping[str, Any]
"""Nested mappings (string keys) with whole numbers as leaves; JSON as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """So many events out of so many; the pair that exact binomial limits need."""

    events: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, ``None`` where there is nothing to share."""
        return self.events / self.of if self.of else None


def add_counts(parts: Iterable[Counts]) -> dict[str, Any]:
    """Add nested counts key by key; keys come out sorted.

    The sum over no parts is empty, which every aggregate takes as a cohort without cases.
    """
    total: dict[str, Any] = {}
    for part in parts:
        add_to(total, part)
    return _in_order(total)


def add_to(total: dict[str, Any], part: Counts) -> None:
    """Add ``part`` to ``total`` in place: for streams of cases."""
    for key, value in part.items():
        if isinstance(value, Mapping):
            add_to(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value


def _in_order(counts: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _in_order(value) if isinstance(value, dict) else value
        for key, value in sorted(counts.items())
    }

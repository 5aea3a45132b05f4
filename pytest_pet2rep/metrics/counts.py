"""Sufficient statistics: plain counts per case, which add up over any split of the cases.

Every clinical metric first turns one case into such counts and only ever adds them; a merge of
shards, a slice and a bootstrap therefore never need the texts again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Counts = Mapping[str, Any]
"""Nested mappings (string keys) with whole numbers or lists of numbers as leaves; JSON as it is."""


def add_counts(parts: Iterable[Counts]) -> dict[str, Any]:
    """Add nested counts key by key: numbers add, lists join; keys come out sorted.

    The sum over no parts is empty, which every aggregate takes as a cohort without cases.
    """
    total: dict[str, Any] = {}
    for part in parts:
        _add_into(total, part)
    return _in_order(total)


def _add_into(total: dict[str, Any], part: Counts) -> None:
    for key, value in part.items():
        if isinstance(value, Mapping):
            _add_into(total.setdefault(key, {}), value)
        elif isinstance(value, list):
            total[key] = total.get(key, []) + value
        else:
            total[key] = total.get(key, 0) + value


def _in_order(counts: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _in_order(value)
        if isinstance(value, dict)
        else sorted(value)
        if isinstance(value, list)
        else value
        for key, value in sorted(counts.items())
    }

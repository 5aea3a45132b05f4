"""Sharding: a run in parts, each a process or a job of its own, merged afterwards.

Cases are dealt out in the order of their ids, one to each shard in turn: disjoint, complete, and
the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pytest_pet2rep.errors import UsageProblem

_SHARD = re.compile(r"(?P<index>\d{1,6})/(?P<count>\d{1,6})")
Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """One part of a run: ``index`` of ``count``, counted from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, ordered: Sequence[Item]) -> tuple[Item, ...]:
        """Return the share of this shard; ``ordered`` is sorted by case id."""
        return tuple(ordered[self.index - 1 :: self.count])


@dataclass(frozen=True, kw_only=True, slots=True)
class ShardSet:
    """Which shards of a run are there."""

    count: int
    present: tuple[int, ...]
    """Indices from 1, sorted."""

    @property
    def missing(self) -> tuple[int, ...]:
        """Indices that are not there."""
        return tuple(i for i in range(1, self.count + 1) if i not in self.present)


def parse_shard(text: str) -> Shard:
    """Read ``3/16``.  Raises ``UsageProblem``."""
    match = _SHARD.fullmatch(text.strip())
    if match is not None:
        index, count = int(match["index"]), int(match["count"])
        if 1 <= index <= count:
            return Shard(index=index, count=count)
    raise UsageProblem(
        f"shard {text!r}: write it as INDEX/COUNT with INDEX from 1 to COUNT, e.g. 3/16"
    )


def shard_of_cases(case_ids: Iterable[str], count: int) -> dict[str, int]:
    """Return case id -> index (from 1) of the shard that it belongs to."""
    return {case: at % count + 1 for at, case in enumerate(sorted(case_ids))}

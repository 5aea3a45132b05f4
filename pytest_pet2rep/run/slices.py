"""Slices: which part of a run a number speaks of, as text and as a choice of records.

``[organ=liver,state=increased]``: conditions joined by commas, all of which must hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_pet2rep.types import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """A subset of a run; the empty one is everything."""

    organ: str = ""
    state: str = ""
    visible: bool | None = None
    language: str = ""
    sex: str = ""
    source: str = ""
    reviewed: bool = False
    scored_only: bool = False
    normal: bool | None = None
    lesion: tuple[str, float] | None = None
    """Comparison and diameter in mm: ``(">=", 15.0)``."""

    @property
    def text(self) -> str:
        """Canonical text with its brackets; empty for everything."""
        raise NotImplementedError

    def keep(self, record: Record) -> bool:
        """Say whether a record belongs to the slice, as far as one record can tell."""
        raise NotImplementedError

    def matches(self, records: Iterable[Record]) -> bool:
        """Say whether any expectation belongs to the slice; see ``estimands.expected_records``."""
        raise NotImplementedError


EVERYTHING = Slice()


def parse_slice(text: str, *, organs: Sequence[str] = ()) -> Slice:
    """Read ``[organ=liver,state=increased]`` (brackets optional).

    ``organs`` are the organs of the active list.  Raises ``UnknownName`` for a key or value that
    is not known, ``UsageProblem`` for what is no slice.
    """
    raise NotImplementedError

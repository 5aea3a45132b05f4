"""Two runs on the page: which scores moved, and what flipped, worst first."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_pet2rep.run.compare import Change, Comparison, Flip, ScoreChange
from pytest_pet2rep.run.metric_values import is_share

MOST_FLIPS = 500
"""Shown at most; the command ``pet2rep compare`` lists them all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeLine:
    """One score before and now."""

    language: str
    metric: str
    there: float | None
    here: float | None
    difference: float | None
    low: float | None
    high: float | None
    reliable: bool
    share: bool
    change: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FlipLine:
    """One item that passed in one run and failed in the other."""

    case: str
    repeat: int
    item: str
    is_organ: bool
    change: str
    risk: int
    expected: tuple[str, ...]
    there: tuple[str, ...]
    here: tuple[str, ...]
    outcome_there: str
    outcome_here: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonView:
    """One run against a baseline."""

    here: str
    there: str
    common: int
    left_out: tuple[tuple[str, int], ...]
    """Why (``new``, ``removed``, ``changed``) and how many cases."""
    differences: tuple[tuple[str, str, str, bool], ...]
    """Entry of the card, there, here, and whether it matters to the scores."""
    scores: tuple[ChangeLine, ...]
    flips: tuple[FlipLine, ...]
    more_flips: int
    worse: int
    better: int


def comparison_view(found: Comparison) -> ComparisonView:
    """Return the comparison as it is shown: worse before better, then by clinical risk."""
    flips = sorted(found.flips, key=lambda flip: flip.change is not Change.WORSE)
    cases = found.cases
    left_out = (("new", cases.new), ("removed", cases.removed), ("changed", cases.changed))
    return ComparisonView(
        here=found.here,
        there=found.there,
        common=len(cases.common),
        left_out=tuple((why, len(ids)) for why, ids in left_out if ids),
        differences=tuple(
            (each.where, str(each.there), str(each.here), each.matters)
            for each in found.differences
        ),
        scores=tuple(_change(change) for change in found.scores),
        flips=tuple(_flip(flip) for flip in flips[:MOST_FLIPS]),
        more_flips=max(0, len(flips) - MOST_FLIPS),
        worse=sum(flip.change is Change.WORSE for flip in flips),
        better=sum(flip.change is Change.BETTER for flip in flips),
    )


def _change(found: ScoreChange) -> ChangeLine:
    return ChangeLine(
        language=found.language,
        metric=found.name,
        there=found.there,
        here=found.here,
        difference=found.difference,
        low=found.low,
        high=found.high,
        reliable=found.reliable,
        share=is_share(found.name),
        change=str(found.change),
        reason=found.reason,
    )


def _flip(flip: Flip) -> FlipLine:
    return FlipLine(
        case=flip.case,
        repeat=flip.repeat,
        item=flip.organ or flip.check.partition(":")[2],
        is_organ=bool(flip.organ),
        change=str(flip.change),
        risk=flip.risk,
        expected=flip.expected,
        there=flip.said_there,
        here=flip.said_here,
        outcome_there=flip.outcome_there,
        outcome_here=flip.outcome_here,
    )

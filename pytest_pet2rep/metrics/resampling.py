"""How sure is a score: intervals, one-sided bounds and paired differences over resampled cases.

Seeded cluster bootstrap over cases, by multiplicity weights on sufficient statistics: no text is
scored twice.  Which method serves which kind of score, and how well each interval covers, is
measured by ``benchmarks/coverage.py`` and stands in ``docs/reference/statistics.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_pet2rep.metrics.resampling_statistic import (
    FEWEST_CASES,
    FEWEST_EVENTS,
    Statistic,
    StatisticKind,
)

__all__ = [
    "FEWEST_CASES", "FEWEST_EVENTS", "RESAMPLES", "Bound", "Difference", "Interval", "Side",
    "Statistic", "StatisticKind", "bound", "interval", "intervals", "p_value",
    "paired_difference", "paired_p_value",
]  # fmt: skip

RESAMPLES = 2000

Side = Literal["lower", "upper"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A two-sided interval around an observed score."""

    value: float
    """The observed score; NaN where it is unscored."""
    low: float
    high: float
    level: float
    """Nominal coverage, e.g. 0.95."""
    method: str
    """How the limits were made, e.g. ``bca``, ``exact``; empty where there are none."""
    n: int
    """Cases (clusters)."""
    events: int | None
    """Expected events of the least supported class that enters; ``None``: no class enters."""
    reliable: bool
    reason: str = ""
    """Why it is not reliable: a gate on it is undecided."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """A one-sided limit: the score is beyond it with ``confidence``."""

    value: float
    """The observed score."""
    limit: float
    side: Side
    """``lower``: the true score is at least ``limit``; ``upper``: at most."""
    confidence: float
    method: str
    n: int
    events: int | None
    reliable: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A score of this run minus that of a baseline, on the cases that both have."""

    value: float
    interval: Interval
    """Two-sided, at the printed level (0.95)."""
    lower: Bound
    """One-sided, at the confidence of gates."""
    upper: Bound
    n_common: int
    only_here: tuple[str, ...] = ()
    """Cases that the baseline lacks, sorted."""
    only_there: tuple[str, ...] = ()
    """Cases that this run lacks, sorted."""


def interval(
    statistic: Statistic,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = "auto",
) -> Interval:
    """Return the two-sided interval of one score."""
    raise NotImplementedError


def intervals(
    statistics: Sequence[Statistic],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """Return the intervals of several scores of one run, all from the same resampled cases."""
    raise NotImplementedError


def bound(
    statistic: Statistic,
    side: Side,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = "auto",
) -> Bound:
    """Return the one-sided limit that a gate judges."""
    raise NotImplementedError


def p_value(
    statistic: Statistic,
    threshold: float,
    side: Side,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = "auto",
) -> float:
    """Return the smallest alpha at which the bound at ``1 - alpha`` still clears ``threshold``.

    ``side="lower"`` tests "the score is above the threshold", ``upper`` "below".
    """
    raise NotImplementedError


def paired_difference(
    this: Statistic,
    baseline: Statistic,
    *,
    confidence: float = 0.95,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = "auto",
) -> Difference:
    """Return this run's score minus the baseline's over the common cases, resampled together."""
    raise NotImplementedError


def paired_p_value(
    this: Statistic,
    baseline: Statistic,
    threshold: float,
    side: Side,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = "auto",
) -> float:
    """Return the p-value of "the difference is beyond ``threshold``", as in ``p_value``."""
    raise NotImplementedError

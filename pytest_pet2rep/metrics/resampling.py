"""How sure is a score: intervals, one-sided bounds and paired differences over resampled cases.

Seeded cluster bootstrap over cases, by multiplicity weights on sufficient statistics: no text is
scored twice.  Which method serves which kind of score, and how well each interval covers, is
measured by ``benchmarks/coverage.py`` and stands in ``docs/reference/statistics.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pytest_pet2rep.metrics.intervals_evidence import Evidence, Method
from pytest_pet2rep.metrics.intervals_holm import holm
from pytest_pet2rep.metrics.resampling_draws import replicates
from pytest_pet2rep.metrics.resampling_statistic import (
    FEWEST_CASES,
    FEWEST_EVENTS,
    Numbers,
    Statistic,
    StatisticKind,
    difference,
)

__all__ = [
    "FEWEST_CASES", "FEWEST_EVENTS", "RESAMPLES", "Bound", "Difference", "Interval", "Method",
    "Side", "Statistic", "StatisticKind", "bound", "difference", "holm", "interval", "intervals",
    "p_value", "paired_difference", "paired_p_value",
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

    def plain(self) -> dict[str, Any]:
        """Return it for JSON, which knows no NaN and no infinity: such numbers are ``None``."""
        return _plain(self)


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

    def plain(self) -> dict[str, Any]:
        """Return it for JSON, as ``Interval.plain``."""
        return _plain(self)


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

    def plain(self) -> dict[str, Any]:
        """Return it for JSON, as ``Interval.plain``."""
        return {
            "value": _finite(self.value),
            "interval": self.interval.plain(),
            "lower": self.lower.plain(),
            "upper": self.upper.plain(),
            "n_common": self.n_common,
            "only_here": list(self.only_here),
            "only_there": list(self.only_there),
        }


def interval(
    statistic: Statistic,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = Method.AUTO,
    two_stage: bool = False,
) -> Interval:
    """Return the two-sided interval of one score.

    ``method`` is one of ``Method``; ``two_stage`` draws repeats again inside the drawn cases.
    """
    _check(confidence)
    evidence = Evidence(
        statistic=statistic,
        method=Method(method),
        resamples=resamples,
        seed=seed,
        two_stage=two_stage,
    )
    return _interval(evidence, confidence)


def intervals(
    statistics: Sequence[Statistic],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """Return the intervals of several scores of one run, all from the same resampled cases.

    Equal to ``interval`` of each, in a fraction of the time.
    """
    _check(confidence)
    together: dict[tuple[str, ...], list[int]] = {}
    for at, statistic in enumerate(statistics):
        if len(statistic.cases):
            together.setdefault(statistic.cases, []).append(at)
    drawn: dict[int, Numbers] = {}
    for members in together.values():
        found = replicates([statistics[at] for at in members], resamples=resamples, seed=seed)
        drawn |= {at: found[:, column] for column, at in enumerate(members)}
    return tuple(
        _interval(
            Evidence(statistic=each, resamples=resamples, seed=seed, drawn=drawn.get(at)),
            confidence,
        )
        for at, each in enumerate(statistics)
    )


def bound(
    statistic: Statistic,
    side: Side,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = Method.AUTO,
    two_stage: bool = False,
) -> Bound:
    """Return the one-sided limit that a gate judges."""
    _check(confidence)
    evidence = Evidence(
        statistic=statistic,
        method=Method(method),
        resamples=resamples,
        seed=seed,
        two_stage=two_stage,
    )
    return _bound(evidence, side, confidence)


def p_value(
    statistic: Statistic,
    threshold: float,
    side: Side,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = Method.AUTO,
) -> float:
    """Return the smallest alpha at which the bound at ``1 - alpha`` still clears ``threshold``.

    ``side="lower"`` tests "the score is above the threshold", ``upper`` "below".
    """
    evidence = Evidence(statistic=statistic, method=Method(method), resamples=resamples, seed=seed)
    return evidence.p_value(threshold, above=side == "lower")


def paired_difference(
    this: Statistic,
    baseline: Statistic,
    *,
    confidence: float = 0.95,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = Method.AUTO,
    two_stage: bool = False,
) -> Difference:
    """Return this run's score minus the baseline's over the common cases, resampled together.

    ``confidence`` is that of the one-sided bounds, ``level`` that of the printed interval.  With
    fewer than ``FEWEST_CASES`` cases in which the runs differ, limits come from the exact share of
    such cases: two equal runs are equal within a stated distance, not beyond any doubt.
    """
    _check(confidence)
    _check(level)
    evidence = Evidence(
        statistic=difference(this, baseline),
        method=Method(method),
        resamples=resamples,
        seed=seed,
        two_stage=two_stage,
    )
    return Difference(
        value=evidence.value,
        interval=_interval(evidence, level),
        lower=_bound(evidence, "lower", confidence),
        upper=_bound(evidence, "upper", confidence),
        n_common=len(evidence.statistic.cases),
        only_here=tuple(sorted(set(this.cases) - set(baseline.cases))),
        only_there=tuple(sorted(set(baseline.cases) - set(this.cases))),
    )


def paired_p_value(
    this: Statistic,
    baseline: Statistic,
    threshold: float,
    side: Side,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: str = Method.AUTO,
) -> float:
    """Return the p-value of "the difference is beyond ``threshold``", as in ``p_value``."""
    both = difference(this, baseline)
    return p_value(both, threshold, side, resamples=resamples, seed=seed, method=method)


def _interval(evidence: Evidence, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    return Interval(
        value=evidence.value,
        low=evidence.limit(tail, upper=False),
        high=evidence.limit(tail, upper=True),
        level=confidence,
        method=str(evidence.used),
        n=len(evidence.statistic.cases),
        events=evidence.statistic.events,
        reliable=not evidence.reason,
        reason=evidence.reason,
    )


def _bound(evidence: Evidence, side: Side, confidence: float) -> Bound:
    return Bound(
        value=evidence.value,
        limit=evidence.limit(1 - confidence, upper=side == "upper"),
        side=side,
        confidence=confidence,
        method=str(evidence.used),
        n=len(evidence.statistic.cases),
        events=evidence.statistic.events,
        reliable=not evidence.reason,
        reason=evidence.reason,
    )


def _plain(found: Interval | Bound) -> dict[str, Any]:
    return {name: _finite(value) for name, value in asdict(found).items()}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _check(confidence: float) -> None:
    if not 0.5 < confidence < 1:
        raise ValueError(f"confidence {confidence}: must lie between 0.5 and 1")

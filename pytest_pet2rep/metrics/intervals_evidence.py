"""What is known of one score beside its value, and the limit that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from pytest_pet2rep.metrics.intervals_limits import (
    bca_limit,
    degrees_of_freedom,
    percentile_limit,
    plain_bca_limit,
    student_limit,
)
from pytest_pet2rep.metrics.intervals_rates import design_effect, exact_limit, wilson_limit
from pytest_pet2rep.metrics.resampling_draws import (
    leave_one_out,
    replicates,
    two_stage_replicates,
)
from pytest_pet2rep.metrics.resampling_statistic import (
    FEWEST_CASES,
    FEWEST_EVENTS,
    Numbers,
    Statistic,
)

MOST_UNDEFINED = 0.01
"""Share of resamples without a score up to which they are left out silently."""
AT_EDGE = 1e-3
"""Share of the range of a score within which every case must be to be taken for perfect (wrong)."""
NOTHING = 1e-12
"""Rounding: a score that moves by no more than this does not move."""


class Method(StrEnum):
    """How limits are made."""

    AUTO = "auto"
    """What the coverage study found best: ``wilson`` for rates, else ``percentile``; ``exact`` at
    the edges, ``exact_share`` where two runs differ in next to no case."""
    PERCENTILE = "percentile"
    BCA = "bca"
    PLAIN_BCA = "plain_bca"
    STUDENT = "student"
    WILSON = "wilson"
    EXACT = "exact"
    EXACT_SHARE = "exact_share"
    NONE = ""
    """There are no limits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """One score with its resampled and leave-one-out values, made when they are asked for."""

    statistic: Statistic
    method: Method = Method.AUTO
    resamples: int = 2000
    seed: int = 0
    two_stage: bool = False
    """Draw the repeats of a drawn case again too."""
    drawn: Numbers | None = None
    """Resampled scores, where they have been made together with others."""

    @cached_property
    def value(self) -> float:
        return self.statistic.observed

    @cached_property
    def left_out(self) -> Numbers:
        return leave_one_out(self.statistic)

    @cached_property
    def replicates(self) -> Numbers:
        """Resampled scores, sorted, NaN last."""
        return np.sort(self._drawn())

    def _drawn(self) -> Numbers:
        if self.drawn is not None:
            return self.drawn
        if self.two_stage and self.statistic.repeats is not None:
            return two_stage_replicates(self.statistic, resamples=self.resamples, seed=self.seed)
        return replicates([self.statistic], resamples=self.resamples, seed=self.seed)[:, 0]

    @cached_property
    def used(self) -> Method:
        """The method that the limits are made by."""
        if math.isnan(self.value):
            return Method.NONE
        if self._few_differ:
            return Method.EXACT_SHARE if self._bounded else Method.NONE
        if self._edge is not None:
            return Method.EXACT
        if self._flat:
            return Method.NONE
        if self.method is not Method.AUTO:
            return self.method
        if len(self.statistic.cases) < FEWEST_CASES and not self.statistic.rate:
            return Method.NONE
        return Method.WILSON if self.statistic.rate else Method.PERCENTILE

    @cached_property
    def reason(self) -> str:
        """Why a gate on it is undecided; empty for a reliable score."""
        statistic, n = self.statistic, len(self.statistic.cases)
        if math.isnan(self.value):
            return "unscored"
        if statistic.events is not None and statistic.events < FEWEST_EVENTS:
            return (
                f"{statistic.events} expected events of its least supported class, "
                f"fewer than {FEWEST_EVENTS}"
            )
        if self.used is Method.NONE:
            few = n < FEWEST_CASES
            return f"{n} cases, fewer than {FEWEST_CASES}" if few else "the same value in all cases"
        if self._resampled and (share := float(np.isnan(self.replicates).mean())) > MOST_UNDEFINED:
            return f"undefined in {share:.0%} of the resamples"
        return ""

    def limit(self, tail: float, *, upper: bool) -> float:
        """Return the limit that the true score is beyond with probability ``tail``."""
        low, high = self.statistic.bounds
        if self.used is Method.NONE:
            return math.nan if math.isnan(self.value) else (high if upper else low)
        if self.used is Method.EXACT_SHARE:
            return self._share_limit(tail, upper=upper)
        if self.used is Method.EXACT:
            return self._exact_limit(tail, upper=upper)
        found = float(self._smooth_limit(tail, upper=upper))
        return min(max(found, low), high)

    def p_value(self, threshold: float, *, above: bool) -> float:
        """Return the smallest tail whose lower (upper) limit is above (below) ``threshold``.

        Found by bisection to 1e-6; never below the 1 / resamples that a bootstrap can see.
        """
        if self.used is Method.NONE:
            return 1.0
        least = 1 / self.resamples if self._resampled else 1e-9
        low, high = least, 1 - least

        def clears(tail: float) -> bool:
            limit = self.limit(tail, upper=not above)
            return limit > threshold if above else limit < threshold

        if clears(low):
            return low
        if not clears(high):
            return 1.0
        while high - low > 1e-6:
            middle = (low + high) / 2
            low, high = (low, middle) if clears(middle) else (middle, high)
        return high

    @property
    def _resampled(self) -> bool:
        return self.used in (Method.PERCENTILE, Method.BCA, Method.PLAIN_BCA)

    @cached_property
    def _differing(self) -> int:
        """Cases in which two runs differ by something that the score sees."""
        differs = self.statistic.differs
        if differs is None or (self._flat and abs(self.value) <= NOTHING):
            return 0
        moved = len(differs) if self._flat else int((self._moves > NOTHING).sum())
        return min(moved, int(differs.sum()))

    @property
    def _few_differ(self) -> bool:
        """Two runs that differ in next to no case, or in all of them by the same."""
        if self.statistic.differs is None:
            return False
        return self._flat or self._differing < FEWEST_CASES

    @cached_property
    def _moves(self) -> Numbers:
        """How far the score is without each case from the score of all."""
        return np.nan_to_num(abs(self.left_out - self.value), nan=0.0)

    @property
    def _bounded(self) -> bool:
        return all(map(math.isfinite, self.statistic.bounds))

    @cached_property
    def _flat(self) -> bool:
        """No case moves the score: a bootstrap would have no width."""
        return bool(self._moves.max(initial=0.0) <= NOTHING)

    @cached_property
    def _edge(self) -> float | None:
        """The lowest or highest value of the score, where every single case has it (nearly).

        What a case has is its pseudo-value; METEOR of identical texts is not exactly 1.
        """
        n = len(self.left_out)
        own = self.value + (n - 1) * (self.value - self.left_out)
        low, high = self.statistic.bounds
        if not self._bounded or self.statistic.differs is not None:
            return None
        own = own[np.isfinite(own)]
        near = [e for e in (low, high) if (abs(own - e) <= AT_EDGE * (high - low)).all()]
        return near[0] if near and own.size else None

    def _smooth_limit(self, tail: float, *, upper: bool) -> Numbers:
        value = np.asarray(self.value)
        if self.used is Method.WILSON:
            events, of = self.statistic.sums[:, 0], self.statistic.sums[:, 1]
            if of.max() <= 1:  # the items are the cases: nothing is left to be estimated
                return wilson_limit(value, of.sum(), tail, upper=upper)
            deff, df = design_effect(events, of), degrees_of_freedom(self.left_out)
            return wilson_limit(value, of.sum(), tail, upper=upper, deff=deff, df=df)
        if self.used is Method.BCA:
            return bca_limit(self.replicates, value, self.left_out, tail, upper=upper)
        if self.used is Method.PLAIN_BCA:
            return plain_bca_limit(self.replicates, value, self.left_out, tail, upper=upper)
        if self.used is Method.STUDENT:
            return student_limit(value, self.left_out, tail, upper=upper)
        df = degrees_of_freedom(self.left_out)
        return percentile_limit(self.replicates, tail, df, upper=upper)

    def _exact_limit(self, tail: float, *, upper: bool) -> float:
        """Binomial limit: of a rate as such, at the edge of any other score over its carriers.

        All m cases are at the edge, so with confidence 1 - tail a share of at most
        1 - tail^(1/m) of others is not; each of those is at worst at the other edge.
        """
        if self._edge is None:
            events, of = self.statistic.sums.sum(axis=0)[:2]
            return exact_limit(events, of, tail, upper=upper)
        return self._beyond(exact_limit(0, self.statistic.carriers, tail, upper=True), upper)

    def _beyond(self, share: float, upper: bool) -> float:
        """Return the score if a ``share`` of cases were at its highest (lowest) value instead."""
        end = self.statistic.bounds[1 if upper else 0]
        return end if end == self._edge else self.value + share * (end - self.value)

    def _share_limit(self, tail: float, *, upper: bool) -> float:
        """Limit from the share of cases that differ (from each other), each at worst by all."""
        if self._flat:
            share = exact_limit(0, self.statistic.carriers, tail, upper=True)
            return self._beyond(share, upper)
        count = self._differing
        share = exact_limit(count, max(self.statistic.carriers, count), tail, upper=True)
        reach = share * self.statistic.bounds[1]
        return max(self.value, reach) if upper else min(self.value, -reach)

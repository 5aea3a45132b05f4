"""Limits of many simulated runs at once, by the functions that the product uses for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt

from pytest_pet2rep.metrics.intervals_limits import (
    bca_limit,
    degrees_of_freedom,
    percentile_limit,
    plain_bca_limit,
    student_limit,
)
from pytest_pet2rep.metrics.intervals_rates import design_effect, exact_limit, wilson_limit
from pytest_pet2rep.metrics.resampling_draws import case_weights

Numbers = npt.NDArray[np.float64]
Value = Callable[[Numbers], Numbers]
RESAMPLES, SEED, BATCH = 1000, 0, 250
"""Half the product's resamples: fewer only add noise to the limits."""


class Batch:
    """Some simulated cohorts, resampled once for all scores; ``sums`` is (sims, cases, k)."""

    def __init__(self, sums: Numbers) -> None:
        self.sums = sums
        self.whole = sums.sum(axis=1)
        sims, cases, width = sums.shape
        columns = sums.astype(np.float32).transpose(1, 0, 2).reshape(cases, sims * width)
        # float32 keeps these whole numbers as they are.
        self.resampled = (_weights(cases) @ columns).reshape(RESAMPLES, sims, width)

    def limits(self, part: Value, value: Value, *, rate: bool) -> Limits:
        """Limits of the score ``value`` of the columns that ``part`` picks out."""
        return Limits(self, part, value, rate=rate)


class Limits:
    """Limits of one score for each simulated cohort."""

    def __init__(self, batch: Batch, part: Value, value: Value, *, rate: bool) -> None:
        self.sums = part(batch.sums)
        whole = part(batch.whole)
        self.value = value(whole)
        self.left_out = value(whole[:, None] - self.sums).T
        drawn = None if rate else value(part(batch.resampled).astype(np.float64))
        self.replicates = np.empty((0, 0)) if drawn is None else np.sort(drawn, axis=0)
        self.df = degrees_of_freedom(self.left_out)
        self._rate = rate

    def limit(self, method: str, tail: float, *, upper: bool) -> Numbers:
        """Limits at one tail, shape (sims,)."""
        if method == "auto":
            method = "wilson" if self._rate else "percentile"
        if method == "wilson":
            return self._wilson(tail, upper=upper)
        if method == "percentile":
            return percentile_limit(self.replicates, tail, self.df, upper=upper)
        if method == "plain_percentile":
            return self.replicates[round((RESAMPLES - 1) * (1 - tail if upper else tail))]
        if method == "student":
            return student_limit(self.value, self.left_out, tail, upper=upper)
        function = {"bca": bca_limit, "plain_bca": plain_bca_limit}[method]
        return function(self.replicates, self.value, self.left_out, tail, upper=upper)

    def _wilson(self, tail: float, *, upper: bool) -> Numbers:
        events, of = self.sums[..., 0].T, self.sums[..., 1].T
        deff = design_effect(events, of)
        found = wilson_limit(self.value, of.sum(axis=0), tail, upper=upper, deff=deff, df=self.df)
        for sim in np.flatnonzero((self.value == 0) | (self.value == 1)):
            carriers = int((of[:, sim] > 0).sum())
            all_ = self.value[sim] == 1
            found[sim] = exact_limit(carriers if all_ else 0, carriers, tail, upper=upper)
        return found


@cache
def _weights(cases: int) -> npt.NDArray[np.float32]:
    return np.concatenate(list(case_weights(cases, RESAMPLES, SEED))).astype(np.float32)


def batches(sims: int) -> Iterator[int]:
    """Sizes of the batches that ``sims`` simulations are run in."""
    for start in range(0, sims, BATCH):
        yield min(BATCH, sims - start)

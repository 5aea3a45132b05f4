"""Limits of many simulated runs at once, by the functions that the product uses for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from pytest_pet2rep.metrics.intervals_limits import (
    bca_limit,
    degrees_of_freedom,
    percentile_limit,
    plain_bca_limit,
    student_limit,
)
from pytest_pet2rep.metrics.intervals_rates import effective_size, exact_limit, wilson_limit
from pytest_pet2rep.metrics.resampling_draws import case_weights

Numbers = npt.NDArray[np.float64]
Value = Callable[[Numbers], Numbers]
RESAMPLES, SEED, BATCH = 1000, 0, 250
"""Half the product's resamples: fewer only add noise to the limits."""


class Limits:
    """Limits of ``value`` for each simulated run; ``sums`` has shape (sims, cases, k)."""

    def __init__(self, sums: Numbers, value: Value, *, rate: bool, resampled: bool = True) -> None:
        self.value = value(sums.sum(axis=1))
        whole = sums.sum(axis=1, keepdims=True)
        self.left_out = value(whole - sums).T
        self.replicates = np.sort(_replicates(sums, value), axis=0) if resampled else sums[:0, 0]
        self._df = degrees_of_freedom(self.left_out)
        self._rate = rate
        self._sums = sums

    def limit(self, method: str, tail: float, *, upper: bool) -> Numbers:
        """Limits at one tail, shape (sims,)."""
        df = self._df
        if method == "auto":
            method = "wilson" if self._rate else "percentile"
        if method == "wilson":
            return self._wilson(tail, df, upper=upper)
        if method == "percentile":
            return percentile_limit(self.replicates, tail, df, upper=upper)
        if method == "plain_percentile":
            return self.replicates[round((RESAMPLES - 1) * (1 - tail if upper else tail))]
        if method == "student":
            return student_limit(self.value, self.left_out, tail, upper=upper)
        function = {"bca": bca_limit, "plain_bca": plain_bca_limit}[method]
        return function(self.replicates, self.value, self.left_out, tail, upper=upper)

    def _wilson(self, tail: float, df: Numbers, *, upper: bool) -> Numbers:
        events, of = self._sums[..., 0].T, self._sums[..., 1].T
        size = effective_size(events, of)
        found = wilson_limit(self.value, size, tail, df, upper=upper)
        for sim in np.flatnonzero((self.value == 0) | (self.value == 1)):
            carriers = int((of[:, sim] > 0).sum())
            all_ = self.value[sim] == 1
            found[sim] = exact_limit(carriers if all_ else 0, carriers, tail, upper=upper)
        return found


def _replicates(sums: Numbers, value: Value) -> Numbers:
    """Scores of resampled cases, shape (resamples, sims); float32 keeps these whole numbers."""
    sims, cases, width = sums.shape
    columns = sums.astype(np.float32).transpose(1, 0, 2).reshape(cases, sims * width)
    found = []
    for weights in case_weights(cases, RESAMPLES, SEED):
        product = weights.astype(np.float32) @ columns
        found.append(value(product.reshape(-1, sims, width).astype(np.float64)))
    return np.concatenate(found)


def batches(sims: int) -> Iterator[int]:
    """Sizes of the batches that ``sims`` simulations are run in."""
    for start in range(0, sims, BATCH):
        yield min(BATCH, sims - start)

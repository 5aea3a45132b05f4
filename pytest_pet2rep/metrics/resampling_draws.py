"""Resampled cases as multiplicity weights: sums of a resample are one matrix product.

The same seed draws the same cases for every score of a cohort, so scores of one run, and of two
runs on the same cases, are resampled together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pytest_pet2rep.metrics.resampling_statistic import Numbers, Statistic

BLOCK = 1 << 21
"""Weights that are held at once: 16 MB of float64."""


def case_weights(n: int, resamples: int, seed: int) -> Iterator[Numbers]:
    """Yield how often each of ``n`` cases was drawn, blocks of shape (rows, n).

    The blocks add up to ``resamples`` rows; each row sums to ``n``.
    """
    rng = np.random.default_rng(seed)
    rows = max(1, min(resamples, BLOCK // max(n, 1)))
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        drawn = rng.integers(0, n, size=(count, n))
        drawn += n * np.arange(count)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=count * n)
        yield weights.reshape(count, n).astype(np.float64)


def replicates(statistics: Sequence[Statistic], *, resamples: int, seed: int) -> Numbers:
    """Return the scores of resampled cases, shape (resamples, statistics).

    All statistics must be of the same cases in the same order; NaN where a score is undefined.
    """
    ends = np.cumsum([0, *(statistic.sums.shape[1] for statistic in statistics)])
    together = np.concatenate([statistic.sums for statistic in statistics], axis=1)
    found = []
    for weights in case_weights(len(together), resamples, seed):
        sums = weights @ together
        found.append(
            np.stack(
                [
                    statistic.value(sums[:, start:end])
                    for statistic, start, end in zip(statistics, ends, ends[1:], strict=False)
                ],
                axis=1,
            )
        )
    return np.concatenate(found)


def two_stage_replicates(statistic: Statistic, *, resamples: int, seed: int) -> Numbers:
    """Return scores where repeats are drawn again inside every drawn case, shape (resamples,).

    A case drawn twice brings twice its number of repeats, each drawn from all of its repeats.
    Raises ``ValueError`` for a statistic without ``repeats``.
    """
    if statistic.repeats is None:
        raise ValueError(f"{statistic.name}: has no repeats to draw from")
    cases, repeats, width = statistic.repeats.shape
    units = statistic.repeats.reshape(cases * repeats, width)
    rng = np.random.default_rng([seed, repeats])
    found = []
    for weights in case_weights(cases, resamples, seed):
        times = weights.astype(np.int64) * repeats
        drawn = rng.multinomial(times, np.full(repeats, 1 / repeats))
        found.append(statistic.value(drawn.reshape(len(weights), -1).astype(np.float64) @ units))
    return np.concatenate(found)


def leave_one_out(statistic: Statistic) -> Numbers:
    """Return the scores without each case in turn, shape (cases,)."""
    return statistic.value(statistic.sums.sum(axis=0) - statistic.sums)

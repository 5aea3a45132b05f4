"""The intervals that a user sees cover a known truth, and gates err as often as they may.

A small copy of ``benchmarks/coverage.py`` that goes through the public functions alone.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pytest_pet2rep.metrics.intervals_power import case_spread, detectable
from pytest_pet2rep.metrics.resampling import (
    Statistic,
    difference,
    interval,
    paired_difference,
)
from pytest_pet2rep.metrics.resampling_values import ratio

pytestmark = pytest.mark.slow

SIMS, CASES, HIT, RHO = 1500, 80, 0.7, 0.2


def runs(rng: np.random.Generator, hits: tuple[float, ...], cases: int = CASES) -> list[Statistic]:
    """Draw runs on the same cases: expected findings found by the chance of their case."""
    size = (1 - RHO) / RHO
    of = rng.binomial(19, 0.1, cases)
    chance = rng.beta(HIT * size, (1 - HIT) * size, cases)
    made = []
    for hit in hits:
        found = rng.binomial(of, chance * hit / HIT)
        sums = np.stack([found, of], axis=1).astype(np.float64)
        names = tuple(f"c{at}" for at in range(cases))
        made.append(Statistic(name="recall", cases=names, sums=sums, value=ratio, rate=True))
    return made


def assert_share(count: int, low: float, high: float) -> None:
    """The true share lies between ``low`` and ``high`` unless one in ten thousand is met."""
    assert stats.binomtest(count, SIMS, high, alternative="greater").pvalue > 1e-4
    assert stats.binomtest(count, SIMS, low, alternative="less").pvalue > 1e-4


@pytest.mark.parametrize("method", ["auto", "percentile", "bca", "student"])
def test_an_interval_of_95_per_cent_covers_about_that_often(method: str) -> None:
    rng, covered = np.random.default_rng(1), 0
    for _ in range(SIMS):
        (run,) = runs(rng, (HIT,))
        found = interval(run, resamples=1000, method=method)
        covered += found.low <= HIT <= found.high
    assert_share(covered, 0.93, 0.97)


def test_a_run_that_is_worse_by_its_margin_passes_at_most_as_often_as_it_may() -> None:
    rng, passed = np.random.default_rng(2), 0
    for _ in range(SIMS):
        worse, base = runs(rng, (HIT - 0.05, HIT))
        passed += paired_difference(worse, base, resamples=1000).lower.limit > -0.05
    assert_share(passed, 0.035, 0.06)


def test_two_equal_runs_fail_at_the_nominal_rate_and_pass_as_often_as_planned() -> None:
    rng, failed, passed = np.random.default_rng(3), 0, 0
    spread = case_spread(difference(*runs(rng, (HIT, HIT), cases=20_000)))
    margin = detectable(spread, CASES)
    for _ in range(SIMS):
        one, other = runs(rng, (HIT, HIT))
        found = paired_difference(one, other, resamples=1000)
        failed += found.upper.limit < 0
        passed += found.lower.limit > -margin
    assert_share(failed, 0.04, 0.06)
    assert_share(passed, 0.77, 0.83)


def sampled(rng: np.random.Generator, of: np.ndarray, chance: np.ndarray) -> Statistic:
    """Draw one run of three repeats of every case."""
    found = rng.binomial(of[:, None], chance[:, None], (len(of), 3))
    rows = np.stack([found, np.broadcast_to(of[:, None], found.shape)], axis=2).astype(np.float64)
    names = tuple(f"c{at}" for at in range(len(of)))
    return Statistic(name="recall", cases=names, sums=rows.sum(axis=1), value=ratio, repeats=rows)


def test_cases_hold_the_scatter_of_their_repeats_and_a_second_level_adds_to_it() -> None:
    """Two equal runs differ by nothing but their repeats: the hardest case for a second level."""
    rng, size = np.random.default_rng(4), (1 - RHO) / RHO
    covered = {False: 0, True: 0}
    sims = 400
    for _ in range(sims):
        of = rng.binomial(19, 0.1, CASES)
        chance = rng.beta(HIT * size, (1 - HIT) * size, CASES)
        one, other = sampled(rng, of, chance), sampled(rng, of, chance)
        for two_stage in covered:
            found = paired_difference(one, other, resamples=500, two_stage=two_stage).interval
            covered[two_stage] += found.low <= 0 <= found.high
    assert stats.binomtest(covered[False], sims, 0.93, alternative="less").pvalue > 1e-4
    assert stats.binomtest(covered[False], sims, 0.97, alternative="greater").pvalue > 1e-4
    assert covered[True] > covered[False]

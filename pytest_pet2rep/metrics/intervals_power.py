"""Planning: what a gate can see with so many cases, and how many cases it takes to see more.

Normal theory on the scale of one case: the standard error of a score over n cases is
``spread / sqrt(n)``, where the *spread* is the standard deviation of the influence of a case.  It
comes from an earlier run, or from a rate and an intraclass correlation that are stated.  How well
the plan is kept is measured by ``benchmarks/coverage.py``.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri

from pytest_pet2rep.metrics.intervals_limits import (
    degrees_of_freedom,
    expanded_quantile,
    jackknife_error,
)
from pytest_pet2rep.metrics.intervals_rates import exact_limit
from pytest_pet2rep.metrics.resampling_draws import leave_one_out
from pytest_pet2rep.metrics.resampling_statistic import Statistic, difference

MOST_CASES = 10**7
"""Beyond this many cases a plan says that it cannot be done."""


class Spread(float):
    """A spread, in units of the score, that knows how many of the cases decide.

    ``decisive`` are the degrees of freedom for each case: 1 where all cases matter alike, less
    where few do.  Limits are wider then, so a gate sees less.
    """

    decisive: float

    def __new__(cls, value: float, decisive: float = 1.0) -> Spread:
        made = super().__new__(cls, value)
        made.decisive = decisive
        return made


def case_spread(statistic: Statistic) -> Spread:
    """Return the spread of a score from an earlier run.

    NaN where the score is undefined or there are fewer than two cases.
    """
    n = len(statistic.cases)
    if n < 2 or math.isnan(statistic.observed):
        return Spread(math.nan)
    left_out = leave_one_out(statistic)
    decisive = float(degrees_of_freedom(left_out)) / n
    return Spread(float(jackknife_error(left_out)) * math.sqrt(n), min(decisive, 1.0))


def paired_spread(this: Statistic, baseline: Statistic) -> Spread:
    """Return the spread of the difference of two earlier runs on their common cases."""
    return case_spread(difference(this, baseline))


def stated_spread(spread: float, correlation: float) -> Spread:
    """Return the spread of a difference of two runs of equal ``spread``.

    ``correlation`` is that of the influence of a case in the one and the other run, -1 to 1.
    """
    if not -1 <= correlation <= 1:
        raise ValueError(f"correlation {correlation}: must lie between -1 and 1")
    return Spread(spread * math.sqrt(2 * (1 - correlation)), _decisive(spread))


def rate_spread(rate: float, *, per_case: float, correlation: float) -> Spread:
    """Return the spread of a rate over ``per_case`` items a case.

    ``correlation`` is the intraclass correlation of the items of a case: the variance of a mean of
    m items is p (1 - p) (1 + (m - 1) rho) / m (Kish, Survey Sampling, 1965).
    """
    if not 0 <= rate <= 1 or per_case <= 0:
        raise ValueError(f"rate {rate}, {per_case} items a case: not a rate over items")
    design = 1 + max(per_case - 1, 0) * correlation
    return Spread(math.sqrt(rate * (1 - rate) * design / per_case))


def detectable(spread: float, n: int, *, power: float = 0.8, confidence: float = 0.95) -> float:
    """Return the smallest true distance from its threshold that a one-sided gate decides.

    In units of the score; infinite with fewer than two cases.
    """
    if n < 2:
        return math.inf
    return (_quantile(confidence, n, spread) + float(ndtri(power))) * spread / math.sqrt(n)


def cases_needed(
    spread: float, distance: float, *, power: float = 0.8, confidence: float = 0.95
) -> int | None:
    """Return how many cases it takes to decide a true ``distance`` from the threshold.

    ``None`` where not even ``MOST_CASES`` do.
    """
    if distance <= 0 or detectable(spread, MOST_CASES, power=power, confidence=confidence) > (
        distance
    ):
        return None
    low, high = 1, MOST_CASES
    while high - low > 1:
        middle = (low + high) // 2
        enough = detectable(spread, middle, power=power, confidence=confidence) <= distance
        low, high = (low, middle) if enough else (middle, high)
    return high


def power_at(spread: float, n: int, distance: float, *, confidence: float = 0.95) -> float:
    """Return the chance that a one-sided gate over ``n`` cases decides a true ``distance``.

    ``distance`` is negative on the wrong side of the threshold; at 0 it is about 1 - confidence.
    """
    if n < 2:
        return 0.0
    if spread <= 0:
        return 1.0 if distance > 0 else 0.0
    return float(ndtr(distance * math.sqrt(n) / spread - _quantile(confidence, n, spread)))


def edge_limit(
    cases: int, *, side: str, bounds: tuple[float, float] = (0.0, 1.0), confidence: float = 0.95
) -> float:
    """Return the bound of a run whose ``cases`` are all perfect (all wrong).

    ``lower`` is the highest lower bound that any run can reach, ``upper`` the lowest upper bound:
    a gate beyond it can never pass on this cohort.
    """
    low, high = bounds
    reach = (high - low) * exact_limit(0, cases, 1 - confidence, upper=True)
    return high - reach if side == "lower" else low + reach


def _quantile(confidence: float, n: int, spread: float) -> float:
    """Return the expanded quantile of the bound, as in ``intervals_limits``."""
    df = max(1.0, min(_decisive(spread) * n, n - 1.0))
    return float(-expanded_quantile(1 - confidence, np.asarray(df)))


def _decisive(spread: float) -> float:
    return spread.decisive if isinstance(spread, Spread) else 1.0

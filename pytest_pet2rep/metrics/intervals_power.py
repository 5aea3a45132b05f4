"""Planning: what a gate can see with so many cases, and how many cases it takes to see more.

A normal approximation on the scale of one case: the standard error of a score over n cases is
``spread / sqrt(n)``, where ``spread`` is the standard deviation of the influence of a case.
"""

from __future__ import annotations

from pytest_pet2rep.metrics.resampling_statistic import Statistic


def case_spread(statistic: Statistic) -> float:
    """Standard deviation of the influence of a case on the score, from an earlier run."""
    raise NotImplementedError


def paired_spread(this: Statistic, baseline: Statistic) -> float:
    """The same for the difference of two runs on their common cases."""
    raise NotImplementedError


def stated_spread(spread: float, correlation: float) -> float:
    """Spread of a paired difference of two runs of equal ``spread`` whose cases correlate so."""
    raise NotImplementedError


def rate_spread(rate: float, *, per_case: float, correlation: float) -> float:
    """Spread of a rate over ``per_case`` items a case, intraclass ``correlation``."""
    raise NotImplementedError


def detectable(spread: float, n: int, *, power: float = 0.8, confidence: float = 0.95) -> float:
    """Smallest true distance from the threshold that a one-sided gate decides with ``power``."""
    raise NotImplementedError


def cases_needed(
    spread: float, distance: float, *, power: float = 0.8, confidence: float = 0.95
) -> int:
    """Cases it takes to decide a true ``distance`` from the threshold with ``power``."""
    raise NotImplementedError


def power_at(spread: float, n: int, distance: float, *, confidence: float = 0.95) -> float:
    """Chance that a one-sided gate over ``n`` cases decides a true ``distance``."""
    raise NotImplementedError

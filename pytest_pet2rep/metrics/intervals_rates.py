"""Limits of rates: exact binomial ones, and Wilson's with the effective number of events.

Items of one case are not independent, so a rate over several organs a case has fewer *effective*
items than it has items: n / deff, where the design effect compares the variance over cases with
that of independent items (Korn and Graubard 1998, Survey Methodology 24:193-201).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, stdtrit

from pytest_pet2rep.metrics.resampling_statistic import Numbers


def exact_limit(events: Numbers | float, of: Numbers | float, tail: float, *, upper: bool) -> float:
    """Return the Clopper-Pearson limit of ``events`` out of ``of`` independent items."""
    found, all_ = float(events), float(of)
    if upper:
        return 1.0 if found >= all_ else float(betaincinv(found + 1, all_ - found, 1 - tail))
    return 0.0 if found <= 0 else float(betaincinv(found, all_ - found + 1, tail))


def exact_interval(events: int, of: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided Clopper-Pearson interval; (0, 1) without items."""
    tail = (1 - confidence) / 2
    return exact_limit(events, of, tail, upper=False), exact_limit(events, of, tail, upper=True)


def wilson_limit(rate: Numbers, size: Numbers, tail: float, df: Numbers, *, upper: bool) -> Numbers:
    """Return Wilson's score limit of a rate over ``size`` (effective) items.

    Wilson 1927, doi:10.1080/01621459.1927.10502953, with Student's quantile for the normal one.
    """
    score = -stdtrit(df, tail)
    squared = score**2
    centre = (rate * size + squared / 2) / (size + squared)
    reach = score * np.sqrt(rate * (1 - rate) * size + squared / 4) / (size + squared)
    return np.asarray(centre + reach if upper else centre - reach)


def wilson_interval(events: int, of: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's two-sided interval of independent items; (0, 1) without items."""
    if not of:
        return 0.0, 1.0
    tail, rate, size = (1 - confidence) / 2, np.float64(events / of), np.float64(of)
    many = np.float64(np.inf)
    low = wilson_limit(np.asarray(rate), np.asarray(size), tail, np.asarray(many), upper=False)
    high = wilson_limit(np.asarray(rate), np.asarray(size), tail, np.asarray(many), upper=True)
    return float(low), float(high)


def effective_size(events: Numbers, of: Numbers) -> Numbers:
    """Return the effective number of items of a rate, at most their number.

    ``events`` and ``of`` have shape (cases, ...): events and items of each case.
    """
    n = len(of)
    items = of.sum(axis=0)
    whole = np.maximum(items, 1e-300)
    rate = events.sum(axis=0) / whole
    residuals = ((events - rate * of) ** 2).sum(axis=0)
    variance = n / max(n - 1, 1) * residuals / whole**2
    independent = rate * (1 - rate) / whole
    deff = np.where(independent > 0, variance / np.where(independent > 0, independent, 1.0), 1.0)
    return np.asarray(items / np.maximum(deff, 1.0))

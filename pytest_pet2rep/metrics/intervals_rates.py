"""Limits of rates: exact binomial ones, and Wilson's with the effective number of items.

Items of one case are not independent, so a rate over several organs a case has fewer *effective*
items than it has items: n / deff, where the design effect compares the variance over cases with
that of independent items (Korn and Graubard 1998, Survey Methodology 24:193-201).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

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


def wilson_limit(
    rate: Numbers,
    items: Numbers,
    tail: float,
    *,
    upper: bool,
    deff: Numbers | float = 1.0,
    df: Numbers | float = np.inf,
) -> Numbers:
    """Return Wilson's score limit of a rate over ``items`` with a design effect.

    Wilson 1927, doi:10.1080/01621459.1927.10502953.  The variance is that of independent items
    times ``deff``, times what its being estimated with ``df`` costs (Student's quantile over the
    normal one, squared), but never less than that of independent items, which is known.
    """
    apart = tail if abs(tail - 0.5) > 1e-3 else 0.499
    cost = (stdtrit(df, apart) / ndtri(apart)) ** 2
    size = items / np.maximum(deff * cost, 1.0)
    score = -ndtri(tail)
    squared = score**2
    centre = (rate * size + squared / 2) / (size + squared)
    reach = score * np.sqrt(rate * (1 - rate) * size + squared / 4) / (size + squared)
    return np.asarray(centre + reach if upper else centre - reach)


def design_effect(events: Numbers, of: Numbers) -> Numbers:
    """Return the variance of a rate over cases, in units of that of independent items.

    ``events`` and ``of`` have shape (cases, ...): events and items of each case.  1 where every
    item or none is an event.
    """
    n = len(of)
    whole = np.maximum(of.sum(axis=0), 1e-300)
    rate = events.sum(axis=0) / whole
    residuals = ((events - rate * of) ** 2).sum(axis=0)
    variance = n / max(n - 1, 1) * residuals / whole**2
    independent = rate * (1 - rate) / whole
    some = independent > 0
    return np.asarray(np.where(some, variance / np.where(some, independent, 1.0), 1.0))

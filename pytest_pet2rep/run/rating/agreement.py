"""How far readers agree, and how far each automatic metric goes with them.

Weighted kappa: quadratic weights over the levels of the score (Cohen, Psychological Bulletin 1968;
70:213), with the interval of the house's bootstrap over cases.  Rank correlations: Spearman's rho
with the standard error of Bonett and Wright (Psychometrika 2000; 65:23), Kendall's tau-b with that
of Fieller, Hartley and Pearson (Biometrika 1957; 44:470), both on Fisher's z.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.run.rating.files import RatingKey, Reader
from pytest_pet2rep.run.runfiles import CaseKey

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.resampling import Interval

FEWEST = 10
"""Fewer reports than this give a correlation no interval."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """Two readers on the reports that both rated."""

    readers: tuple[str, str]
    n: int
    equal: int
    """Reports with the same score."""
    kappa: float | None
    low: float | None
    """Two-sided 95 % limits."""
    high: float | None
    reliable: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Correlation:
    """One rank correlation, with its two-sided 95 % limits."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricAgreement:
    """One automatic metric beside the readers; positive: better by it is better by them."""

    metric: str
    n: int
    spearman: Correlation
    kendall: Correlation
    errors: Correlation
    """Spearman's rho with the number of significant errors."""


def agreements(readers: Sequence[Reader]) -> list[Agreement]:
    """Return the agreement of each pair of readers."""
    return [_agreement(a, b) for a, b in itertools.combinations(readers, 2)]


def weighted_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Return quadratically weighted kappa; ``None`` where it is undefined (nobody ever differs)."""
    import numpy as np

    if not first:
        return None
    value = float(_kappa_of(np.asarray(_sums(first, second)).sum(axis=0)))
    return value if math.isfinite(value) else None


def metric_agreements(
    readers: Sequence[Reader],
    key: RatingKey,
    values: Mapping[CaseKey, Mapping[str, float | None]],
    higher_is_better: Mapping[str, bool],
) -> list[MetricAgreement]:
    """Return each metric's correlation with the mean of the readers, the closest first."""
    rated = _means(readers)
    metrics = sorted({name for found in values.values() for name in found})
    found = [
        _metric(name, rated, key, values, higher_is_better.get(name, True)) for name in metrics
    ]
    return sorted(found, key=lambda m: (m.spearman.value is None, -(m.spearman.value or 0)))


def spearman(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """Return Spearman's rank correlation."""
    from scipy import stats

    return _correlation(stats.spearmanr, x, y, lambda r, n: math.sqrt((1 + r * r / 2) / (n - 3)))


def kendall(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """Return Kendall's tau-b."""
    from scipy import stats

    return _correlation(stats.kendalltau, x, y, lambda _, n: math.sqrt(0.437 / (n - 4)))


def _agreement(a: Reader, b: Reader) -> Agreement:
    items = sorted(a.ratings.keys() & b.ratings.keys())
    pairs = [(a.ratings[item].level, b.ratings[item].level) for item in items]
    limits = _kappa_interval(items, pairs) if pairs else None
    return Agreement(
        readers=(a.name, b.name),
        n=len(items),
        equal=sum(x == y for x, y in pairs),
        kappa=weighted_kappa([x for x, _ in pairs], [y for _, y in pairs]),
        low=None if limits is None else _finite(limits.low),
        high=None if limits is None else _finite(limits.high),
        reliable=limits is not None and limits.reliable,
        reason="no report that both rated" if limits is None else limits.reason,
    )


def _kappa_interval(items: Sequence[str], pairs: Sequence[tuple[int, int]]) -> Interval:
    import numpy as np

    from pytest_pet2rep.metrics.resampling import Statistic, interval

    sums = np.asarray(_sums([x for x, _ in pairs], [y for _, y in pairs]), dtype=np.float64)
    return interval(
        Statistic(
            name="weighted kappa", cases=tuple(items), sums=sums, value=_kappa_of, bounds=(-1, 1)
        )
    )


def _sums(first: Sequence[int], second: Sequence[int]) -> list[list[float]]:
    """Return what kappa is made from, a row each: 1, a, b, a squared, b squared, ab."""
    return [[1, a, b, a * a, b * b, a * b] for a, b in zip(first, second, strict=True)]


def _kappa_of(sums: Any) -> Any:
    """Kappa of added sums, shape (..., 6): one minus observed over chance squared difference."""
    import numpy as np

    n, a, b, aa, bb, ab = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (aa + bb - 2 * ab) / n
        chance = aa / n + bb / n - 2 * (a / n) * (b / n)
        return np.where(chance > 0, 1 - observed / chance, np.nan)


def _means(readers: Sequence[Reader]) -> dict[str, tuple[float, float]]:
    """Return item -> mean level and mean number of significant errors, where all rated it."""
    items = set.intersection(*(set(reader.ratings) for reader in readers))
    count = len(readers)
    return {
        item: (
            sum(reader.ratings[item].level for reader in readers) / count,
            sum(reader.ratings[item].significant for reader in readers) / count,
        )
        for item in sorted(items)
    }


def _metric(
    name: str,
    rated: Mapping[str, tuple[float, float]],
    key: RatingKey,
    values: Mapping[CaseKey, Mapping[str, float | None]],
    higher_is_better: bool,
) -> MetricAgreement:
    sign = 1.0 if higher_is_better else -1.0
    goodness, levels, errors = [], [], []
    for item, (level, significant) in rated.items():
        value = values.get(key.items[item], {}).get(name)
        if value is not None:
            goodness.append(sign * value)
            levels.append(-level)
            errors.append(-significant)
    return MetricAgreement(
        metric=name,
        n=len(goodness),
        spearman=spearman(goodness, levels),
        kendall=kendall(goodness, levels),
        errors=spearman(goodness, errors),
    )


def _correlation(method: Any, x: Sequence[float], y: Sequence[float], error: Any) -> Correlation:
    """Return a correlation; ``None`` where one side is the same for every report."""
    n = len(x)
    if n < 2 or len(set(x)) < 2 or len(set(y)) < 2:
        return Correlation(value=None)
    value = float(method(x, y).statistic)
    if n < FEWEST or abs(value) >= 1:
        return Correlation(value=value)
    z, half = math.atanh(value), 1.959964 * error(value, n)
    return Correlation(value=value, low=math.tanh(z - half), high=math.tanh(z + half))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

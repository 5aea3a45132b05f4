"""Text metrics as functions of arrays of sums, and ``overall``, which joins them with others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.resampling_statistic import Numbers, Statistic
from pytest_pet2rep.metrics.resampling_values import (
    Value,
    bleu_value,
    chrf_value,
    looped,
    mean_of_values,
    ratio,
)
from pytest_pet2rep.run.estimands.reports import Report, Row
from pytest_pet2rep.run.overall import overall
from pytest_pet2rep.types import Level, Score

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.text import TextMetric

_ANY = (float("-inf"), float("inf"))


def text_value(metric: TextMetric) -> Value:
    """Return the value of a text metric over sums (its statistics, number of reports).

    The project's own metrics are computed whole arrays at a time; one of another package row by
    row, by its own ``value``.
    """
    from pytest_pet2rep.metrics.bleu import Bleu
    from pytest_pet2rep.metrics.chrf import ORDERS, Chrf
    from pytest_pet2rep.metrics.text import AdditiveMetric

    if isinstance(metric, Chrf):
        return chrf_value(ORDERS)
    if isinstance(metric, Bleu) and metric.level is Level.CORPUS:
        return bleu_value(metric.order, metric.smoothing)
    if isinstance(metric, Bleu) or type(metric).value is AdditiveMetric.value:
        return ratio
    return looped(metric.value)


def text_bounds(metric: TextMetric) -> tuple[float, float]:
    """Return the lowest and highest value that a text metric can have, infinite where unknown.

    One of another package, or of a stored run, may say it itself (``bounds``).
    """
    from pytest_pet2rep.metrics.bertscore import BertScore
    from pytest_pet2rep.metrics.cider import SCALE, Cider
    from pytest_pet2rep.metrics.text import AdditiveMetric

    stated: tuple[float, float] | None = getattr(metric, "bounds", None)
    if stated is not None:
        return stated
    if isinstance(metric, Cider):
        return (0.0, SCALE)
    if isinstance(metric, BertScore):
        return (-1.0, 1.0)
    own = isinstance(metric, AdditiveMetric) and type(metric).__module__.startswith(
        "pytest_pet2rep."
    )
    return (0.0, 1.0) if own else _ANY


def text_row(report: Report, name: str) -> Row | None:
    """Return the statistics of one report under a metric, and a 1 that counts it.

    ``None`` for a report whose record has no statistics of this metric.
    """
    if report.text is None or name not in report.text.facts["statistics"]:
        return None
    return [*report.text.facts["statistics"][name], 1.0]


def overall_statistic(
    parts: Sequence[Statistic], metrics: Mapping[str, TextMetric], basis: Basis
) -> Statistic:
    """Join the six parts of ``overall``, in their order, over the cases that all of them have.

    Undefined where the summary leaves it unscored: a part is of another kind or has no value.
    """
    scores = [_score(part, metrics.get(part.name)) for part in parts]
    whole = overall(scores, basis)
    common = sorted(set.intersection(*(set(part.cases) for part in parts)))
    parts = [part.over(common) for part in parts]
    values = [(part.value, part.sums.shape[1]) for part in parts]
    repeats = [part.repeats for part in parts if part.repeats is not None]
    return Statistic(
        name=whole.name,
        cases=tuple(common),
        sums=np.concatenate([part.sums for part in parts], axis=1),
        value=_never if whole.value is None else mean_of_values(values),
        signature=whole.signature,
        supports=parts[-1].supports,
        repeats=np.concatenate(repeats, axis=2) if len(repeats) == len(parts) else None,
    )


def _score(part: Statistic, metric: TextMetric | None) -> Score:
    value = part.observed
    return Score(
        name=part.name,
        value=None if math.isnan(value) else value,
        signature=part.signature,
        n=len(part.cases),
        level=Level.CORPUS if metric is None else metric.level,
    )


def _never(sums: Numbers) -> Numbers:
    return np.full(sums.shape[:-1], np.nan)

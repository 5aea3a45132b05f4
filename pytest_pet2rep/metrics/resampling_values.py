"""Scores as functions of whole arrays of sums: what makes thousands of resamples cheap.

Every function takes sums of shape (..., k) and returns scores of shape (...), NaN where the score
is undefined.  At the sums of a run each equals the score that the summary prints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pytest_pet2rep.metrics.bleu import Smoothing
from pytest_pet2rep.metrics.resampling_statistic import Numbers

Value = Callable[[Numbers], Numbers]


def divided(top: Numbers, bottom: Numbers, otherwise: float = np.nan) -> Numbers:
    """Return ``top / bottom``, and ``otherwise`` where there is nothing to divide by."""
    some = bottom != 0
    return np.asarray(np.where(some, top / np.where(some, bottom, 1.0), otherwise))


def harmonic(one: Numbers, other: Numbers) -> Numbers:
    """Return 2ab / (a + b); 0 where both are 0."""
    return divided(2 * one * other, one + other, 0.0)


def ratio(sums: Numbers) -> Numbers:
    """Score of sums (part, whole): a rate, or the mean of cases."""
    return divided(sums[..., 0], sums[..., 1])


def efficacy_value(part: str, *, every_class: bool = False) -> Value:
    """Return clinical efficacy of sums (TP, FP, FN) of one or more classes.

    ``part`` is ``precision``, ``recall``, ``f1``, ``f1_classmean``, or one of the first three with
    ``_micro``.  Classes with neither support nor predictions are left out of the mean, unless
    ``every_class`` (convention ``sklearn0``) counts them as 0.
    """

    def value(sums: Numbers) -> Numbers:
        tp, fp, fn = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
        if part.endswith("_micro"):
            tp, fp, fn = (each.sum(axis=-1, keepdims=True) for each in (tp, fp, fn))
        enters = np.ones(tp.shape, dtype=bool) if every_class else (tp + fp + fn) > 0

        def mean(each: Numbers) -> Numbers:
            return divided(np.where(enters, each, 0.0).sum(axis=-1), enters.sum(axis=-1))

        name = part.removesuffix("_micro")
        if name == "f1_classmean" or part == "f1_micro":
            return mean(divided(2 * tp, 2 * tp + fp + fn, 0.0))
        if name == "precision":
            return mean(divided(tp, tp + fp, 0.0))
        recall = mean(divided(tp, tp + fn, 0.0))
        return recall if name == "recall" else harmonic(mean(divided(tp, tp + fp, 0.0)), recall)

    return value


def macro_f1_value(classes: Sequence[int], *, support_of: Sequence[int] = ()) -> Value:
    """Return the mean F1 of some classes of sums (TP, predicted, support) each.

    A class that nobody uses counts as 0.  Undefined without support in any of ``support_of``.
    """
    wanted = np.array(classes)
    needed = np.array(support_of, dtype=np.int64)

    def value(sums: Numbers) -> Numbers:
        tp, predicted, support = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
        f1 = divided(2 * tp, predicted + support, 0.0)[..., wanted].mean(axis=-1)
        if not needed.size:
            return np.asarray(f1)
        return np.asarray(np.where(support[..., needed].sum(axis=-1) > 0, f1, np.nan))

    return value


def matching_value(part: str) -> Value:
    """Return precision, recall or F1 of sums (matched, reported, expected).

    Undefined without anything expected; with that, a report of nothing has a precision of 0.
    """

    def value(sums: Numbers) -> Numbers:
        matched, reported, expected = sums[..., 0], sums[..., 1], sums[..., 2]
        precision, recall = divided(matched, reported, 0.0), divided(matched, expected)
        found = {"precision": precision, "recall": recall, "f1": harmonic(precision, recall)}
        return np.asarray(np.where(expected > 0, found[part], np.nan))

    return value


def bleu_value(order: int, smoothing: Smoothing) -> Value:
    """Return corpus BLEU of sums (matches 1..n, n-grams 1..n, predicted, reference tokens)."""

    def value(sums: Numbers) -> Numbers:
        matches, totals = sums[..., :order], sums[..., order : 2 * order]
        predicted, referred = sums[..., 2 * order], sums[..., 2 * order + 1]
        if smoothing is Smoothing.ADD1:
            precisions = (matches + 1) / (totals + 1)
        else:
            precisions = divided(matches, totals, 0.0)
        if smoothing is Smoothing.EXP:
            precisions = _halved(precisions, matches, totals)
        some = (precisions.min(axis=-1) > 0) & (predicted > 0) & (referred > 0)
        logs = np.log(np.where(precisions > 0, precisions, 1.0)).mean(axis=-1)
        shorter = np.minimum(0.0, 1 - divided(referred, predicted, 1.0))
        return np.asarray(np.where(some, np.exp(logs + shorter), 0.0))

    return value


def _halved(precisions: Numbers, matches: Numbers, totals: Numbers) -> Numbers:
    """Give the first, second ... order without a match 1/2, 1/4 ... of one."""
    without = (totals > 0) & (matches == 0)
    smooth = divided(0.5 ** np.cumsum(without, axis=-1), totals, 0.0)
    any_match = (matches > 0).any(axis=-1, keepdims=True)
    return np.asarray(np.where(without, np.where(any_match, smooth, 0.0), precisions))


def chrf_value(orders: int, beta: float = 2.0) -> Value:
    """Return chrF, 0..1, of sums (predicted, reference, matching n-grams) per order.

    Mean precision and mean recall over the orders that both sides have, as sacrebleu does.
    """

    def value(sums: Numbers) -> Numbers:
        triples = sums[..., : 3 * orders].reshape(*sums.shape[:-1], orders, 3)
        predicted, referred, matches = (triples[..., at] for at in range(3))
        both = (predicted > 0) & (referred > 0)
        count = both.sum(axis=-1)
        precision, recall = (
            divided(np.where(both, divided(matches, side, 0.0), 0.0).sum(axis=-1), count, 0.0)
            for side in (predicted, referred)
        )
        factor = beta**2
        return divided((1 + factor) * precision * recall, factor * precision + recall, 0.0)

    return value


def mean_of_values(parts: Sequence[tuple[Value, int]]) -> Value:
    """Return the mean of several scores of sums that stand side by side, each so many wide."""

    def value(sums: Numbers) -> Numbers:
        found, start = [], 0
        for part, width in parts:
            found.append(part(sums[..., start : start + width]))
            start += width
        return np.asarray(sum(found) / len(found))

    return value


def looped(value: Callable[[Sequence[float], int], float | None]) -> Value:
    """Return the value of a metric that takes one row of sums at a time, its last being n."""

    def one(row: Numbers) -> float:
        found = value(row[:-1].tolist(), round(float(row[-1])))
        return np.nan if found is None else found

    def all_rows(sums: Numbers) -> Numbers:
        return np.asarray(np.apply_along_axis(one, -1, sums), dtype=np.float64)

    return all_rows

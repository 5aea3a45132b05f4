"""Limits from replicates: percentile, BCa and Student, with the quantile of a small sample.

Everything is vectorised: ``replicates`` has shape (resamples, ...) and is sorted along its first
axis (NaN last), ``left_out`` has shape (cases, ...), and a limit has shape (...).  ``tail`` is the
nominal probability of the true value lying beyond it.

A percentile interval is as narrow as a normal interval with the biased standard error; ``expanded``
tails undo both (Hesterberg 2015, doi:10.1080/00031305.2015.1089789): the normal quantile becomes
Student's times sqrt((df + 1) / df).  ``df`` are Satterthwaite's for the variance of the influence
of the cases, so that a score that few cases decide gets the quantile of few cases.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from pytest_pet2rep.metrics.resampling_statistic import Numbers


def influence(left_out: Numbers) -> Numbers:
    """Return how far each case moves the score: mean of the leave-one-out values minus each."""
    blank = np.isnan(left_out)
    some = np.maximum((~blank).sum(axis=0), 1)
    known = np.where(blank, np.where(blank, 0.0, left_out).sum(axis=0) / some, left_out)
    return np.asarray(known.mean(axis=0) - known, dtype=np.float64)


def jackknife_error(left_out: Numbers) -> Numbers:
    """Return the jackknife standard error of the score."""
    n = len(left_out)
    return np.asarray(np.sqrt((n - 1) / n * (influence(left_out) ** 2).sum(axis=0)))


def degrees_of_freedom(left_out: Numbers) -> Numbers:
    """Return Satterthwaite's degrees of freedom of the variance over cases, 1 to n - 1.

    2n / (k - 1) with k the kurtosis of the influence of the cases: n for normal influences, about
    2m where only m cases have any.
    """
    n, moves = len(left_out), influence(left_out)
    moves *= moves
    squares = moves.sum(axis=0)
    scale = np.where(squares > 0, squares, 1.0)
    kurtosis = np.where(squares > 0, n * (moves * moves).sum(axis=0) / scale**2, n)
    return np.asarray(np.clip(2 * n / np.maximum(kurtosis - 1, 1e-9), 1, max(n - 1, 1)))


def expanded_quantile(tail: float, df: Numbers) -> Numbers:
    """Return the (negative) normal score of an expanded ``tail``."""
    return np.asarray(stdtrit(df, tail) * np.sqrt((df + 1) / df))


def percentile_limit(replicates: Numbers, tail: float, df: Numbers, *, upper: bool) -> Numbers:
    """Return the percentile limit at the expanded ``tail``."""
    score = expanded_quantile(tail, df)
    return _quantiles(replicates, ndtr(-score if upper else score))


def bca_limit(
    replicates: Numbers, value: Numbers, left_out: Numbers, tail: float, *, upper: bool
) -> Numbers:
    """Return the bias-corrected, accelerated limit at the expanded ``tail``.

    Efron 1987, doi:10.1080/01621459.1987.10478410; acceleration from the jackknife over cases.
    """
    score = expanded_quantile(tail, degrees_of_freedom(left_out))
    return _quantiles(replicates, _corrected(replicates, value, left_out, score, upper=upper))


def plain_bca_limit(
    replicates: Numbers, value: Numbers, left_out: Numbers, tail: float, *, upper: bool
) -> Numbers:
    """Return the textbook BCa limit, without the quantile of a small sample."""
    score = np.full(np.shape(value), ndtri(tail))
    return _quantiles(replicates, _corrected(replicates, value, left_out, score, upper=upper))


def student_limit(value: Numbers, left_out: Numbers, tail: float, *, upper: bool) -> Numbers:
    """Return value -+ t * jackknife error."""
    reach = stdtrit(degrees_of_freedom(left_out), tail) * jackknife_error(left_out)
    return np.asarray(value - reach if upper else value + reach)


def _corrected(
    replicates: Numbers, value: Numbers, left_out: Numbers, score: Numbers, *, upper: bool
) -> Numbers:
    count = (~np.isnan(replicates)).sum(axis=0)
    below = (replicates < value).sum(axis=0) + 0.5 * (replicates == value).sum(axis=0)
    share = np.clip(below / np.maximum(count, 1), 0.5 / len(replicates), 1 - 0.5 / len(replicates))
    bias, moves = ndtri(share), influence(left_out)
    squares = (moves * moves).sum(axis=0)
    cubes = (moves * moves * moves).sum(axis=0)
    speed = np.where(squares > 0, cubes / (6 * np.where(squares > 0, squares, 1.0) ** 1.5), 0.0)
    shifted = bias + (-score if upper else score)
    return np.asarray(ndtr(bias + shifted / (1 - speed * shifted)))


def _quantiles(replicates: Numbers, at: Numbers) -> Numbers:
    """Return quantile ``at`` of each column, linear between order statistics, NaN left out."""
    last = np.maximum((~np.isnan(replicates)).sum(axis=0) - 1, 0)
    place = np.clip(at, 0.0, 1.0) * last
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, last)
    lower = np.take_along_axis(replicates, low[None], axis=0)[0]
    higher = np.take_along_axis(replicates, high[None], axis=0)[0]
    return np.asarray(lower + (place - low) * (higher - lower))

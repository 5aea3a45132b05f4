"""Cohorts and runs with a known truth, many at a time, for the coverage study.

A case has 19 organs.  Each is increased, decreased or absent with the *prevalence* of a class, else
normal.  A case draws its own chance of finding what is there and its own chance of inventing
something, from Beta distributions whose intraclass correlation is *rho*: the organs of a case
share them.  Two runs on the same cases share them too, and draw their outcomes independently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

from pytest_pet2rep.metrics.bleu import Smoothing
from pytest_pet2rep.metrics.resampling_values import (
    bleu_value,
    efficacy_value,
    ratio,
)

Numbers = npt.NDArray[np.float64]
ORGANS, CLASSES = 19, 3
INVENTING = 0.02
"""Chance that a normal organ is given one of the three states."""
REFERRED, SHORTER = (6.3, 0.25), (-0.1, 0.15)
"""Mean and deviation of the logarithm of reference lengths, and of predicted over reference."""
CHANCE, FALL = 0.6, 0.35
"""Mean chance of a token of being matched, and how it falls with the order of the n-gram."""


@dataclass(frozen=True, kw_only=True)
class World:
    """The truth that cohorts are drawn from."""

    prevalence: float
    rho: float
    hit: float = 0.7

    def expected_events(self, cases: int) -> float:
        """Expected events of each class."""
        return cases * ORGANS * self.prevalence


def _chances(rng: np.random.Generator, mean: float, rho: float, shape: tuple[int, ...]) -> Numbers:
    if rho == 0 or mean in (0.0, 1.0):
        return np.full(shape, mean)
    size = (1 - rho) / rho
    return rng.beta(mean * size, (1 - mean) * size, shape)


def organ_runs(
    rng: np.random.Generator,
    world: World,
    sims: int,
    cases: int,
    *,
    hits: tuple[float, ...],
    repeats: int = 1,
) -> list[Numbers]:
    """Draw runs on the same cases, shape (sims, cases, 10) each.

    Columns: TP, FP, FN of each class, and the normal organs that were left in peace.
    Run j finds with the chance of the case, scaled so that its mean is ``hits[j]``.  With
    ``repeats`` the shape is (sims, cases, repeats, 10).
    """
    shares = [world.prevalence] * CLASSES + [1 - CLASSES * world.prevalence]
    organs = rng.multinomial(ORGANS, shares, size=(sims, cases))[:, :, None, :]
    finds = _chances(rng, max(hits), world.rho, (sims, cases, 1, 1))
    invents = _chances(rng, INVENTING, world.rho, (sims, cases, 1, 1))
    events, normal = organs[..., :CLASSES], organs[..., CLASSES:]
    shape = (sims, cases, repeats, CLASSES)
    runs = []
    for hit in hits:
        found = rng.binomial(np.broadcast_to(events, shape), finds * (hit / max(hits)))
        # A normal organ is given one state at most, each with a third of the chance.
        wrong = rng.binomial(np.broadcast_to(normal, (*shape[:3], 1)), invents)
        split = rng.multinomial(wrong[..., 0], [1 / CLASSES] * CLASSES)
        columns = np.stack([found, split, np.broadcast_to(events, shape) - found], axis=-1)
        quiet = np.broadcast_to(normal, wrong.shape) - wrong
        rows = np.concatenate(
            [columns.reshape(sims, cases, repeats, 3 * CLASSES), quiet], axis=-1, dtype=np.float64
        )
        runs.append(rows[:, :, 0] if repeats == 1 else rows)
    return runs


def text_runs(
    rng: np.random.Generator, rho: float, sims: int, cases: int, *, qualities: tuple[float, ...]
) -> list[Numbers]:
    """Draw BLEU-4 statistics of runs on the same cases, shape (sims, cases, 10) each.

    References of some 550 tokens; a predicted n-gram matches with the chance of its case, whose
    mean is ``qualities[j]`` for one token and falls with n.
    """
    shape = (sims, cases)
    referred = np.round(np.exp(rng.normal(*REFERRED, shape)))
    chances = _chances(rng, CHANCE, rho / 5, shape)
    runs = []
    for quality in qualities:
        length = np.maximum(np.round(referred * np.exp(rng.normal(*SHORTER, shape))), 20)
        counts = np.stack([length - n for n in range(4)], axis=-1)
        powers = np.stack([chances ** (1 + FALL * n) for n in range(4)], axis=-1)
        matches = rng.binomial(counts.astype(np.int64), np.minimum(powers * quality / CHANCE, 1.0))
        lengths = np.stack([length, referred], axis=-1)
        runs.append(np.concatenate([matches, counts, lengths], axis=-1))
    return runs


CE_F1 = efficacy_value("f1")
CE_RECALL = efficacy_value("recall")
BLEU4 = bleu_value(4, Smoothing.NONE)


def recall_sums(run: Numbers, number: int = 0) -> Numbers:
    """(TP, TP + FN) of one class."""
    tp, fn = run[..., 3 * number], run[..., 3 * number + 2]
    return np.stack([tp, tp + fn], axis=-1)


def hit_sums(run: Numbers) -> Numbers:
    """(Organs judged right, organs) of a case."""
    right = run[..., 0:9:3].sum(axis=-1) + run[..., 9]
    return np.stack([right, run.sum(axis=-1)], axis=-1)


def class_sums(run: Numbers) -> Numbers:
    """TP, FP, FN of each class."""
    return run[..., :9]


def text_truth(rho: float, quality: float) -> float:
    """BLEU-4 over infinitely many cases: the moments of lengths and chances in closed form.

    Rounding the lengths, and the floor of 20 tokens, change it by less than 1e-6.
    """
    referred = np.exp(REFERRED[0] + REFERRED[1] ** 2 / 2)
    length = referred * np.exp(SHORTER[0] + SHORTER[1] ** 2 / 2)
    counts = length - np.arange(4)
    powers = 1 + FALL * np.arange(4)
    if rho:
        size = (1 - rho / 5) / (rho / 5)
        one, other = CHANCE * size, (1 - CHANCE) * size
        moments = np.exp(betaln(one + powers, other) - betaln(one, other))
    else:
        moments = CHANCE**powers
    matches = counts * moments * quality / CHANCE
    return float(BLEU4(np.concatenate([matches, counts, [length, referred]])))


def truth_of(world: World, hit: float, value: str) -> float:
    """The score over infinitely many cases, from the expectations of its sums."""
    p, normal = world.prevalence, 1 - CLASSES * world.prevalence
    tp, fn, fp = p * hit, p * (1 - hit), normal * INVENTING / CLASSES
    sums = np.array([tp, fp, fn] * CLASSES)
    if value == "hit_rate":
        return float(1 - CLASSES * (fp + fn))
    if value == "recall":
        return float(ratio(recall_sums(sums)))
    return float({"ce_f1": CE_F1, "ce_recall": CE_RECALL}[value](sums))

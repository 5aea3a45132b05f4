"""BLEU-1 to BLEU-4 (Papineni et al. 2002), corpus-level or mean of cases, smoothing by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_pet2rep.metrics.text import TokenMetric
from pytest_pet2rep.types import Level

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.pairs import TokenPair


class Smoothing(StrEnum):
    """What happens to an n-gram precision without matches.

    ``NONE``: the score is 0.  ``ADD1``: one match and one n-gram more in *every* order, unigrams
    too (the TensorFlow NMT script, used by PETRG-3D).  ``EXP``: sacrebleu's default, 1/2, 1/4, ...
    of a match for the first, second, ... order without any.
    """

    NONE = "none"
    ADD1 = "add1"
    EXP = "exp"


def bleu(
    matches: Sequence[float],
    totals: Sequence[float],
    prediction_length: float,
    reference_length: float,
    *,
    smoothing: Smoothing = Smoothing.NONE,
    effective_order: bool = False,
) -> float:
    """BLEU, 0..1, from n-gram matches and n-gram counts of the prediction per order.

    ``effective_order`` leaves out the orders for which the prediction is too short, as sacrebleu
    does for single sentences.  An empty side gives 0.
    """
    if not (prediction_length and reference_length):
        return 0.0
    if smoothing is Smoothing.ADD1:
        precisions = [(m + 1) / (t + 1) for m, t in zip(matches, totals, strict=True)]
    elif smoothing is Smoothing.EXP:
        precisions = _exponential(matches, totals)
    else:
        precisions = [m / t if t else 0.0 for m, t in zip(matches, totals, strict=True)]
    if effective_order:
        precisions = precisions[: max(1, sum(1 for total in totals if total))]
    if min(precisions) <= 0:
        return 0.0
    ratio = prediction_length / reference_length
    brevity = 1.0 if ratio > 1 else math.exp(1 - 1 / ratio)
    return brevity * math.exp(math.fsum(map(math.log, precisions)) / len(precisions))


def _exponential(matches: Sequence[float], totals: Sequence[float]) -> list[float]:
    if not any(matches):
        return [0.0] * len(totals)
    precisions, halving = [], 1.0
    for match, total in zip(matches, totals, strict=True):
        if total and not match:
            halving *= 2
            precisions.append(1 / (halving * total))
        else:
            precisions.append(match / total if total else 0.0)
    return precisions


@dataclass(frozen=True, kw_only=True, slots=True)
class Bleu(TokenMetric):
    """BLEU of one order.

    Corpus-level statistics of a case: matches of order 1..n, n-grams of the prediction of order
    1..n, tokens of the prediction, tokens of the reference.  Mean of cases: the case's BLEU.
    """

    order: int
    smoothing: Smoothing = Smoothing.NONE
    level: Level = Level.CORPUS

    def label(self) -> str:
        return f"bleu{self.order}"

    def settings(self) -> tuple[str, ...]:
        return (
            *TokenMetric.settings(self),
            "case:kept",
            f"smooth:{self.smoothing}",
            f"effective-order:{'yes' if self._effective_order else 'no'}",
            "bleu:1",
        )

    @property
    def _effective_order(self) -> bool:
        return self.smoothing is Smoothing.EXP and self.level is Level.MEAN_OF_CASES

    def token_statistics(self, pair: TokenPair) -> list[float]:
        predicted, referred = len(pair.prediction), len(pair.reference)
        counts = [max(predicted - n, 0) for n in range(self.order)]
        row: list[float] = [*pair.clipped_matches(self.order), *counts, predicted, referred]
        return row if self.level is Level.CORPUS else [self._bleu(row)]

    def value(self, sums: Sequence[float], n: int) -> float | None:
        if self.level is Level.CORPUS:
            return self._bleu(sums) if n else None
        return sums[0] / n if n else None

    def _bleu(self, row: Sequence[float]) -> float:
        return bleu(
            row[: self.order],
            row[self.order : 2 * self.order],
            row[-2],
            row[-1],
            smoothing=self.smoothing,
            effective_order=self._effective_order,
        )

    def identity_value(self, text: str) -> float:
        return self._of_one_case(text, text, matching=True)

    def disjoint_bounds(self, reference: str, prediction: str) -> tuple[float, float]:
        value = self._of_one_case(reference, prediction, matching=False)
        return (value, value)

    def _of_one_case(self, reference: str, prediction: str, *, matching: bool) -> float:
        """BLEU where all n-grams match, or none, from the lengths alone."""
        predicted, referred = len(self.tokenizer(prediction)), len(self.tokenizer(reference))
        counts = [max(predicted - n, 0) for n in range(self.order)]
        matches = counts if matching else [0] * self.order
        return self._bleu([*matches, *counts, predicted, referred])

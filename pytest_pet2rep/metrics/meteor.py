"""METEOR with its exact and stem stages (Lavie and Agarwal 2007): alpha 0.9, beta 3, gamma 0.5.

No synonym stage, which needs WordNet and knows no Chinese; named so in the signature.  Equal to
nltk's ``meteor_score`` with an empty WordNet: tokens are compared in lower case, the last free
occurrence is matched first.  Chinese tokens have no stem, so for them this is exact matching.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_pet2rep.metrics.porter import stem
from pytest_pet2rep.metrics.text import TokenMetric

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.pairs import IntArray, TokenPair

ALPHA, BETA, GAMMA = 0.9, 3, 0.5


def meteor(matches: int, chunks: int, reference_length: int, prediction_length: int) -> float:
    """METEOR, 0..1, from the number of matched tokens and of their runs in both texts."""
    if not matches:
        return 0.0
    precision, recall = matches / prediction_length, matches / reference_length
    mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
    return float((1 - GAMMA * (chunks / matches) ** BETA) * mean)


@dataclass(frozen=True, kw_only=True, slots=True)
class Meteor(TokenMetric):
    """METEOR of one case."""

    compat: bool = False
    """Over unsegmented Chinese: tokens are whole clauses, so that the score is very low."""

    def settings(self) -> tuple[str, ...]:
        return (
            *TokenMetric.settings(self),
            *(("compat:unsegmented",) if self.compat else ()),
            "case:lower",
            "stages:exact+porter",
            f"alpha:{ALPHA}",
            f"beta:{BETA}",
            f"gamma:{GAMMA}",
            "def:nltk-3.10",
        )

    def token_statistics(self, pair: TokenPair) -> list[float]:
        matches, chunks = align(pair)
        return [meteor(matches, chunks, len(pair.reference), len(pair.prediction))]

    def identity_value(self, text: str) -> float:
        length = len(self.tokenizer(text))
        return meteor(length, 1, length, length)


def align(pair: TokenPair) -> tuple[int, int]:
    """Number of matched tokens, and of chunks: runs that are adjacent in both texts."""
    lower, numbers = _lower(pair.words)
    reference, prediction = numbers[pair.reference_ids], numbers[pair.prediction_ids]
    at_reference, at_prediction = _match_last_first(reference, prediction)
    free_reference = np.delete(np.arange(reference.size), at_reference)
    free_prediction = np.delete(np.arange(prediction.size), at_prediction)
    if free_reference.size and free_prediction.size:
        more = _match_stems(lower, reference[free_reference], prediction[free_prediction])
        at_reference = np.concatenate((at_reference, free_reference[more[0]]))
        at_prediction = np.concatenate((at_prediction, free_prediction[more[1]]))
    order = np.argsort(at_prediction)
    steps = (np.diff(at_prediction[order]) == 1) & (np.diff(at_reference[order]) == 1)
    return int(order.size), int(order.size - steps.sum())


def _lower(words: Sequence[str]) -> tuple[list[str], IntArray]:
    """Lower-case words, and for each word the number of its lower-case form."""
    index: dict[str, int] = {}
    numbers = [index.setdefault(word.lower(), len(index)) for word in words]
    return list(index), np.array(numbers, dtype=np.int64)


def _match_last_first(reference: IntArray, prediction: IntArray) -> tuple[IntArray, IntArray]:
    """Pair the k-th last occurrence of each number on both sides; positions of the pairs."""
    rank_reference, rank_prediction = _rank_from_end(reference), _rank_from_end(prediction)
    base = max(reference.size, prediction.size) + 1
    _, at_reference, at_prediction = np.intersect1d(
        reference * base + rank_reference,
        prediction * base + rank_prediction,
        assume_unique=True,
        return_indices=True,
    )
    return at_reference, at_prediction


def _rank_from_end(numbers: IntArray) -> IntArray:
    """For each position, how many equal numbers follow it."""
    order = np.argsort(numbers, kind="stable")[::-1]
    ordered = numbers[order]
    is_first = np.concatenate(([True], ordered[1:] != ordered[:-1]))[: ordered.size]
    starts = np.flatnonzero(is_first)
    ranks = np.empty_like(numbers)
    ranks[order] = np.arange(ordered.size) - starts[np.cumsum(is_first) - 1]
    return ranks


def _match_stems(
    lower: list[str], reference: IntArray, prediction: IntArray
) -> tuple[IntArray, IntArray]:
    """Pair tokens of equal stem among those that did not match exactly."""
    index: dict[str, int] = {}
    used = sorted({*reference.tolist(), *prediction.tolist()})
    stems = [stem(lower[number]) for number in used]
    if all(stemmed == lower[number] for stemmed, number in zip(stems, used, strict=True)):
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    numbers = np.zeros(len(lower), dtype=np.int64)
    numbers[used] = [index.setdefault(stemmed, len(index)) for stemmed in stems]
    return _match_last_first(numbers[reference], numbers[prediction])

"""METEOR with its exact and stem stages (Lavie and Agarwal 2007): alpha 0.9, beta 3, gamma 0.5.

No synonym stage, which needs WordNet and knows no Chinese; named so in the signature.  Equal to
nltk's ``meteor_score`` with an empty WordNet: tokens are compared in lower case, the last free
occurrence is matched first.  Chinese tokens have no stem, so for them this is exact matching.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase
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
    at_reference, at_prediction = _match_last_first(reference, prediction, len(lower))
    free_reference = _others(at_reference, reference.size)
    free_prediction = _others(at_prediction, prediction.size)
    if free_reference.size and free_prediction.size:
        more = _match_stems(lower, reference[free_reference], prediction[free_prediction])
        at_reference = np.concatenate((at_reference, free_reference[more[0]]))
        at_prediction = np.concatenate((at_prediction, free_prediction[more[1]]))
    partner = np.full(prediction.size, -1)
    partner[at_prediction] = at_reference
    adjacent = (partner[:-1] >= 0) & (partner[1:] == partner[:-1] + 1)
    return int(at_prediction.size), int(at_prediction.size - np.count_nonzero(adjacent))


def _lower(words: Sequence[str]) -> tuple[list[str], IntArray]:
    """Lower-case words without repetition, and for each word the number of its lower-case form."""
    lowered = list(map(str.lower, words))
    index = {word: number for number, word in enumerate(dict.fromkeys(lowered))}
    return list(index), np.fromiter(map(index.__getitem__, lowered), np.int64, len(lowered))


def _others(positions: IntArray, size: int) -> IntArray:
    """Positions below ``size`` that are not among ``positions``."""
    free = np.ones(size, dtype=bool)
    free[positions] = False
    return free.nonzero()[0]


def _match_last_first(
    reference: IntArray, prediction: IntArray, vocabulary: int
) -> tuple[IntArray, IntArray]:
    """Pair the k-th last occurrence of each number on both sides; positions of the pairs."""
    counts = (
        np.bincount(reference, minlength=vocabulary),
        np.bincount(prediction, minlength=vocabulary),
    )
    shared = np.minimum(*counts)
    return _last(reference, counts[0], shared), _last(prediction, counts[1], shared)


def _last(numbers: IntArray, counts: IntArray, wanted: IntArray) -> IntArray:
    """Positions of the last ``wanted[n]`` occurrences of each number ``n``, grouped by number."""
    narrow = numbers.astype(np.uint16) if counts.size <= 1 << 16 else numbers
    order = np.argsort(narrow, kind="stable")
    left = np.repeat(np.cumsum(counts), counts) - np.arange(numbers.size)
    return order[left <= np.repeat(wanted, counts)]


def _match_stems(
    lower: list[str], reference: IntArray, prediction: IntArray
) -> tuple[IntArray, IntArray]:
    """Pair tokens of equal stem among those that did not match exactly."""
    used = sorted({*reference.tolist(), *prediction.tolist()})
    latin = (number for number in used if lower[number][-1] in ascii_lowercase)
    changed = {n: stemmed for n in latin if (stemmed := stem(lower[n])) != lower[n]}
    if not changed:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    stems = [changed.get(number, lower[number]) for number in used]
    index = {stemmed: number for number, stemmed in enumerate(dict.fromkeys(stems))}
    numbers = np.zeros(len(lower), dtype=np.int64)
    numbers[used] = [index[stemmed] for stemmed in stems]
    return _match_last_first(numbers[reference], numbers[prediction], len(index))

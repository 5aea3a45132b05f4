"""One pair of reports as two sequences of integers; what several metrics need is counted once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

IntArray: TypeAlias = npt.NDArray[np.int64]

_LARGEST_CODE = 1 << 61
_FIRST_SURROGATE, _SURROGATES, _LAST_CHARACTER = 0xD800, 0x800, 0x10FFFF


class TokenPair:
    """Reference and prediction as tokens, with counts that are made on demand and kept.

    ``reference_ids`` and ``prediction_ids`` are the tokens as integers below ``vocabulary``,
    equal where the tokens are equal, int64 of shape (number of tokens,).
    """

    def __init__(self, reference: Sequence[str], prediction: Sequence[str]) -> None:
        self.reference, self.prediction = reference, prediction
        words = dict.fromkeys(reference)
        words.update(dict.fromkeys(prediction))
        self.words = list(words)
        index = {word: number for number, word in enumerate(self.words)}
        self.vocabulary = len(index)
        self.reference_ids = _numbers(reference, index)
        self.prediction_ids = _numbers(prediction, index)
        self._matches: list[int] = []
        self._lcs: int | None = None

    def clipped_matches(self, orders: int) -> list[int]:
        """Matches of the n-grams of order 1 to ``orders``.

        Each n-gram counts as often as on the side that has it less often.
        """
        if len(self._matches) < orders:
            self._matches = clipped_matches(
                self.reference_ids, self.prediction_ids, self.vocabulary, orders
            )
        return self._matches[:orders]

    def lcs(self) -> int:
        """Length of the longest common subsequence of tokens."""
        if self._lcs is None:
            self._lcs = lcs_length(self.reference_ids, self.prediction_ids)
        return self._lcs


def _numbers(tokens: Sequence[str], index: dict[str, int]) -> IntArray:
    return np.fromiter(map(index.__getitem__, tokens), dtype=np.int64, count=len(tokens))


def clipped_matches(
    reference: IntArray, prediction: IntArray, vocabulary: int, orders: int
) -> list[int]:
    """Clipped n-gram matches of order 1 to ``orders`` of two sequences of numbers.

    An n-gram is one integer in base ``vocabulary``; both sides are counted in one sort.
    """
    matches: list[int] = []
    reference_codes, prediction_codes, size = reference, prediction, max(vocabulary, 1)
    for order in range(1, orders + 1):
        if order > 1:
            if size > _LARGEST_CODE // max(vocabulary, 1):
                reference_codes, prediction_codes, size = _renumber(
                    reference_codes, prediction_codes
                )
            reference_codes = reference_codes[:-1] * vocabulary + reference[order - 1 :]
            prediction_codes = prediction_codes[:-1] * vocabulary + prediction[order - 1 :]
            size *= max(vocabulary, 1)
        if not (reference_codes.size and prediction_codes.size):
            return matches + [0] * (orders + 1 - order)
        matches.append(_common(reference_codes, prediction_codes))
    return matches


def _common(reference: IntArray, prediction: IntArray) -> int:
    """Size of the multiset intersection of two arrays of numbers below 2**61."""
    both = np.concatenate((reference * 2, prediction * 2 + 1))
    both.sort()
    starts = np.flatnonzero(np.concatenate(([True], both[1:] != both[:-1])))
    counts = np.diff(starts, append=both.size)
    keys = both[starts]
    shared = np.flatnonzero((keys[1:] - keys[:-1] == 1) & (keys[1:] & 1 == 1))
    return int(np.minimum(counts[shared], counts[shared + 1]).sum())


def _renumber(reference: IntArray, prediction: IntArray) -> tuple[IntArray, IntArray, int]:
    """Give equal codes equal small numbers, so that the next order cannot overflow."""
    values, numbers = np.unique(np.concatenate((reference, prediction)), return_inverse=True)
    return numbers[: reference.size], numbers[reference.size :], len(values)


def lcs_length(reference: IntArray, prediction: IntArray) -> int:
    """Length of the longest common subsequence of two sequences of numbers."""
    from rapidfuzz.distance import LCSseq

    return int(LCSseq.similarity(_as_text(reference), _as_text(prediction)))


def _as_text(numbers: IntArray) -> str | list[int]:
    """Numbers as characters, which rapidfuzz compares fastest; a list where they are too many."""
    if numbers.size and int(numbers.max()) + _SURROGATES > _LAST_CHARACTER:
        numbers_in_full: list[int] = numbers.tolist()
        return numbers_in_full
    code_points = np.where(numbers >= _FIRST_SURROGATE, numbers + _SURROGATES, numbers)
    return str(code_points.astype("<u4").tobytes(), "utf-32-le")

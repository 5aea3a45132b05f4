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
        self._grams = NgramMatches(self.reference_ids, self.prediction_ids, self.vocabulary)
        self._lcs: int | None = None

    def clipped_matches(self, orders: int) -> list[int]:
        """Matches of the n-grams of order 1 to ``orders``.

        Each n-gram counts as often as on the side that has it less often.
        """
        return self._grams.up_to(orders)

    def lcs(self) -> int:
        """Length of the longest common subsequence of tokens."""
        if self._lcs is None:
            self._lcs = lcs_length(self.reference_ids, self.prediction_ids)
        return self._lcs


def _numbers(tokens: Sequence[str], index: dict[str, int]) -> IntArray:
    return np.fromiter(map(index.__getitem__, tokens), dtype=np.int64, count=len(tokens))


class NgramMatches:
    """Clipped n-gram matches of two sequences of numbers, order after order as they are asked for.

    An n-gram is one integer in base ``vocabulary``; both sides are counted in one sort.
    """

    def __init__(self, reference: IntArray, prediction: IntArray, vocabulary: int) -> None:
        self._sides = (reference, prediction)
        self._codes = (reference, prediction)
        self._vocabulary = self._size = max(vocabulary, 1)
        self._matches: list[int] = []

    def up_to(self, orders: int) -> list[int]:
        """Matches of order 1 to ``orders``."""
        while len(self._matches) < orders:
            if self._matches:
                self._lengthen()
            self._matches.append(_common(*self._codes))
        return self._matches[:orders]

    def _lengthen(self) -> None:
        """Go from the codes of n-grams to those of one order more."""
        if self._size > _LARGEST_CODE // self._vocabulary:
            reference, prediction, self._size = _renumber(*self._codes)
            self._codes = (reference, prediction)
        order = len(self._matches) + 1
        self._codes = (
            self._codes[0][:-1] * self._vocabulary + self._sides[0][order - 1 :],
            self._codes[1][:-1] * self._vocabulary + self._sides[1][order - 1 :],
        )
        self._size *= self._vocabulary


def _common(reference: IntArray, prediction: IntArray) -> int:
    """Size of the multiset intersection of two arrays of numbers below 2**61."""
    if not (reference.size and prediction.size):
        return 0
    both = np.concatenate((reference * 2, prediction * 2 + 1))
    both.sort()
    is_last = np.empty(both.size, dtype=bool)
    np.not_equal(both[1:], both[:-1], out=is_last[:-1])
    is_last[-1] = True
    (ends,) = is_last.nonzero()
    keys, counts = both[ends], np.empty_like(ends)
    counts[0] = ends[0] + 1
    np.subtract(ends[1:], ends[:-1], out=counts[1:])
    (shared,) = ((keys[1:] - keys[:-1] == 1) & (keys[1:] & 1 == 1)).nonzero()
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

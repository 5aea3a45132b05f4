"""ROUGE-1, -2, -L and -Lsum as F-measures (Lin 2004), with the definitions of rouge-score 0.1.2.

Unlike rouge-score's default, the tokenizer is the one that the signature names: the default keeps
ASCII letters and digits only, so that of Chinese reports nothing but "FDG" is compared.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.metrics.text import AdditiveMetric, TokenMetric
from pytest_pet2rep.metrics.tokenizers import Tokenizer

if TYPE_CHECKING:
    import numpy.typing as npt

    from pytest_pet2rep.metrics.pairs import TokenPair

DEFINITION = "def:rouge-score-0.1.2"
MOST_TOKEN_PAIRS, MOST_LINE_PAIRS = 1 << 26, 1 << 18
"""Size of two reports up to which ROUGE-Lsum, quadratic in it, is computed: some 8,000 tokens and
500 lines each (256 MiB, seconds)."""


def f_measure(hits: float, referred: float, predicted: float) -> float:
    """Harmonic mean of ``hits / predicted`` and ``hits / referred``; 0 where a side is empty."""
    if not (hits and referred and predicted):
        return 0.0
    precision, recall = hits / predicted, hits / referred
    return 2 * precision * recall / (precision + recall)


@dataclass(frozen=True, kw_only=True, slots=True)
class RougeN(TokenMetric):
    """F-measure of the n-grams of one order; clipped matches."""

    order: int

    def settings(self) -> tuple[str, ...]:
        return (*TokenMetric.settings(self), "case:kept", "measure:f", DEFINITION)

    def token_statistics(self, pair: TokenPair) -> list[float]:
        hits = pair.clipped_matches(self.order)[-1]
        less = self.order - 1
        return [
            f_measure(hits, max(len(pair.reference) - less, 0), max(len(pair.prediction) - less, 0))
        ]

    def identity_value(self, text: str) -> float:
        return 1.0 if len(self.tokenizer(text)) >= self.order else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RougeL(TokenMetric):
    """F-measure of the longest common subsequence of the whole texts."""

    def settings(self) -> tuple[str, ...]:
        return (*TokenMetric.settings(self), "case:kept", "measure:f", DEFINITION)

    def token_statistics(self, pair: TokenPair) -> list[float]:
        return [f_measure(pair.lcs(), len(pair.reference), len(pair.prediction))]


@dataclass(frozen=True, kw_only=True, slots=True)
class RougeLsum(AdditiveMetric):
    """F-measure of the union of the common subsequences of lines (split at line feeds)."""

    tokenizer: Tokenizer

    def settings(self) -> tuple[str, ...]:
        tokenizer = f"tok:{self.tokenizer.signature}"
        return (tokenizer, "case:kept", "measure:f", "split:newline", DEFINITION)

    def statistics(self, reference: str, prediction: str) -> list[float]:
        """Score one case.

        Raises ``DataProblem`` for two reports so long that comparing all their lines with one
        another would take minutes or not fit in memory.
        """
        referred = [self.tokenizer(line) for line in reference.split("\n") if line]
        predicted = [self.tokenizer(line) for line in prediction.split("\n") if line]
        _check_size(referred, predicted)
        hits = _union_hits(referred, predicted)
        return [f_measure(hits, sum(map(len, referred)), sum(map(len, predicted)))]

    def identity_value(self, text: str) -> float:
        return 1.0 if self.tokenizer(text) else 0.0


def _check_size(reference: list[list[str]], prediction: list[list[str]]) -> None:
    tokens = sum(map(len, reference)), sum(map(len, prediction))
    if (
        tokens[0] * tokens[1] > MOST_TOKEN_PAIRS
        or len(reference) * len(prediction) > MOST_LINE_PAIRS
    ):
        raise DataProblem(
            f"rouge_lsum: a reference of {tokens[0]} tokens in {len(reference)} lines and a report "
            f"of {tokens[1]} in {len(prediction)} are too long for it; use rouge_l"
        )


def _union_hits(reference: list[list[str]], prediction: list[list[str]]) -> int:
    """Count tokens of reference lines that are in a common subsequence with any predicted line.

    No token is counted more often than either text has it.
    """
    left_reference = Counter(token for line in reference for token in line)
    left_prediction = Counter(token for line in prediction for token in line)
    hits = 0
    for line in reference:
        positions = set[int]().union(*(_common_positions(line, other) for other in prediction))
        for position in sorted(positions):
            token = line[position]
            if left_reference[token] > 0 and left_prediction[token] > 0:
                left_reference[token] -= 1
                left_prediction[token] -= 1
                hits += 1
    return hits


def _common_positions(line: list[str], other: list[str]) -> list[int]:
    """Positions in ``line`` of the common subsequence that rouge-score's backtracking finds."""
    if set(line).isdisjoint(other):
        return []
    lengths = _lcs_table(line, other)
    row, column, found = len(line), len(other), []
    while row and column:
        if line[row - 1] == other[column - 1]:
            row, column = row - 1, column - 1
            found.append(row)
        elif lengths[row, column - 1] > lengths[row - 1, column]:
            column -= 1
        else:
            row -= 1
    return found


def _lcs_table(line: list[str], other: list[str]) -> npt.NDArray[np.int32]:
    """Lengths of common subsequences of all prefixes, shape (len(line) + 1, len(other) + 1)."""
    numbers = {token: number for number, token in enumerate(dict.fromkeys(other))}
    columns = np.array([numbers[token] for token in other])
    equal = {number: columns == number for number in numbers.values()}
    table = np.zeros((len(line) + 1, len(other) + 1), dtype=np.int32)
    for row, token in enumerate(line):
        number = numbers.get(token)
        if number is None:
            table[row + 1] = table[row]
        else:
            np.maximum(table[row, 1:], table[row, :-1] + equal[number], out=table[row + 1, 1:])
            np.maximum.accumulate(table[row + 1, 1:], out=table[row + 1, 1:])
    return table

"""chrF2 (Popović 2015, 2017) through sacrebleu: character n-grams up to 6, no tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any

from pytest_pet2rep.metrics.text import AdditiveMetric
from pytest_pet2rep.types import Level

ORDERS = 6


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


@dataclass(frozen=True, kw_only=True, slots=True)
class Chrf(AdditiveMetric):
    """Corpus-level chrF2; a case's statistics are sacrebleu's own.

    Per order 1..6: n-grams of the prediction, of the reference, matches (18 numbers).
    """

    level: Level = Level.CORPUS

    def settings(self) -> tuple[str, ...]:
        return ("case:mixed", "nc:6", "nw:0", "beta:2", "space:no", "eff:yes", _version())

    def statistics(self, reference: str, prediction: str) -> list[float]:
        # sacrebleu has no public way to the statistics behind its scores.
        return list(_chrf()._extract_corpus_statistics([prediction], [[reference]])[0])

    def value(self, sums: Sequence[float], n: int) -> float | None:
        return float(_chrf()._compute_f_score(sums)) / 100 if n else None

    def identity_value(self, text: str) -> float:
        return 1.0 if text.split() else 0.0

    def disjoint_bounds(self, reference: str, prediction: str) -> tuple[float, float]:
        """Different words are made of the same letters."""
        return (0.0, 0.5)


def _version() -> str:
    return f"sacrebleu-{metadata.version('sacrebleu')}"

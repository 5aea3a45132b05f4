"""CIDEr as the field computes it: CIDEr-D of pycocoevalcap (Vedantam et al. 2015).

TF-IDF vectors of 1- to 4-grams, the prediction's clipped to the reference's, cosine similarity
per order, a Gaussian penalty (sigma 6) on the difference of lengths, mean over orders, times 10.
The document frequencies are those of the references of the *whole run*, known before the first
generation; slices and resamples keep them, so the score of a case never depends on its company.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import MetricUnavailable
from pytest_pet2rep.metrics.text import TokenMetric

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.pairs import TokenPair

ORDERS, SIGMA, SCALE = 4, 6.0, 10.0

Ngram = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class References:
    """In how many of ``n`` references each n-gram occurs, and a digest of just that."""

    n: int
    frequency: Counter[Ngram]
    digest: str


def count_references(tokenized: Iterable[Sequence[str]]) -> References:
    """Count document frequencies; memory grows with the number of distinct n-grams."""
    frequency: Counter[Ngram] = Counter()
    digests, n = [], 0
    for tokens in tokenized:
        n += 1
        frequency.update({gram for order in range(1, ORDERS + 1) for gram in ngrams(tokens, order)})
        text = "\x1f".join(tokens).encode("utf-8", "surrogatepass")
        digests.append(hashlib.sha256(text).digest())
    whole = hashlib.sha256(b"".join(sorted(digests))).hexdigest()[:8]
    return References(n=n, frequency=frequency, digest=whole)


def ngrams(tokens: Sequence[str], order: int) -> Iterable[Ngram]:
    """All n-grams of one order, in text order."""
    return zip(*(tokens[start:] for start in range(order)), strict=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cider(TokenMetric):
    """CIDEr of one case, 0..10; needs ``fit`` on the references of the run first."""

    references: References | None = None

    def fit(self, references: Iterable[str]) -> Cider:
        """Return this metric with the document frequencies of ``references``, one per case."""
        return replace(self, references=count_references(map(self.tokenizer, references)))

    def settings(self) -> tuple[str, ...]:
        fitted = self.references
        corpus = f"{fitted.n}.{fitted.digest}" if fitted else "unknown"
        return (
            *TokenMetric.settings(self),
            "case:kept",
            f"df:references.{corpus}",
            f"sigma:{SIGMA:g}",
            f"scale:{SCALE:g}",
            "def:pycocoevalcap-cider-d",
        )

    def token_statistics(self, pair: TokenPair) -> list[float]:
        return [self._score(pair.reference, pair.prediction)]

    def _score(self, reference: Sequence[str], prediction: Sequence[str]) -> float:
        if self.references is None:
            raise MetricUnavailable(
                "metric 'cider' needs the references of all cases before the first one is scored: "
                "fit it on them, in a first pass over the file if they are streamed"
            )
        similarity = math.fsum(
            self._cosine(reference, prediction, order) for order in range(1, ORDERS + 1)
        )
        # The length that pycocoevalcap compares is the number of bigrams.
        longer = max(len(prediction) - 1, 0) - max(len(reference) - 1, 0)
        return SCALE * similarity / ORDERS * math.exp(-(longer**2) / (2 * SIGMA**2))

    def _cosine(self, reference: Sequence[str], prediction: Sequence[str], order: int) -> float:
        wanted = self._weights(Counter(ngrams(reference, order)))
        given = self._weights(Counter(ngrams(prediction, order)))
        product = math.fsum(
            min(weight, wanted[gram]) * wanted[gram]
            for gram, weight in given.items()
            if gram in wanted
        )
        norms = math.hypot(*wanted.values()) * math.hypot(*given.values())
        return product / norms if norms else 0.0

    def _weights(self, counts: Counter[Ngram]) -> dict[Ngram, float]:
        assert self.references is not None
        documents = math.log(self.references.n) if self.references.n else 0.0
        frequency = self.references.frequency
        return {
            gram: count * (documents - math.log(max(1, frequency[gram])))
            for gram, count in counts.items()
        }

    def identity_value(self, text: str) -> float:
        tokens = self.tokenizer(text)
        return self._score(tokens, tokens)

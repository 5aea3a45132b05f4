"""CIDEr as the field computes it: CIDEr-D of pycocoevalcap (Vedantam et al. 2015).

TF-IDF vectors of 1- to 4-grams, the prediction's clipped to the reference's, cosine similarity
per order, a Gaussian penalty (sigma 6) on the difference of lengths, mean over orders, times 10.
The document frequencies are those of the references of the *whole run*, known before the first
generation; slices and resamples keep them, so the score of a case never depends on its company.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_pet2rep.errors import MetricUnavailable
from pytest_pet2rep.metrics.text import TokenMetric

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.pairs import TokenPair

ORDERS, SIGMA, SCALE = 4, 6.0, 10.0

Codes: TypeAlias = npt.NDArray[np.uint64]
"""64-bit hashes of n-grams: among ten million distinct ones two coincide with a chance of some
3 in a million, whatever the vocabulary, and their order does not depend on that of the texts."""
Weights: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class References:
    """What CIDEr keeps of ``n`` references.

    ``codes`` are the n-grams that occur in two references or more, sorted, and ``frequency`` in
    how many; an n-gram of one reference weighs as much as an unknown one.
    """

    n: int
    codes: Codes
    frequency: npt.NDArray[np.int64]
    digest: str

    def weights(self, codes: Codes) -> Weights:
        """Inverse document frequencies, natural logarithm."""
        at = np.searchsorted(self.codes, codes)
        at[at == self.codes.size] = 0
        known = self.codes[at] == codes if self.codes.size else np.zeros(codes.size, dtype=bool)
        frequency = np.where(known, self.frequency[at] if self.codes.size else 1, 1)
        return math.log(self.n) - np.log(frequency) if self.n else np.zeros(codes.size)


def ngram_codes(tokens: Sequence[str]) -> list[Codes]:
    """Codes of the n-grams of a text, one array per order."""
    single = np.array([_token_code(token) for token in tokens], dtype=np.uint64)
    codes, longer = [single], single
    for order in range(2, ORDERS + 1):
        longer = _mixed(longer[:-1]) + single[order - 1 :]
        codes.append(longer)
    return [_mixed(each + np.uint64(order)) for order, each in enumerate(codes)]


@lru_cache(maxsize=1 << 17)
def _token_code(token: str) -> int:
    spelled = token.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(spelled, digest_size=8).digest(), "big")


def _mixed(codes: Codes) -> Codes:
    """Spread every bit over all others (finaliser of SplitMix64, doi 10.1145/2660193.2660195)."""
    codes = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    codes = (codes ^ (codes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return codes ^ (codes >> np.uint64(31))


def count_references(tokenized: Iterable[Sequence[str]]) -> References:
    """Count document frequencies: 8 bytes for each distinct n-gram of each reference."""
    documents, digests = [], []
    for tokens in tokenized:
        documents.append(np.unique(np.concatenate(ngram_codes(tokens))))
        text = "\x1f".join(tokens).encode("utf-8", "surrogatepass")
        digests.append(hashlib.sha256(text).digest())
    everything = np.concatenate(documents) if documents else np.empty(0, dtype=np.uint64)
    codes, frequency = np.unique(everything, return_counts=True)
    shared = frequency > 1
    return References(
        n=len(documents),
        codes=codes[shared],
        frequency=frequency[shared],
        digest=hashlib.sha256(b"".join(sorted(digests))).hexdigest()[:8],
    )


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
        sides = zip(ngram_codes(reference), ngram_codes(prediction), strict=True)
        cosines = [_cosine(self.references, wanted, given) for wanted, given in sides]
        # The length that pycocoevalcap compares is the number of bigrams.
        longer = max(len(prediction) - 1, 0) - max(len(reference) - 1, 0)
        return SCALE * math.fsum(cosines) / ORDERS * math.exp(-(longer**2) / (2 * SIGMA**2))

    def identity_value(self, text: str) -> float:
        tokens = self.tokenizer(text)
        return self._score(tokens, tokens)


def _cosine(references: References, wanted: Codes, given: Codes) -> float:
    """Clipped cosine similarity of the n-grams of one order."""
    wanted_codes, wanted_counts = np.unique(wanted, return_counts=True)
    given_codes, given_counts = np.unique(given, return_counts=True)
    wanted_vector = wanted_counts * references.weights(wanted_codes)
    given_vector = given_counts * references.weights(given_codes)
    norms = float(np.linalg.norm(wanted_vector) * np.linalg.norm(given_vector))
    if not norms:
        return 0.0
    _, at_wanted, at_given = np.intersect1d(
        wanted_codes, given_codes, assume_unique=True, return_indices=True
    )
    shared = wanted_vector[at_wanted]
    return float(np.minimum(given_vector[at_given], shared) @ shared) / norms

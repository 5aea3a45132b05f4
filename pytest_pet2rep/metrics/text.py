"""What a text metric is, and how scores are made from the statistics of cases.

A metric turns one pair of reports into a short list of numbers; the lists of cases are added, and
the sums give the score.  So corpus scores, slices and bootstrap never need the texts again, a
million pairs stream in constant memory, and the order of cases cannot matter: sums of floats are
kept exactly.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_pet2rep.errors import DataProblem, MetricUnavailable
from pytest_pet2rep.metrics.tokenizers import Tokenizer
from pytest_pet2rep.types import Language, Level, Score, Section

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.pairs import TokenPair

Pair = tuple[str, str]
"""Reference text, predicted text."""


@runtime_checkable
class TextMetric(Protocol):
    """One named text metric under one convention."""

    @property
    def name(self) -> str:
        """Name under which the score is kept, e.g. ``bleu4`` or ``bleu4:char``."""

    @property
    def level(self) -> Level:
        """How the cases are put together."""

    @property
    def higher_is_better(self) -> bool:
        """Direction of the score."""

    def signature(self, n: int | None = None) -> str:
        """Name tokenizer, smoothing, section, level and library versions; equal means comparable.

        ``n`` is the number of cases, for display; it is no part of what is compared.
        """

    def statistics(self, reference: str, prediction: str) -> list[float]:
        """Sufficient statistics of one case: plain numbers that are added over cases."""

    def batch_statistics(self, pairs: Sequence[Pair]) -> list[list[float]]:
        """Statistics of many cases, in their order; faster where batches help."""

    def value(self, sums: Sequence[float], n: int) -> float | None:
        """Score of ``n`` cases from the element-wise sums of their statistics."""

    def aggregate(self, stats: Iterable[Sequence[float]]) -> float | None:
        """Score of the cases whose statistics are given; ``None`` for no case."""

    def identity_value(self, text: str) -> float:
        """Score of a prediction that equals the reference ``text``."""

    def disjoint_bounds(self, reference: str, prediction: str) -> tuple[float, float]:
        """Lowest and highest score of a pair without a common token."""


class Sees(StrEnum):
    """What a metric is shown of the two reports of a case."""

    SCORED = "scored"
    """The section that is scored, of the generated report after cleaning."""
    WHOLE = "whole"
    """The whole texts with their headings, and the generated one as the model returned it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Convention:
    """What scores must share to be comparable, besides the metric's own settings."""

    language: Language
    section: Section
    cleaning: str = "clean:none"
    """Version of the cleaning step of generated texts, ``clean:none`` where there is none."""
    sees: Sees = Sees.SCORED

    def signature(self) -> str:
        """Spell it out; who sees whole texts as they came has neither section nor cleaning."""
        whole = self.sees is Sees.WHOLE
        section, cleaning = ("whole", "clean:none") if whole else (self.section, self.cleaning)
        return f"section:{section}|language:{self.language}|{cleaning}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AdditiveMetric(ABC):
    """A metric whose statistics are added over cases."""

    name: str
    convention: Convention
    level: Level = Level.MEAN_OF_CASES
    higher_is_better: bool = True

    @abstractmethod
    def statistics(self, reference: str, prediction: str) -> list[float]: ...

    @property
    def sees(self) -> Sees:
        """What the metric is to be shown."""
        return self.convention.sees

    @abstractmethod
    def settings(self) -> tuple[str, ...]:
        """Parts of the signature that name tokenizer, smoothing and library versions."""

    def label(self) -> str:
        """Name of the metric in its signature, whatever name it was asked for by."""
        return self.name.partition(":")[0]

    def signature(self, n: int | None = None) -> str:
        parts = [self.label(), *self.settings(), f"level:{self.level}"]
        parts.append(self.convention.signature())
        return "|".join(parts if n is None else [*parts, f"n:{n}"])

    def batch_statistics(self, pairs: Sequence[Pair]) -> list[list[float]]:
        return [self.statistics(reference, prediction) for reference, prediction in pairs]

    def value(self, sums: Sequence[float], n: int) -> float | None:
        """Mean of the single statistic of each case; corpus-level metrics override this."""
        return sums[0] / n if n else None

    def aggregate(self, stats: Iterable[Sequence[float]]) -> float | None:
        sums = Sums()
        for row in stats:
            sums.add(row)
        return self.value(sums.totals(), sums.n)

    def identity_value(self, text: str) -> float:
        return 1.0 if text.strip() else 0.0

    def disjoint_bounds(self, reference: str, prediction: str) -> tuple[float, float]:
        return (0.0, 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenMetric(AdditiveMetric):
    """A metric that sees tokens only; those with one tokenizer share one tokenized pair."""

    tokenizer: Tokenizer

    @abstractmethod
    def token_statistics(self, pair: TokenPair) -> list[float]:
        """Statistics of one case from its tokens."""

    def statistics(self, reference: str, prediction: str) -> list[float]:
        return self.token_statistics(_tokenize(self.tokenizer, reference, prediction))

    def settings(self) -> tuple[str, ...]:
        return (f"tok:{self.tokenizer.signature}",)

    def identity_value(self, text: str) -> float:
        return 1.0 if self.tokenizer(text) else 0.0


@runtime_checkable
class CorpusFitted(Protocol):
    """A metric that must see all references of a run before it can score one case."""

    def fit(self, references: Iterable[str]) -> TextMetric:
        """Return the metric with what it needs from ``references`` (one per case)."""


def fit_metrics(metrics: Sequence[TextMetric], references: Iterable[str]) -> tuple[TextMetric, ...]:
    """Show the references of all cases to the metrics that need them (``cider``).

    Without such a metric ``references`` is not touched, so it may be a reader of a large file.
    """
    if not any(isinstance(metric, CorpusFitted) for metric in metrics):
        return tuple(metrics)
    texts = list(references)
    return tuple(
        metric.fit(texts) if isinstance(metric, CorpusFitted) else metric for metric in metrics
    )


def score_pair(
    metrics: Sequence[TextMetric], reference: str, prediction: str
) -> dict[str, list[float]]:
    """Statistics of one case under every metric, by metric name.

    Metrics of the same tokenizer share one tokenization and one count of n-grams.  Raises
    ``DataProblem`` for a text that one of the metrics cannot take.
    """
    pairs: dict[str, TokenPair] = {}
    return {metric.name: _statistics(metric, reference, prediction, pairs) for metric in metrics}


def score_pair_as_far_as_possible(
    metrics: Sequence[TextMetric], reference: str, prediction: str
) -> tuple[dict[str, list[float]], dict[str, DataProblem]]:
    """Like ``score_pair``, but a text that a metric cannot take is empty for this metric alone.

    The second value names these metrics and why.
    """
    pairs: dict[str, TokenPair] = {}
    found: dict[str, list[float]] = {}
    problems: dict[str, DataProblem] = {}
    for metric in metrics:
        try:
            found[metric.name] = _statistics(metric, reference, prediction, pairs)
        except DataProblem as why:
            problems[metric.name] = why
            found[metric.name] = _without_prediction(metric, reference)
    return found, problems


def _statistics(
    metric: TextMetric, reference: str, prediction: str, pairs: dict[str, TokenPair]
) -> list[float]:
    """Statistics of one case; ``pairs`` keeps what was tokenized, by tokenizer."""
    if not isinstance(metric, TokenMetric):
        return metric.statistics(reference, prediction)
    key = metric.tokenizer.signature
    if key not in pairs:
        pairs[key] = _tokenize(metric.tokenizer, reference, prediction)
    return metric.token_statistics(pairs[key])


def _without_prediction(metric: TextMetric, reference: str) -> list[float]:
    """Statistics of an empty report; the reference may be what the metric cannot take."""
    try:
        return metric.statistics(reference, "")
    except DataProblem:
        return metric.statistics("", "")


def score_pairs(
    metrics: Sequence[TextMetric], pairs: Sequence[Pair]
) -> list[dict[str, list[float]]]:
    """Statistics of many cases at once; metrics that profit from batches get them whole."""
    single = [metric for metric in metrics if isinstance(metric, TokenMetric)]
    rows = [score_pair(single, reference, prediction) for reference, prediction in pairs]
    for metric in metrics:
        if not isinstance(metric, TokenMetric):
            for row, statistics in zip(rows, metric.batch_statistics(pairs), strict=True):
                row[metric.name] = statistics
    return rows


def _tokenize(tokenizer: Tokenizer, reference: str, prediction: str) -> TokenPair:
    from pytest_pet2rep.metrics.pairs import TokenPair

    return TokenPair(tokenizer(reference), tokenizer(prediction))


class Sums:
    """Element-wise sums of rows of numbers, exact for floats whatever their order.

    Floats are kept as Shewchuk's non-overlapping partial sums (the method of ``math.fsum``), a
    few numbers for any number of rows.
    """

    def __init__(self) -> None:
        self.n = 0
        self._partials: list[list[float]] = []

    def add(self, row: Sequence[float]) -> None:
        """Add one row; all rows have the same length."""
        if not self.n:
            self._partials = [[] for _ in row]
        if len(row) != len(self._partials):
            raise ValueError(f"row of {len(row)} numbers after rows of {len(self._partials)}")
        self.n += 1
        for partials, number in zip(self._partials, row, strict=True):
            _grow(partials, number)

    def totals(self) -> list[float]:
        """Correctly rounded sums, one per column."""
        return [math.fsum(partials) for partials in self._partials]


def _grow(partials: list[float], number: float) -> None:
    kept = 0
    for partial in partials:
        large, small = (number, partial) if abs(number) >= abs(partial) else (partial, number)
        number = large + small
        rest = small - (number - large)
        if rest:
            partials[kept] = rest
            kept += 1
    partials[kept:] = [number]


class ScoreAccumulator:
    """Scores over a stream of cases in constant memory."""

    def __init__(self, metrics: Sequence[TextMetric]) -> None:
        self._metrics = tuple(metrics)
        self._sums = {metric.name: Sums() for metric in metrics}

    def add(self, statistics: Mapping[str, Sequence[float]]) -> None:
        """Add one case as ``score_pair`` returned it; a missing metric is a ``KeyError``."""
        for name, sums in self._sums.items():
            sums.add(statistics[name])

    def scores(self) -> tuple[Score, ...]:
        """Scores of all cases so far, one per metric in their order."""
        return tuple(self._score(metric) for metric in self._metrics)

    def _score(self, metric: TextMetric) -> Score:
        sums = self._sums[metric.name]
        value = metric.value(sums.totals(), sums.n) if sums.n else None
        if value is not None and not math.isfinite(value):
            raise MetricUnavailable(
                f"metric {metric.name!r} gave {value} over {sums.n} cases, which is no score; "
                f"its statistics must be finite numbers"
            )
        return Score(
            name=metric.name,
            value=value,
            signature=metric.signature(),
            n=sums.n,
            level=metric.level,
            higher_is_better=metric.higher_is_better,
            reason="" if value is not None else "no case was scored",
        )


def aggregate_scores(
    metrics: Sequence[TextMetric], cases: Iterable[Mapping[str, Sequence[float]]]
) -> tuple[Score, ...]:
    """Scores of the cases whose ``score_pair`` results are given, one per metric in their order."""
    accumulator = ScoreAccumulator(metrics)
    for statistics in cases:
        accumulator.add(statistics)
    return accumulator.scores()

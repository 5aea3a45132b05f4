"""Try every metric on a few sentences before the first generation.

A wrong tokenizer or a broken library shows here in milliseconds, not as a plausible number after
hours: identical text must reach the metric's own identity value, disjoint text must stay in its
bounds, similar text must score better than disjoint text, empty text must score 0, the order of
cases must not matter, most of the text must survive tokenization (the guard against metrics that
see nothing of a Chinese report but "FDG"), and similar texts must have tokens in common (the guard
against tokenizers that take a Chinese clause for one word).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pytest_pet2rep.errors import MetricUnavailable
from pytest_pet2rep.metrics.text import (
    TextMetric,
    aggregate_scores,
    fit_metrics,
    score_pairs,
)
from pytest_pet2rep.metrics.tokenizers import Tokenizer
from pytest_pet2rep.types import Language

TOLERANCE = 1e-5
"""What single precision in an encoder may cost; a broken metric is further off."""
SURVIVAL_FLOOR = 0.7
"""Least share of the letters, digits and Han characters of a report that must be in tokens."""

RUN = 4
"""Tokens of the longest n-gram that a metric looks at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SelfTestText:
    """Sentences of one language; ``other`` shares no token with ``report`` in any tokenizer."""

    report: str
    similar: str
    other: str


@cache
def self_test_text(language: Language) -> SelfTestText:
    """Sentences for the self-test, composed for this project."""
    file = resources.files("pytest_pet2rep").joinpath("data/metrics/selftest.toml")
    return SelfTestText(**tomllib.loads(file.read_text(encoding="utf-8"))[language.value])


def self_test(metrics: Sequence[TextMetric], language: Language) -> None:
    """Check ``metrics`` on text of ``language``.

    Raises ``MetricUnavailable`` that names the metric, what was expected and what came out.
    """
    text = self_test_text(language)
    for metric in metrics:
        tokenizer = getattr(metric, "tokenizer", None)
        if isinstance(tokenizer, Tokenizer):
            check_survival(metric.name, tokenizer, text.report)
            check_overlap(metric.name, tokenizer, text)
    pairs = [
        (text.report, text.report),
        (text.report, text.other),
        (text.report, text.similar),
        (text.report, ""),
        ("", text.report),
        ("", ""),
    ]
    fitted = fit_metrics(metrics, [text.report, text.other, text.similar])
    rows = score_pairs(fitted, pairs)
    for metric in fitted:
        _check_values(metric, text, [row[metric.name] for row in rows])
    _check_order(fitted, rows)


def check_survival(name: str, tokenizer: Tokenizer, text: str) -> None:
    """Raise ``MetricUnavailable`` if too little of ``text`` is left in its tokens."""
    whole = sum(map(str.isalnum, text))
    left = sum(map(str.isalnum, "".join(tokenizer(text))))
    if whole and left < SURVIVAL_FLOOR * whole:
        raise MetricUnavailable(
            f"metric {name!r}: tokenizer {tokenizer.name!r} keeps {left} of {whole} characters of "
            f"a report, so scores would compare next to nothing; choose another tokenizer, "
            f"e.g. {name.partition(':')[0]}:char"
        )


def check_overlap(name: str, tokenizer: Tokenizer, text: SelfTestText) -> None:
    """Raise ``MetricUnavailable`` if two reports that differ in few words share no token."""
    if set(tokenizer(text.report)).isdisjoint(tokenizer(text.similar)):
        raise MetricUnavailable(
            f"metric {name!r}: with tokenizer {tokenizer.name!r} two reports that differ in a few "
            f"words have nothing in common, so that all scores would be next to 0; choose another "
            f"tokenizer, e.g. {name.partition(':')[0]}:char"
        )


def _shares_a_run(metric: TextMetric, text: SelfTestText) -> bool:
    """Whether ``similar`` has n-grams of every order in common with ``report``, by its tokens."""
    tokenizer = getattr(metric, "tokenizer", None)
    if not isinstance(tokenizer, Tokenizer):
        return False
    runs, others = (
        {tuple(tokens[at : at + RUN]) for at in range(len(tokens) - RUN + 1)}
        for tokens in (tokenizer(text.report), tokenizer(text.similar))
    )
    return not runs.isdisjoint(others)


def _check_values(metric: TextMetric, text: SelfTestText, stats: list[list[float]]) -> None:
    values = [_value(metric, [row]) for row in stats]
    identical, disjoint, similar = values[:3]
    want = metric.identity_value(text.report)
    if abs(identical - want) > TOLERANCE:
        raise _failed(metric, f"identical texts score {identical:.6g}, not {want:.6g}")
    low, high = metric.disjoint_bounds(text.report, text.other)
    if not low - TOLERANCE <= disjoint <= high + TOLERANCE:
        bounds = f"between {low:.6g} and {high:.6g}"
        raise _failed(metric, f"texts without a common word score {disjoint:.6g}, not {bounds}")
    best, worst = (max, min) if metric.higher_is_better else (min, max)
    blind = similar == disjoint and _shares_a_run(metric, text)
    between = best(identical, similar) == identical and worst(disjoint, similar) == disjoint
    if blind or not between:
        raise _failed(
            metric,
            f"a similar text scores {similar:.6g}, which is not between the score of a text "
            f"without a common word ({disjoint:.6g}) and that of the identical one "
            f"({identical:.6g})",
        )
    if any(values[3:]):
        raise _failed(metric, f"an empty report scores {max(values[3:]):.6g}, not 0")


def _value(metric: TextMetric, stats: Iterable[Sequence[float]]) -> float:
    value = metric.aggregate(stats)
    if value is None:
        raise _failed(metric, "a scored case gives no score")
    return value


def _check_order(metrics: Sequence[TextMetric], rows: list[dict[str, list[float]]]) -> None:
    forward = aggregate_scores(metrics, rows)
    backward = aggregate_scores(metrics, reversed(rows))
    for metric, one, other in zip(metrics, forward, backward, strict=True):
        if one.value != other.value:
            raise _failed(metric, f"the order of cases changes {one.value} into {other.value}")


def _failed(metric: TextMetric, what: str) -> MetricUnavailable:
    return MetricUnavailable(
        f"metric {metric.name!r} fails its self-test: {what} ({metric.signature()})"
    )

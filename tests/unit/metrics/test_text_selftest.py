"""The self-test lets sound metrics pass and stops each kind of broken one."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pytest_pet2rep.errors import MetricUnavailable
from pytest_pet2rep.metrics.pairs import TokenPair
from pytest_pet2rep.metrics.registry import SETS, resolve_metrics
from pytest_pet2rep.metrics.selftest import self_test, self_test_text
from pytest_pet2rep.metrics.text import AdditiveMetric, Convention, CorpusFitted, TokenMetric
from pytest_pet2rep.metrics.tokenizers import get_tokenizer, known_tokenizers
from pytest_pet2rep.types import Language, Section

CONVENTION = Convention(language=Language.ZH, section=Section.FINDINGS)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", SETS)
def test_every_set_passes_and_is_not_empty(name: str, language: Language) -> None:
    metrics = resolve_metrics([name], language=language, section=Section.FINDINGS)
    assert metrics
    self_test(metrics, language)
    report = self_test_text(language).report
    for metric in metrics:
        if isinstance(metric, CorpusFitted):  # scores nothing before it has seen every reference
            continue
        found = metric.aggregate([metric.statistics(report, report)])
        assert found == pytest.approx(metric.identity_value(report), abs=1e-9), metric.name


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("tokenizer", known_tokenizers())
def test_the_disjoint_sentences_share_no_token(language: Language, tokenizer: str) -> None:
    if tokenizer == "codepoint" and language is Language.EN:
        return  # English words are made of the same letters
    text, cut = self_test_text(language), get_tokenizer(tokenizer)
    assert not set(map(str.lower, cut(text.report))) & set(map(str.lower, cut(text.other)))


@pytest.mark.parametrize("name", ["rouge_l:rouge", "bleu1:rouge", "meteor:rouge"])
def test_a_tokenizer_that_leaves_only_fdg_of_a_chinese_report_is_refused(name: str) -> None:
    metrics = resolve_metrics([name], language=Language.ZH, section=Section.FINDINGS)
    with pytest.raises(MetricUnavailable, match=r"'rouge' keeps \d+ of \d+ characters"):
        self_test(metrics, Language.ZH)
    self_test(resolve_metrics([name], language=Language.EN, section=Section.FINDINGS), Language.EN)


@dataclass(frozen=True, kw_only=True)
class Broken(AdditiveMetric):
    """Share of common characters, with one fault."""

    fault: str

    def settings(self) -> tuple[str, ...]:
        return ()

    def statistics(self, reference: str, prediction: str) -> list[float]:
        if not reference or not prediction:
            return [0.5 if self.fault == "empty" else 0.0]
        if reference == prediction:
            return [0.9 if self.fault == "identity" else 1.0]
        share = len(set(reference) & set(prediction)) / len(set(reference) | set(prediction))
        if self.fault == "blind":
            return [0.0]
        if self.fault == "disjoint" and share < 0.1:
            return [0.4]
        return [2.0 if self.fault == "similar" and share else share]

    def value(self, sums: object, n: int) -> float | None:
        return AdditiveMetric.value(self, sums, n)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("identity", "identical texts score 0.9, not 1"),
        ("disjoint", "texts without a common word score 0.4, not between 0 and 0"),
        ("similar", "a similar text scores 2, which is not between"),
        ("empty", "an empty report scores 0.5, not 0"),
    ],
)
def test_a_broken_metric_is_named_with_what_came_out(fault: str, message: str) -> None:
    metric = Broken(name="broken", convention=CONVENTION, fault=fault)
    with pytest.raises(MetricUnavailable, match=f"'broken' fails its self-test: {message}"):
        self_test([metric], Language.ZH)


@dataclass(frozen=True, kw_only=True)
class LastCase(AdditiveMetric):
    """Depends on the order of cases: statistics are sound, the sum is not."""

    seen: list[float]

    def settings(self) -> tuple[str, ...]:
        return ()

    def statistics(self, reference: str, prediction: str) -> list[float]:
        return [float(bool(reference) and reference == prediction)]

    def value(self, sums: object, n: int) -> float | None:
        self.seen.append(0.0)
        mean = AdditiveMetric.value(self, sums, n)  # type: ignore[arg-type]
        return mean if n == 1 or mean is None else mean + len(self.seen)


def test_a_metric_that_depends_on_the_order_of_cases_is_refused() -> None:
    metric = LastCase(name="last", convention=CONVENTION, seen=[])
    with pytest.raises(MetricUnavailable, match="the order of cases changes"):
        self_test([metric], Language.ZH)


@pytest.mark.parametrize("name", ["bleu4:whitespace", "rouge_l:13a", "cider:whitespace"])
def test_a_tokenizer_that_takes_chinese_clauses_for_words_is_refused(name: str) -> None:
    metrics = resolve_metrics([name], language=Language.ZH, section=Section.FINDINGS)
    with pytest.raises(MetricUnavailable, match="two reports that differ in a few words"):
        self_test(metrics, Language.ZH)
    self_test(resolve_metrics([name], language=Language.EN, section=Section.FINDINGS), Language.EN)


@dataclass(frozen=True, kw_only=True)
class Exact(TokenMetric):
    """Sees identity and nothing else."""

    def token_statistics(self, pair: TokenPair) -> list[float]:
        same = list(pair.reference) == list(pair.prediction) and len(pair.reference) > 0
        return [float(same)]


def test_a_metric_of_tokens_must_tell_similar_from_unrelated_text() -> None:
    metric = Exact(name="exact", convention=CONVENTION, tokenizer=get_tokenizer("char"))
    with pytest.raises(MetricUnavailable, match="a similar text scores 0, which is not between"):
        self_test([metric], Language.ZH)

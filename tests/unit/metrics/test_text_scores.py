"""Scores out of statistics: levels, empties, odd text, and sharing of what was counted."""

from __future__ import annotations

import math

import pytest

from pytest_pet2rep.errors import DataProblem, MetricUnavailable
from pytest_pet2rep.metrics import text as text_module
from pytest_pet2rep.metrics.registry import SETS, resolve_metrics
from pytest_pet2rep.metrics.text import (
    ScoreAccumulator,
    Sums,
    aggregate_scores,
    fit_metrics,
    score_pair,
    score_pairs,
)
from pytest_pet2rep.metrics.tokenizers import Tokenizer
from pytest_pet2rep.types import Language, Level, Section
from tests.text_reports import ZH

NAMES = [*SETS["full"], *SETS["petrg"], "meteor_compat"]
ODD = [
    "",
    "肝",
    "。",
    "，。；\n",
    "\x00",
    "\ud800\udc00",
    "😀👩‍⚕️",
    "FDG肝\u0301 uptake\t增高",
    "\u3000 \r\n",
]


def fitted(*names: str) -> tuple[text_module.TextMetric, ...]:
    metrics = resolve_metrics(names, language=Language.ZH, section=Section.FINDINGS)
    return fit_metrics(metrics, [reference for reference, _ in ZH])


def test_corpus_bleu_is_not_the_mean_of_sentence_bleu() -> None:
    metrics = fitted("bleu2", "bleu2_mean")
    corpus, mean = aggregate_scores(metrics, [score_pair(metrics, *pair) for pair in ZH])
    assert (corpus.level, mean.level) == (Level.CORPUS, Level.MEAN_OF_CASES)
    assert corpus.value != pytest.approx(mean.value, abs=0.01)


def test_without_a_case_there_is_no_score_and_a_reason() -> None:
    for score in aggregate_scores(fitted(*NAMES), []):
        assert (score.value, score.n, score.reason) == (None, 0, "no case was scored")


@pytest.mark.parametrize("reference", ODD)
@pytest.mark.parametrize("prediction", ODD)
def test_odd_text_gets_a_score(reference: str, prediction: str) -> None:
    metrics = fitted(*NAMES)
    for score in aggregate_scores(metrics, [score_pair(metrics, reference, prediction)]):
        assert score.value is not None
        assert math.isfinite(score.value)
        if not (reference.strip() and prediction.strip()):
            assert score.value == 0


def test_a_changed_case_of_letters_is_seen_by_bleu_and_not_by_meteor() -> None:
    metrics = fitted("bleu1:char", "meteor:char")
    statistics = score_pair(metrics, "FDG摄取增高。", "fdg摄取增高。")
    bleu, meteor = aggregate_scores(metrics, [statistics])
    assert bleu.value == pytest.approx(5 / 6)
    assert meteor.value == metrics[1].identity_value("FDG摄取增高。")


def test_meteor_of_identical_text_is_less_than_one_and_declared_so() -> None:
    (metric,) = fitted("meteor:char")
    assert metric.identity_value("肝") == 0.5
    assert metric.identity_value("肝大") == 1 - 0.5 / 8


def test_add_one_bleu_of_disjoint_text_is_more_than_zero_and_declared_so() -> None:
    (metric,) = fitted("bleu1_mean+add1:char")
    low, high = metric.disjoint_bounds("肝大", "脾小")
    assert low == high == pytest.approx(1 / 3 * math.exp(0))
    assert metric.aggregate([metric.statistics("肝大", "脾小")]) == low


def test_metrics_of_one_tokenizer_cut_a_pair_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    original = Tokenizer.__call__

    def counted(self: Tokenizer, text: str) -> list[str]:
        calls.append(self.name)
        return original(self, text)

    metrics = fitted("pet2rep", "bleu4:char", "rouge_l:char")
    monkeypatch.setattr(Tokenizer, "__call__", counted)
    score_pair(metrics, *ZH[0])
    assert sorted(calls) == ["char", "char", "jieba", "jieba"]


def test_many_pairs_at_once_score_as_one_by_one() -> None:
    metrics = fitted(*NAMES)
    assert score_pairs(metrics, ZH) == [score_pair(metrics, *pair) for pair in ZH]


def test_cider_before_it_has_seen_the_references_is_a_named_error() -> None:
    metrics = resolve_metrics(["cider"], language=Language.ZH, section=Section.FINDINGS)
    with pytest.raises(MetricUnavailable, match="needs the references of all cases"):
        score_pair(metrics, *ZH[0])


def test_cider_of_a_case_does_not_depend_on_its_company_and_its_signature_names_the_corpus() -> (
    None
):
    (metric,) = fitted("cider")
    alone, together = metric.statistics(*ZH[0]), score_pairs([metric], ZH)[0]["cider"]
    assert alone == together
    unfitted = resolve_metrics(["cider"], language=Language.ZH, section=Section.FINDINGS)
    (other,) = fit_metrics(unfitted, [reference for reference, _ in ZH[:2]])
    assert "df:references.3." in metric.signature()
    assert "df:references.2." in other.signature()


def test_references_are_not_read_without_a_metric_that_needs_them() -> None:
    def unreadable() -> object:
        raise AssertionError("read")
        yield

    metrics = resolve_metrics(["pet2rep"], language=Language.ZH, section=Section.FINDINGS)
    assert fit_metrics(metrics, unreadable()) == metrics  # type: ignore[arg-type]


def test_more_distinct_tokens_than_a_code_can_hold_are_renumbered() -> None:
    """Vocabulary to the fourth power beyond 64 bits: the counts stay those of small texts."""
    (metric,) = fitted("bleu4:whitespace")
    many = " ".join(map(str, range(60_000)))
    assert metric.aggregate([metric.statistics(many, many)]) == 1
    swapped = many.replace("100 101 102 103", "101 100 102 103")
    row = metric.statistics(many, swapped)
    assert row[:4] == [60_000, 59_996, 59_994, 59_992]


def test_two_huge_reports_for_rouge_lsum_are_a_named_error() -> None:
    (metric,) = fitted("rouge_lsum:char")
    with pytest.raises(DataProblem, match="rouge_lsum: a reference of 10000 tokens in 1 lines"):
        metric.statistics("肝" * 10_000, "脾" * 10_000)


def test_a_score_that_is_no_number_is_refused() -> None:
    metrics = fitted("meteor")
    accumulator = ScoreAccumulator(metrics)
    accumulator.add({"meteor": [math.inf]})
    with pytest.raises(MetricUnavailable, match="gave inf over 1 cases"):
        accumulator.scores()


def test_rows_of_different_length_are_not_added() -> None:
    sums = Sums()
    sums.add([1, 2])
    with pytest.raises(ValueError, match="row of 1 numbers after rows of 2"):
        sums.add([1])

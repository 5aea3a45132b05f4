"""Invariants of the text metrics on made-up text, and equality with the libraries on it."""

from __future__ import annotations

import json
import math
import warnings
from functools import cache

import jieba
import pytest
import sacrebleu
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from pytest_pet2rep.metrics.porter import stem
from pytest_pet2rep.metrics.registry import SETS, resolve_metrics
from pytest_pet2rep.metrics.text import (
    ScoreAccumulator,
    Sums,
    TextMetric,
    aggregate_scores,
    fit_metrics,
    score_pair,
)
from pytest_pet2rep.metrics.tokenizers import get_tokenizer
from pytest_pet2rep.types import Language, Section
from tests.text_reports import ZH, Cut, EmptyWordNet

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from nltk.stem.porter import PorterStemmer
    from nltk.translate import bleu_score as nltk_bleu
    from nltk.translate.meteor_score import meteor_score as nltk_meteor

unhurried = settings(deadline=None)

WORDS = ["肝", "脏", "摄取", "增高", "未见", "异常", "，", "。", "FDG", "fdg", "1.5", "\n"]
WORDS += ["Nodules", "nodule", "livers", "liver"]
words = st.lists(st.sampled_from(WORDS), max_size=40)
phrases = words.map("".join)
spaced = words.map(" ".join)
wild = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("肝脏。\n\x00\ud800😀\u200d \u3000‮"),
    ),
    max_size=60,
)
texts = st.one_of(phrases, spaced, wild)
pairs = st.tuples(texts, texts)


@cache
def every_metric() -> tuple[TextMetric, ...]:
    names = [*SETS["full"], *SETS["petrg"], "bleu4_mean+exp", "bleu4:char", "meteor_compat"]
    metrics = resolve_metrics(names, language=Language.ZH, section=Section.FINDINGS)
    return fit_metrics(metrics, [reference for reference, _ in ZH])


@unhurried
@given(pairs)
@example(("\ud800", "肝\x00"))
@example(("。", "。"))
def test_any_text_scores_finitely_between_nothing_and_identity(pair: tuple[str, str]) -> None:
    statistics = score_pair(every_metric(), *pair)
    assert json.loads(json.dumps(statistics)) == statistics
    for metric in every_metric():
        value = metric.aggregate([statistics[metric.name]])
        assert value is not None
        assert 0 <= value <= (10 if metric.name.endswith("cider") else 1) + 1e-9


@unhurried
@given(texts)
def test_a_text_against_itself_reaches_the_declared_identity_value(text: str) -> None:
    for metric in every_metric():
        value = metric.aggregate([metric.statistics(text, text)])
        assert value == pytest.approx(metric.identity_value(text), abs=1e-9), metric.name


@unhurried
@given(texts)
def test_against_nothing_every_text_scores_zero(text: str) -> None:
    for metric in every_metric():
        assert metric.aggregate([metric.statistics(text, "")]) == 0
        assert metric.aggregate([metric.statistics("", text)]) == 0


@unhurried
@given(st.lists(pairs, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_cases_changes_no_bit(cases: list[tuple[str, str]], random: object) -> None:
    rows = [score_pair(every_metric(), *pair) for pair in cases]
    before = aggregate_scores(every_metric(), rows)
    random.shuffle(rows)  # type: ignore[attr-defined]
    assert aggregate_scores(every_metric(), rows) == before


@unhurried
@given(st.lists(pairs, max_size=5))
def test_a_stream_scores_as_the_whole_list(cases: list[tuple[str, str]]) -> None:
    rows = [score_pair(every_metric(), *pair) for pair in cases]
    accumulator = ScoreAccumulator(every_metric())
    for row in rows:
        accumulator.add(row)
    for metric, score in zip(every_metric(), accumulator.scores(), strict=True):
        assert score.value == metric.aggregate([row[metric.name] for row in rows])
        assert score.n == len(cases)


@unhurried
@given(pairs)
def test_sharing_a_tokenized_pair_changes_no_statistic(pair: tuple[str, str]) -> None:
    together = score_pair(every_metric(), *pair)
    for metric in every_metric():
        assert metric.statistics(*pair) == together[metric.name]


floats = st.floats(-1e9, 1e9, allow_nan=False)


@unhurried
@given(st.lists(floats, min_size=1))
def test_sums_are_exact(numbers: list[float]) -> None:
    sums = Sums()
    for number in numbers:
        sums.add([number])
    assert sums.totals() == [math.fsum(numbers)]


@unhurried
@given(texts)
@example("。\r\n肝。\n\n脏")
def test_jieba_by_sentence_is_jieba(text: str) -> None:
    assert get_tokenizer("jieba")(text) == [word for word in jieba.lcut(text) if word.strip()]


def mean(name: str, pair: tuple[str, str]) -> float:
    (metric,) = resolve_metrics([name], language=Language.ZH, section=Section.FINDINGS)
    value = metric.aggregate([metric.statistics(*pair)])
    assert value is not None
    return value


@unhurried
@given(pairs)
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("rouge_1", "rouge1"),
        ("rouge_2", "rouge2"),
        ("rouge_l", "rougeL"),
        ("rouge_lsum", "rougeLsum"),
    ],
)
def test_rouge_is_that_of_rouge_score(name: str, theirs: str, pair: tuple[str, str]) -> None:
    scorer = RougeScorer([theirs], tokenizer=Cut(get_tokenizer("char")))
    expected = scorer.score(*pair)[theirs].fmeasure
    assert mean(f"{name}:char", pair) == pytest.approx(expected, abs=1e-9)


@unhurried
@given(pairs, st.sampled_from(["char", "whitespace"]))
@example(("ponies\n1.5", "pony\nponies"), "char")
def test_meteor_is_that_of_nltk_without_wordnet(pair: tuple[str, str], tokenizer: str) -> None:
    reference, prediction = map(get_tokenizer(tokenizer), pair)
    expected = nltk_meteor([reference], prediction, wordnet=EmptyWordNet())
    assert mean(f"meteor:{tokenizer}", pair) == pytest.approx(expected, abs=1e-9)


@unhurried
@given(pairs, st.integers(1, 4))
@pytest.mark.filterwarnings("ignore:\\n?The hypothesis contains 0 counts:UserWarning")
def test_bleu_is_that_of_nltk_where_the_text_has_an_ngram(
    pair: tuple[str, str], order: int
) -> None:
    reference, prediction = map(get_tokenizer("char"), pair)
    if len(prediction) < order:
        assert mean(f"bleu{order}:char", pair) == 0
        return
    expected = nltk_bleu.sentence_bleu([reference], prediction, weights=[1 / order] * order)
    assert mean(f"bleu{order}:char", pair) == pytest.approx(float(expected), abs=1e-9)


@unhurried
@given(pairs, st.sampled_from(["zh", "13a", "intl"]))
def test_bleu_is_that_of_sacrebleu(pair: tuple[str, str], tokenizer: str) -> None:
    reference, prediction = pair
    exp = sacrebleu.sentence_bleu(prediction, [reference], tokenize=tokenizer).score / 100
    corpus = sacrebleu.corpus_bleu(
        [prediction], [[reference]], tokenize=tokenizer, smooth_method="none"
    )
    assert mean(f"bleu4_mean+exp:{tokenizer}", pair) == pytest.approx(exp, abs=1e-9)
    assert mean(f"bleu4:{tokenizer}", pair) == pytest.approx(corpus.score / 100, abs=1e-9)


@unhurried
@given(pairs)
def test_chrf_is_that_of_sacrebleu(pair: tuple[str, str]) -> None:
    expected = sacrebleu.corpus_chrf([pair[1]], [[pair[0]]]).score / 100
    assert mean("chrf", pair) == pytest.approx(expected, abs=1e-9)


SUFFIXES = ["ational", "bli", "alli", "eli", "ation", "ness", "ful", "ical", "ement", "ion", "ies"]
SUFFIXES += ["ied", "eed", "ing", "ed", "s", "y", "e", "ll", "logi"]
latin = st.builds(
    "".join,
    st.tuples(st.text("aeiouybcdlrstvz", max_size=6), *[st.sampled_from(["", *SUFFIXES])] * 2),
)


@given(st.one_of(latin, wild.map(str.lower)))
@settings(max_examples=500, deadline=None)
@example("skies")
@example("conflated")
@example("增s")
def test_stems_are_those_of_nltk(word: str) -> None:
    assert stem(word) == PorterStemmer().stem(word)

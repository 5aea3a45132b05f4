"""Every text metric equals the library that defines it, on composed reports of both languages."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from itertools import product
from statistics import fmean

import jieba
import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU

from pytest_pet2rep.metrics.registry import resolve_metrics
from pytest_pet2rep.metrics.text import aggregate_scores, fit_metrics, score_pair
from pytest_pet2rep.metrics.tokenizers import get_tokenizer
from pytest_pet2rep.types import Language, Section
from tests.text_reports import EN, REPORTS, ZH, Cut, EmptyWordNet

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from nltk.translate import bleu_score as nltk_bleu
    from nltk.translate.meteor_score import meteor_score as nltk_meteor

TOKENIZERS = ("char", "jieba", "zh", "13a", "intl", "whitespace")
EVERY = [*product(Language, TOKENIZERS)]


def score(name: str, language: Language, pairs: list[tuple[str, str]]) -> float:
    metrics = resolve_metrics([name], language=language, section=Section.FINDINGS)
    metrics = fit_metrics(metrics, [reference for reference, _ in pairs])
    (result,) = aggregate_scores(metrics, (score_pair(metrics, *pair) for pair in pairs))
    assert result.n == len(pairs)
    assert result.value is not None
    return result.value


def tokens(name: str, language: Language) -> tuple[list[list[str]], list[list[str]]]:
    cut = get_tokenizer(name)
    pairs = REPORTS[language]
    return [cut(reference) for reference, _ in pairs], [cut(text) for _, text in pairs]


@pytest.mark.parametrize(("language", "tokenizer"), EVERY)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.filterwarnings("ignore:\\n?The hypothesis contains 0 counts:UserWarning")
def test_corpus_bleu_is_that_of_nltk(language: Language, tokenizer: str, order: int) -> None:
    cut = get_tokenizer(tokenizer)
    # nltk counts one n-gram in a text that is too short to have any; nobody else does.
    long_enough = [pair for pair in REPORTS[language] if len(cut(pair[1])) >= order]
    assert long_enough
    expected = nltk_bleu.corpus_bleu(
        [[cut(reference)] for reference, _ in long_enough],
        [cut(prediction) for _, prediction in long_enough],
        weights=[1 / order] * order,
    )
    ours = score(f"bleu{order}:{tokenizer}", language, long_enough)
    assert ours == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.filterwarnings("ignore:\\n?The hypothesis contains 0 counts:UserWarning")
def test_mean_bleu_is_the_mean_of_nltk_sentence_bleu(language: Language, order: int) -> None:
    references, predictions = tokens("char", language)
    expected = fmean(
        float(nltk_bleu.sentence_bleu([reference], prediction, weights=[1 / order] * order))
        for reference, prediction in zip(references, predictions, strict=True)
    )
    ours = score(f"bleu{order}_mean:char", language, REPORTS[language])
    assert ours == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("language", "tokenizer"), [*product(Language, ("zh", "13a", "intl"))])
@pytest.mark.parametrize("smoothing", ["none", "exp"])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_corpus_bleu_is_that_of_sacrebleu(
    language: Language, tokenizer: str, smoothing: str, order: int
) -> None:
    references, predictions = zip(*REPORTS[language], strict=True)
    metric = BLEU(tokenize=tokenizer, smooth_method=smoothing, max_ngram_order=order)
    expected = metric.corpus_score(list(predictions), [list(references)]).score / 100
    ours = score(f"bleu{order}+{smoothing}:{tokenizer}", language, REPORTS[language])
    assert ours == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("language", "tokenizer"), [*product(Language, ("zh", "13a", "intl"))])
def test_exp_smoothed_mean_bleu_is_the_mean_of_sacrebleu_sentences(
    language: Language, tokenizer: str
) -> None:
    expected = fmean(
        sacrebleu.sentence_bleu(prediction, [reference], tokenize=tokenizer).score / 100
        for reference, prediction in REPORTS[language]
    )
    ours = score(f"bleu4_mean+exp:{tokenizer}", language, REPORTS[language])
    assert ours == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("language", Language)
def test_chrf_is_that_of_sacrebleu(language: Language) -> None:
    references, predictions = zip(*REPORTS[language], strict=True)
    expected = sacrebleu.corpus_chrf(list(predictions), [list(references)]).score / 100
    assert score("chrf", language, REPORTS[language]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("language", "tokenizer"), EVERY)
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("rouge_1", "rouge1"),
        ("rouge_2", "rouge2"),
        ("rouge_l", "rougeL"),
        ("rouge_lsum", "rougeLsum"),
    ],
)
def test_rouge_is_that_of_rouge_score(
    language: Language, tokenizer: str, name: str, theirs: str
) -> None:
    scorer = RougeScorer([theirs], tokenizer=Cut(get_tokenizer(tokenizer)))
    expected = fmean(
        scorer.score(reference, prediction)[theirs].fmeasure
        for reference, prediction in REPORTS[language]
    )
    ours = score(f"{name}:{tokenizer}", language, REPORTS[language])
    assert ours == pytest.approx(expected, abs=1e-9)


def test_rouge_with_the_tokenizer_of_rouge_score_is_its_default_on_english() -> None:
    scorer = RougeScorer(["rougeL"])
    expected = fmean(scorer.score(*pair)["rougeL"].fmeasure for pair in EN)
    assert score("rouge_l:rouge", Language.EN, EN) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("language", "tokenizer"), EVERY)
def test_meteor_is_that_of_nltk_without_wordnet(language: Language, tokenizer: str) -> None:
    references, predictions = tokens(tokenizer, language)
    expected = fmean(
        nltk_meteor([reference], prediction, wordnet=EmptyWordNet())
        for reference, prediction in zip(references, predictions, strict=True)
    )
    ours = score(f"meteor:{tokenizer}", language, REPORTS[language])
    assert ours == pytest.approx(expected, abs=1e-9)


def grams(words: list[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


def nmt_bleu(references: list[list[str]], predictions: list[list[str]], order: int) -> float:
    """BLEU with one match and one n-gram more in every order, from the definition."""
    precisions = []
    for n in range(1, order + 1):
        matches = total = 0
        for reference, prediction in zip(references, predictions, strict=True):
            matches += (grams(reference, n) & grams(prediction, n)).total()
            total += grams(prediction, n).total()
        precisions.append((matches + 1) / (total + 1))
    ratio = sum(map(len, predictions)) / sum(map(len, references))
    brevity = 1.0 if ratio > 1 else math.exp(1 - 1 / ratio)
    return brevity * math.prod(precisions) ** (1 / order)


def cider_d(references: list[list[str]], predictions: list[list[str]]) -> float:
    """CIDEr-D over dense vectors, from the formula of the paper and sigma 6."""
    total = 0.0
    for reference, prediction in zip(references, predictions, strict=True):
        for n in range(1, 5):
            axis = sorted(grams(reference, n) | grams(prediction, n))
            idf = [
                math.log(len(references))
                - math.log(max(1, sum(gram in grams(other, n) for other in references)))
                for gram in axis
            ]
            wanted = [grams(reference, n)[g] * w for g, w in zip(axis, idf, strict=True)]
            given = [grams(prediction, n)[g] * w for g, w in zip(axis, idf, strict=True)]
            norms = math.sqrt(sum(w * w for w in wanted)) * math.sqrt(sum(w * w for w in given))
            product_ = sum(min(g, w) * w for g, w in zip(given, wanted, strict=True))
            gap = len(prediction) - len(reference)
            total += (product_ / norms if norms else 0.0) * math.exp(-(gap**2) / 72) * 10 / 4
    return total / len(references)


@pytest.mark.parametrize("language", Language)
def test_cider_is_the_formula(language: Language) -> None:
    tokenizer = {Language.ZH: "jieba", Language.EN: "13a"}[language]
    expected = cider_d(*tokens(tokenizer, language))
    assert expected > 0
    assert score("cider", language, REPORTS[language]) == pytest.approx(expected, abs=1e-9)


def test_the_set_petrg_is_its_published_convention() -> None:
    """jieba without blanks, add-one BLEU per case and over the corpus, the others per case."""
    references, predictions = (
        [[word for word in jieba.lcut(text) if word.strip()] for text in side]
        for side in zip(*ZH, strict=True)
    )
    pairs = [*zip(references, predictions, strict=True)]
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Cut(get_tokenizer("jieba")))
    rouge = [scorer.score(*pair) for pair in ZH]
    expected = {
        **{f"bleu{n}": fmean(nmt_bleu([r], [p], n) for r, p in pairs) for n in range(1, 5)},
        **{f"bleu{n}_corpus": nmt_bleu(references, predictions, n) for n in range(1, 5)},
        "meteor": fmean(
            nltk_meteor([r], p, wordnet=EmptyWordNet(), alpha=0.9, beta=3, gamma=0.5)
            for r, p in pairs
        ),
        "rouge_1": fmean(scores["rouge1"].fmeasure for scores in rouge),
        "rouge_2": fmean(scores["rouge2"].fmeasure for scores in rouge),
        "rouge_l": fmean(scores["rougeL"].fmeasure for scores in rouge),
        "cider": cider_d(references, predictions),
    }
    metrics = resolve_metrics(["petrg"], language=Language.ZH, section=Section.FINDINGS)
    metrics = fit_metrics(metrics, [reference for reference, _ in ZH])
    scores = aggregate_scores(metrics, [score_pair(metrics, *pair) for pair in ZH])
    assert {s.name: s.value for s in scores} == pytest.approx(expected, abs=1e-9)

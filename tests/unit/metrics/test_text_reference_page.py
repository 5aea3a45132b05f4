"""The numbers and signatures of the reference page are what the metrics compute today."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.metrics.registry import SETS, resolve_metrics
from pytest_pet2rep.metrics.text import (
    Convention,
    TextMetric,
    aggregate_scores,
    fit_metrics,
    score_pair,
)
from pytest_pet2rep.metrics.tokenizers import get_tokenizer, known_tokenizers
from pytest_pet2rep.types import Language, Section

PAGE = Path(__file__).parents[3] / "docs/reference/metrics.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = {
    Language(language): dict(line.split(": ", 1) for line in lines.strip().splitlines())
    for language, lines in re.findall(r"```example (\w+)\n(.*?)```", TEXT, re.DOTALL)
}
LINES = [
    (Language(language), *line.split("  ", 1))
    for language, lines in re.findall(r"```scores (\w+)\n(.*?)```", TEXT, re.DOTALL)
    for line in lines.strip().splitlines()
]


def without_versions(signature: str) -> str:
    """Library versions differ from one machine to the next."""
    return re.sub(r"(jieba|sacrebleu)-[\d.]+", r"\1", signature)


@pytest.mark.parametrize(("language", "score", "signature"), LINES)
def test_a_worked_example_is_what_comes_out(language: Language, score: str, signature: str) -> None:
    name, _, value = score.partition(" = ")
    example = EXAMPLES[language]
    metrics = resolve_metrics([name], language=language, section=Section.FINDINGS)
    metrics = fit_metrics(metrics, [example["reference"], example["other reference"]])
    statistics = score_pair(metrics, example["reference"], example["report"])
    (computed,) = aggregate_scores(metrics, [statistics])
    assert computed.value == pytest.approx(float(value), abs=5.1e-6)
    assert without_versions(computed.signature) == without_versions(signature)


def test_every_metric_that_needs_no_encoder_has_a_worked_example() -> None:
    shown = {score.partition(" = ")[0] for _, score, _ in LINES}
    assert {"bleu1", "bleu4", "bleu4_mean+add1"} <= shown
    assert {name for name in SETS["full"] if not name.startswith("bleu")} <= shown


def test_every_tokenizer_and_set_is_described() -> None:
    for name in (*known_tokenizers(), *SETS):
        assert f"`{name}`" in TEXT


def test_the_words_of_the_example_are_those_of_jieba() -> None:
    cut = get_tokenizer("jieba")
    for side in ("reference", "report"):
        words = cut(EXAMPLES[Language.ZH][side])
        assert f"{' / '.join(words)} ({len(words)} tokens)" in TEXT


class Scorer:
    """Stands where the other package's scorer would: 0.5 for each pair."""

    def compute_score(self, predictions: list[str], references: list[str]) -> list[float]:
        return [0.5 for _ in zip(predictions, references, strict=True)]


def test_the_recipe_for_other_packages_makes_a_metric() -> None:
    (recipe,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(recipe, str(PAGE), "exec", dont_inherit=True), names)
    convention = Convention(language=Language.EN, section=Section.FINDINGS)
    metric = names["RateScore"](name="ratescore", convention=convention, scorer=Scorer())
    assert isinstance(metric, TextMetric)
    scores = aggregate_scores([metric], [score_pair([metric], "liver", text) for text in "ab "])
    assert scores[0].value == pytest.approx(1 / 3)

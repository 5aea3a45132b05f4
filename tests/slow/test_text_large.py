"""Reports of a megabyte: a score, or an error that names the metric."""

from __future__ import annotations

import random

import pytest

from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.metrics.registry import SETS, resolve_metrics
from pytest_pet2rep.metrics.text import fit_metrics
from pytest_pet2rep.types import Language, Section

pytestmark = pytest.mark.slow
MEGABYTE = 1 << 20


def of_sentences(seed: int) -> str:
    dice = random.Random(seed)
    sentences = [
        "肝脏FDG摄取增高。",
        "脾脏未见异常。\n",
        "右肺结节，SUVmax约{}。",
        "双肾显影清晰。",
    ]
    text = ""
    while len(text.encode()) < MEGABYTE:
        text += "".join(dice.choice(sentences).format(dice.randint(1, 99)) for _ in range(500))
    return text


def of_one_letter(seed: int) -> str:
    return "ab"[seed] * MEGABYTE


def of_lines(seed: int) -> str:
    return "肝\n脾\n"[2 * seed :] * (MEGABYTE // 8)


@pytest.mark.parametrize("make", [of_sentences, of_one_letter, of_lines])
@pytest.mark.parametrize("name", [*SETS["full"], "bleu4_mean+add1", "meteor_compat"])
def test_a_megabyte_gets_a_score_or_a_named_error(name: str, make: object) -> None:
    reference, prediction = (make(seed) for seed in (0, 1))  # type: ignore[operator]
    metrics = resolve_metrics([name], language=Language.ZH, section=Section.FINDINGS)
    (metric,) = fit_metrics(metrics, [reference, prediction])
    if name == "rouge_lsum" and make is not of_one_letter:  # which is one token to jieba
        with pytest.raises(DataProblem, match=r"^rouge_lsum: .* too long"):
            metric.statistics(reference, prediction)
        return
    value = metric.aggregate([metric.statistics(reference, prediction)])
    assert value is not None
    assert 0 <= value <= 10

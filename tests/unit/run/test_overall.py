"""``overall`` is the mean of six scores of one convention, or it is unscored and says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

import pytest_pet2rep
from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.run.overall import OVERALL_PARTS, overall
from pytest_pet2rep.types import Level, Score

BASIS = Basis(organs="o.v1", extractor="rules:1", section="findings", language="zh")
REFERENCES = ["肝脏结节FDG摄取增高，脾脏摄取未见异常。", "双肺摄取未见异常。左肾囊肿FDG摄取缺失。"]
REPORTS = ["肝脏结节FDG摄取增高，脾脏摄取未见异常。", "双肺摄取未见异常。右肾囊肿FDG摄取减低。"]


def part(name: str, value: float | None, **changed: str) -> Score:
    settings = {"tok": "t", "smooth": "none", "level": "corpus", "section": "findings"}
    settings |= {"language": "zh", "clean": "none"} | changed
    signature = "|".join([name, *(f"{key}:{value}" for key, value in settings.items())])
    return Score(name=name, value=value, signature=signature, n=3, level=Level.CORPUS)


PARTS = [part(name, 0.1 * i) for i, name in enumerate(OVERALL_PARTS)]


def scored(metrics: list[str], organs: str = "pet2rep19", section: str = "findings") -> Score:
    found = pytest_pet2rep.score(
        REFERENCES, REPORTS, language="zh", metrics=metrics, organs=organs, section=section
    )
    return found.scores.overall


def test_overall_is_the_mean_of_its_six_parts() -> None:
    found = overall(PARTS, BASIS)
    assert found.value == pytest.approx(0.25)
    assert found.n == 3


def test_overall_is_unscored_and_says_why_if_a_part_is_missing() -> None:
    found = overall([*PARTS[:-2], part("ce_f1", None)], BASIS)
    assert (found.value, found.reason) == (None, "needs ce_recall, ce_f1")


@pytest.mark.parametrize("changed", [{"smooth": "add1"}, {"level": "mean_of_cases"}])
def test_a_bleu4_of_another_kind_is_no_part_of_it(changed: dict[str, str]) -> None:
    found = overall([part("bleu4", 0.9, **changed), *PARTS[1:]], BASIS)
    assert (found.value, found.reason) == (None, "needs bleu4 of set pet2rep")


@pytest.mark.parametrize("changed", [{"section": "whole"}, {"language": "en"}, {"clean": "9"}])
def test_parts_of_another_section_language_or_cleaning_do_not_mix(changed: dict[str, str]) -> None:
    found = overall([PARTS[0], part("meteor", 0.9, **changed), *PARTS[2:]], BASIS)
    assert (found.value, found.reason) == (None, "needs meteor of set pet2rep")


def test_the_signature_changes_with_that_of_any_part() -> None:
    whole = overall(PARTS, BASIS).signature
    for at, score in enumerate(PARTS):
        changed = [*PARTS]
        changed[at] = replace(score, signature=f"{score.signature}|x:1")
        assert overall(changed, BASIS).signature != whole
    assert whole.startswith("overall|mean_of:bleu4+meteor+rouge_l+ce_precision+ce_recall+ce_f1")
    for stated in ("tok:t", "organs:o.v1", "extractor:rules:1", "section:findings", "language:zh"):
        assert f"|{stated}|" in whole


def test_the_set_petrg_alone_has_no_overall() -> None:
    found = scored(["petrg"])
    assert found.value is None
    assert found.reason == "needs " + ", ".join(
        f"{name} of set pet2rep" for name in OVERALL_PARTS[:3]
    )


def test_the_set_petrg_beside_pet2rep_changes_nothing_in_overall() -> None:
    both = scored(["petrg", "pet2rep"])
    assert both == scored(["pet2rep"])
    assert both.value is not None


def test_overall_of_another_organ_list_or_section_has_another_signature() -> None:
    usual = scored(["pet2rep"]).signature
    assert scored(["pet2rep"], organs="extended").signature != usual
    assert scored(["pet2rep"], section="both").signature != usual

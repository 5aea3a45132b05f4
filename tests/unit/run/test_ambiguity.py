"""An organ is ambiguous if all that a report says of it is uncertain or contradicts itself."""

from __future__ import annotations

import pytest

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.run.ambiguity import SET_APART, ambiguous_organs
from pytest_pet2rep.run.assessment import read_scored
from pytest_pet2rep.types import Language, Section


def ambiguous(text: str, section: Section = Section.FINDINGS) -> set[str]:
    language = Language.EN if text.isascii() else Language.ZH
    read = read_scored(text, language, section)
    return set(ambiguous_organs(read.mentions, read.whole, load_profile("pet2rep19")))


@pytest.mark.parametrize(
    ("text", "organs"),
    [
        ("肝脏FDG摄取未见异常。肝脏FDG摄取增高。", {"liver"}),
        ("双肺FDG摄取增高，双肺FDG摄取未见异常。", {"lungs"}),
        ("肝、脾FDG摄取增高。肝、脾FDG摄取正常。", {"liver", "spleen"}),
        ("The liver shows normal FDG uptake. The liver shows increased FDG uptake.", {"liver"}),
        ("肝脏FDG摄取增高可能。", {"liver"}),
    ],
)
def test_uncertain_or_conflicting_mentions_make_an_organ_ambiguous(
    text: str, organs: set[str]
) -> None:
    assert ambiguous(text) == organs


@pytest.mark.parametrize(
    "text",
    [
        "肺结节摄取增高。FDG代谢未见异常。",
        "左肺结节FDG摄取增高，余肺未见异常摄取。",
        "肺内FDG摄取增高，余肺FDG摄取未见异常。",
        "肝脏FDG摄取增高。余肝实质FDG摄取未见异常。",
        "肝脏形态正常，密度均匀，FDG摄取未见异常。肝右叶结节FDG摄取增高。",
        "肝内病灶FDG摄取增高。肝脏FDG摄取未见异常。",
        "左肺FDG摄取增高，右肺FDG摄取未见异常。",
        "胃FDG摄取增高，考虑生理性摄取。胃FDG摄取未见异常。",
        "肝脏FDG摄取增高可能。肝脏FDG摄取增高。",
        "鼻咽未见异常摄取。鼻咽顶后壁软组织增厚，FDG摄取增高。",
        "The liver shows increased FDG uptake. The liver is otherwise normal in FDG uptake.",
        "A nodule of the liver shows increased FDG uptake. The liver shows normal FDG uptake.",
        "肝脏FDG摄取增高。脾脏FDG摄取未见异常。",
        "鼻咽FDG摄取未见异常。鼻咽双侧壁FDG摄取增高。",
    ],
)
def test_a_lesion_beside_its_background_is_no_conflict(text: str) -> None:
    assert ambiguous(text) == set()


def test_of_both_sections_the_findings_decide_and_there_is_no_conflict() -> None:
    text = "影像所见：肝脏FDG摄取未见异常。\n影像诊断：肝脏FDG摄取增高。"
    assert ambiguous(text, Section.BOTH) == set()


def test_every_list_of_words_that_sets_apart_is_one_of_the_lexicon() -> None:
    from pytest_pet2rep.findings.lexicon import kinds

    assert set(SET_APART) <= set(kinds())


def test_an_endless_sentence_is_not_searched_for_conflicts() -> None:
    assert ambiguous("肝脏FDG摄取未见异常，肝脏FDG摄取增高，" * 200) == set()

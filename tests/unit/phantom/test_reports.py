"""Reports of the phantom cases say what was measured, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pytest_pet2rep.phantom.places import organ_rules
from pytest_pet2rep.phantom.reports import _data, stated_organs, write_report
from pytest_pet2rep.phantom.spec import Extent, Lesion, PhantomSpec
from pytest_pet2rep.phantom.truth import Finding
from pytest_pet2rep.types import Language, Side, UptakeState

SPEC = PhantomSpec(seed=11, sex="F")


def found(lesion: Lesion, suv_max: float = 7.3) -> Finding:
    return Finding(
        lesion=lesion, base_suv=2.0, suv_max=suv_max, suv_mean=5.0, without_mean=2.0,
        suv_core=6.0, without_core=2.0, volume_ml=4.0, pixels=(0, 9, 0), pixels_separate=(0, 9, 0),
    )  # fmt: skip


def possible_lesions() -> list[Lesion]:
    lesions = []
    for organ, rules in organ_rules().items():
        for part, place in rules.places.items():
            side = place.side or (Side.LEFT if rules.paired else Side.NONE)
            for state in rules.states:
                lesions.append(Lesion(organ=organ, part=part, side=side, state=state))
    whole = (
        ("spleen", Side.NONE, "increased"),
        ("thyroid", Side.NONE, "increased"),
        ("kidneys", Side.RIGHT, "decreased"),
        ("salivary", Side.LEFT, "decreased"),
    )
    lesions += [
        Lesion(organ=o, side=s, state=UptakeState(state), extent=Extent.WHOLE)
        for o, s, state in whole
    ]
    return lesions


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    "lesion", possible_lesions(), ids=lambda x: f"{x.organ}-{x.part or 'whole'}-{x.state}"
)
def test_every_lesion_that_a_phantom_can_have_can_be_reported(
    lesion: Lesion, language: Language
) -> None:
    sex = organ_rules()[lesion.organ].sex or "F"
    spec = replace(SPEC, sex=sex, lesions=(lesion,))
    text = write_report(spec, [found(lesion)], language)
    assert "{" not in text
    if lesion.state is UptakeState.INCREASED:
        assert "7.3" in text
    side = _data(language.value)["sides"].get(lesion.side.value)
    if side and organ_rules()[lesion.organ].paired:
        assert side in text


@pytest.mark.parametrize("language", Language)
def test_a_report_has_findings_and_impression_under_their_headings(language: Language) -> None:
    text = write_report(SPEC, [], language)
    words = _data(language.value)
    head, tail = text.split(words["impression"])
    assert head.startswith(words["findings"])
    assert len(tail.strip().splitlines()) == 1


def test_the_impression_is_numbered_with_increased_uptake_first() -> None:
    cyst = Lesion(organ="kidneys", part="cortex", side=Side.LEFT, state=UptakeState.ABSENT)
    tumour = Lesion(organ="lungs", part="upper lobe", side=Side.LEFT, state=UptakeState.INCREASED)
    spec = replace(SPEC, lesions=(cyst, tumour))
    text = write_report(spec, [found(cyst), found(tumour)], Language.EN)
    numbered = re.findall(r"^(\d)\. (.*)$", text, flags=re.MULTILINE)
    assert [n for n, _ in numbered] == ["1", "2", "3"]
    assert "lung" in numbered[0][1]
    assert "kidney" in numbered[1][1]


def test_no_two_normal_reports_are_alike() -> None:
    texts = {
        write_report(PhantomSpec(seed=seed, sex="M"), [], language)
        for seed in range(60)
        for language in Language
    }
    assert len(texts) == 120


@pytest.mark.parametrize(("sex", "absent"), [("M", {"uterus", "ovaries"}), ("F", {"prostate"})])
def test_a_body_is_reported_with_its_own_organs(sex: str, absent: set[str]) -> None:
    for seed in range(30):
        assert not absent & set(stated_organs(PhantomSpec(seed=seed, sex=sex)))


def test_a_diseased_organ_is_never_passed_over() -> None:
    lesion = Lesion(organ="eyes", part="orbit", side=Side.LEFT, state=UptakeState.INCREASED)
    for seed in range(80):
        spec = PhantomSpec(seed=seed, sex="M", lesions=(lesion,))
        assert "eyes" in stated_organs(spec)


def test_both_languages_have_the_same_words() -> None:
    zh, en = (_data(language.value) for language in (Language.ZH, Language.EN))
    for key in ("normal", "names", "places", "rest"):
        assert zh[key].keys() == en[key].keys()
    for organ, places in zh["places"].items():
        assert places.keys() == en["places"][organ].keys()
    for state in ("increased", "decreased", "absent"):
        missing = zh[state].keys() ^ en[state].keys()
        assert missing <= {"salivary"}  # English uses the default sentence

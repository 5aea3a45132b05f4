from __future__ import annotations

from pathlib import Path

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.run.expectations import evidence_of, expectations_of
from pytest_pet2rep.types import (
    NORMAL,
    UNSTATED,
    Case,
    Expectation,
    ExpectationSource,
    Mention,
    Side,
    States,
    UptakeState,
)

PROFILE = load_profile("pet2rep19")
INCREASED = frozenset({UptakeState.INCREASED})
DECREASED = frozenset({UptakeState.DECREASED})
ABSENT = frozenset({UptakeState.ABSENT})


def case(*expectations: Expectation) -> Case:
    return Case(id="c", folder=Path(), cohort="x", expectations=expectations)


def expected(extracted: dict[str, States], *explicit: Expectation) -> dict[str, Expectation]:
    return expectations_of(case(*explicit), PROFILE, extracted)


def test_every_organ_of_the_list_has_an_expectation_in_its_order() -> None:
    found = expected({})
    assert list(found) == [organ.id for organ in PROFILE.organs]
    assert {e.states for e in found.values()} == {UNSTATED}


def test_what_the_reference_states_is_extracted_and_marked() -> None:
    liver = expected({"liver": INCREASED})["liver"]
    assert (liver.states, liver.source) == (INCREASED, ExpectationSource.EXTRACTED)


def test_an_explicit_expectation_wins_over_the_reference() -> None:
    liver = expected({"liver": INCREASED}, Expectation(organ="liver", states=NORMAL))["liver"]
    assert (liver.states, liver.source) == (NORMAL, ExpectationSource.EXPLICIT)


def test_explicit_expectations_win_organ_by_organ_not_case_by_case() -> None:
    found = expected(
        {"liver": INCREASED, "spleen": ABSENT}, Expectation(organ="liver", states=NORMAL)
    )
    assert found["spleen"].states == ABSENT


def test_fine_organs_roll_up_and_abnormal_wins() -> None:
    nodes = expected({"neck_nodes": NORMAL, "pelvic_nodes": INCREASED})["lymph_nodes"]
    assert nodes.states == INCREASED


def test_two_abnormal_states_stand_together() -> None:
    liver = expected({"liver": INCREASED, "portal_vein": ABSENT})["liver"]
    assert liver.states == INCREASED | ABSENT


def test_an_organ_is_explicit_only_if_every_deciding_part_is() -> None:
    nodes = expected(
        {"pelvic_nodes": INCREASED}, Expectation(organ="neck_nodes", states=INCREASED)
    )["lymph_nodes"]
    assert nodes.source is ExpectationSource.EXTRACTED


def test_a_normal_part_does_not_decide_visibility_or_size_of_an_abnormal_organ() -> None:
    nodes = expected(
        {},
        Expectation(organ="neck_nodes", states=NORMAL, visible=True),
        Expectation(organ="pelvic_nodes", states=INCREASED, visible=False, diameter_mm=9.0),
    )["lymph_nodes"]
    assert (nodes.visible, nodes.diameter_mm) == (False, 9.0)


def test_side_and_size_are_those_of_the_increased_part() -> None:
    nodes = expected(
        {},
        Expectation(organ="neck_nodes", states=DECREASED, side=Side.LEFT, diameter_mm=30.0),
        Expectation(organ="pelvic_nodes", states=INCREASED, side=Side.RIGHT, diameter_mm=6.0),
    )["lymph_nodes"]
    assert (nodes.side, nodes.diameter_mm) == (Side.RIGHT, 6.0)


def test_increased_parts_of_two_sides_have_no_side_and_the_size_of_the_visible_one() -> None:
    nodes = expected(
        {},
        Expectation(
            organ="neck_nodes", states=INCREASED, side=Side.LEFT, diameter_mm=30.0, visible=False
        ),
        Expectation(
            organ="pelvic_nodes", states=INCREASED, side=Side.RIGHT, diameter_mm=6.0, visible=True
        ),
    )["lymph_nodes"]
    assert (nodes.side, nodes.diameter_mm) == (Side.NONE, 6.0)


def test_an_organ_is_not_visible_if_one_of_its_states_shows_nowhere() -> None:
    liver = expected(
        {},
        Expectation(organ="liver", states=INCREASED, visible=False),
        Expectation(organ="portal_vein", states=ABSENT, visible=True),
    )["liver"]
    assert liver.visible is False


def test_an_organ_with_a_state_of_unknown_visibility_is_of_unknown_visibility() -> None:
    liver = expected(
        {"portal_vein": ABSENT}, Expectation(organ="liver", states=INCREASED, visible=True)
    )["liver"]
    assert liver.visible is None


def test_a_state_is_visible_if_one_of_its_lesions_is() -> None:
    nodes = expected(
        {},
        Expectation(organ="neck_nodes", states=INCREASED, visible=False, slices=(2,)),
        Expectation(organ="pelvic_nodes", states=INCREASED, visible=True, slices=(0,)),
    )["lymph_nodes"]
    assert (nodes.visible, nodes.slices) == (True, (0, 2))


def test_evidence_is_the_sentence_of_the_first_abnormal_mention() -> None:
    text = "肝脏形态正常，摄取未见异常。肝右叶结节，摄取增高。余未见异常。"
    start = text.index("肝右叶")
    mentions = [
        Mention(organ="liver", state=UptakeState.NORMAL, start=0, end=12),
        Mention(organ="liver", state=UptakeState.INCREASED, start=start, end=start + 5),
    ]
    assert evidence_of(mentions, ("liver",), text) == "肝右叶结节，摄取增高"
    assert evidence_of(mentions, ("spleen",), text) == ""


def test_evidence_in_english_stops_at_the_sentence_not_at_a_decimal_point() -> None:
    text = "The spleen is normal. A nodule of 2.4 cm in the liver is avid. The rest is normal."
    start = text.index("liver")
    mentions = [Mention(organ="liver", state=UptakeState.INCREASED, start=start, end=start + 5)]
    assert evidence_of(mentions, ("liver",), text) == "A nodule of 2.4 cm in the liver is avid"

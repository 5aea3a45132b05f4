"""The weighted risk by hand: what each error is called, and what it weighs."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_pet2rep.anatomy import catalogue
from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import Ratio, add_counts
from pytest_pet2rep.metrics.risk import (
    GROUPS,
    RiskRow,
    risk_counts,
    risk_model,
    risk_row,
    risk_scores,
    risk_signature,
    risk_table,
)
from pytest_pet2rep.types import NORMAL, UNSTATED, Outcome, Record, Side, States, UptakeState

INCREASED, DECREASED, ABSENT = (
    frozenset({s}) for s in (UptakeState.INCREASED, UptakeState.DECREASED, UptakeState.ABSENT)
)


def row_of(organ: str, **more: Any) -> RiskRow:
    """One row of an organ that is one fine organ."""
    return RiskRow(expected_fine=frozenset({organ}), generated_fine=frozenset({organ}), **more)


def errors(organ: str, expected: States, generated: States | None) -> dict[str, int]:
    row = row_of(organ, expected=expected, generated=generated)
    found: dict[str, int] = risk_counts([row])["errors"]
    return found


@pytest.mark.parametrize(
    ("organ", "expected", "generated", "found"),
    [
        ("lungs", INCREASED, NORMAL, {"missed_increased_critical": 1}),
        ("bone", INCREASED, UNSTATED, {"missed_increased_critical": 1}),
        ("spleen", INCREASED, NORMAL, {"missed_increased": 1}),
        ("kidneys", ABSENT, NORMAL, {"missed_cold": 1}),
        ("brain", DECREASED, UNSTATED, {"missed_cold_brain": 1}),
        ("liver", INCREASED, DECREASED, {"wrong_polarity": 1}),
        ("liver", ABSENT, INCREASED, {"wrong_polarity": 1}),
        ("kidneys", ABSENT, DECREASED, {"wrong_cold_state": 1}),
        ("liver", INCREASED | ABSENT, ABSENT, {"missed_increased_critical": 1}),
        ("liver", INCREASED | DECREASED, ABSENT, {"wrong_polarity": 1, "missed_cold": 1}),
        ("lungs", NORMAL, INCREASED, {"false_increased": 1}),
        ("lungs", UNSTATED, INCREASED, {"false_increased": 1}),
        ("stomach", NORMAL, INCREASED, {"physiological_as_increased": 1}),
        ("spleen", NORMAL, ABSENT, {"false_cold": 1}),
        ("spleen", NORMAL, UNSTATED, {"unstated_normal": 1}),
        ("spleen", UNSTATED, UNSTATED, {}),
        ("liver", INCREASED, INCREASED, {}),
        ("liver", INCREASED, INCREASED | DECREASED, {"false_cold": 1}),
        ("lungs", INCREASED, None, {"missed_increased_critical": 1, "no_report": 1}),
        ("lungs", NORMAL, None, {"no_report": 1}),
    ],
)
def test_every_error_has_a_name(
    organ: str, expected: States, generated: States | None, found: dict[str, int]
) -> None:
    assert errors(organ, expected, generated) == found


def test_an_increased_lesion_on_the_wrong_side_is_an_error_of_its_own() -> None:
    def row(expected: Side, generated: Side) -> RiskRow:
        return row_of(
            "lungs",
            expected=INCREASED,
            generated=INCREASED,
            expected_side=expected,
            generated_side=generated,
        )

    assert risk_counts([row(Side.LEFT, Side.RIGHT)])["errors"] == {"wrong_side": 1}
    for generated in (Side.LEFT, Side.NONE, Side.BILATERAL):
        assert risk_counts([row(Side.LEFT, generated)])["errors"] == {}


def test_weights_are_added_per_group_and_per_case() -> None:
    first = risk_counts(
        [
            row_of("lungs", expected=INCREASED, generated=NORMAL),
            row_of("spleen", expected=NORMAL, generated=INCREASED),
            row_of("kidneys", expected=ABSENT, generated=UNSTATED),
        ],
        flags=["prior_mentioned", "template_echo", "repetition"],
    )
    second = risk_counts([row_of("liver", expected=INCREASED, generated=INCREASED)])
    table = risk_table(add_counts([first, second]))
    assert table.weighted == {"miss": 13, "wrong": 0, "false_alarm": 5, "silence": 0, "report": 7}
    scores = {score.name: score for score in risk_scores(table, signature="s")}
    assert scores["risk_per_case"].value == pytest.approx(12.5)
    assert scores["risk_per_case_miss"].value == pytest.approx(6.5)
    assert scores["risk_per_case_false_alarm"].value == pytest.approx(2.5)
    assert not any(score.higher_is_better for score in scores.values())


def test_a_flag_is_weighed_once_however_often_it_is_raised() -> None:
    row = row_of("liver", expected=NORMAL, generated=NORMAL)
    once = risk_counts([row], flags=["conflict"])
    assert risk_counts([row], flags=["conflict", "conflict"]) == once


@pytest.mark.parametrize(
    ("row", "ratio"),
    [
        (row_of("lungs", expected=INCREASED, generated=NORMAL), (1, 1)),
        (row_of("lungs", expected=INCREASED, generated=None), (1, 1)),
        (row_of("lungs", expected=INCREASED, generated=INCREASED), (0, 1)),
        (row_of("lungs", expected=INCREASED, generated=DECREASED), (0, 1)),
        (row_of("spleen", expected=INCREASED, generated=NORMAL), (0, 0)),
        (row_of("lungs", expected=INCREASED, generated=NORMAL, visible=False), (0, 0)),
        (row_of("lungs", expected=INCREASED, generated=NORMAL, diameter_mm=9.0), (0, 0)),
        (row_of("lungs", expected=INCREASED, generated=NORMAL, diameter_mm=15.0), (1, 1)),
    ],
)
def test_only_lesions_that_can_be_seen_and_measured_must_be_found(
    row: RiskRow, ratio: tuple[int, int]
) -> None:
    critical = risk_table(risk_counts([row])).critical
    assert critical == Ratio(events=ratio[0], of=ratio[1])


def test_the_table_of_weights_is_whole() -> None:
    model = risk_model()
    assert {error.group for error in model.errors.values()} == set(GROUPS)
    assert all(error.weight > 0 for error in model.errors.values())
    assert (
        max(e.weight for e in model.errors.values())
        == model.errors["missed_increased_critical"].weight
    )


def test_a_record_carries_what_risk_needs() -> None:
    record = Record(
        cohort="c",
        case="a",
        check="uptake",
        organ="lungs",
        outcome=Outcome.HIT,
        expected=("increased",),
        generated=("increased",),
        visible=True,
        facts={"diameter_mm": 22.0, "expected_side": "left", "generated_side": "right"},
    )
    assert risk_counts([risk_row(record, ["lungs"])])["errors"] == {"wrong_side": 1}
    assert risk_row(record, ["lungs"]).diameter_mm == 22.0


def test_what_a_miss_weighs_depends_on_the_fine_organs_that_carry_the_state() -> None:
    def row(fine: set[str]) -> RiskRow:
        return RiskRow(
            expected=INCREASED,
            generated=NORMAL,
            expected_fine=frozenset(fine),
            generated_fine=frozenset(fine),
        )

    assert risk_counts([row({"esophagus", "stomach"})])["errors"] == {
        "missed_increased_critical": 1
    }
    assert risk_counts([row({"stomach"})])["errors"] == {"missed_increased": 1}


def test_two_organs_of_a_list_that_share_their_fine_organ_count_once() -> None:
    bone = row_of("bone", expected=INCREASED, generated=NORMAL)
    counts = risk_counts([bone, bone])
    assert (counts["errors"], counts["must_find"]) == ({"missed_increased_critical": 1}, 1)


def test_the_table_lists_fine_organs_only() -> None:
    model = risk_model()
    assert model.malignancy_relevant | model.physiological_sites <= set(catalogue().organs)


def test_without_cases_there_is_no_risk_to_state() -> None:
    scores = risk_scores(risk_table({}), signature="s")
    assert {score.value for score in scores} == {None}


def test_the_signature_names_the_version_of_the_weights() -> None:
    basis = Basis(organs="pet2rep19.v1", extractor="rules:1", section="both", language="en")
    assert risk_signature(basis, checks="0a1b") == (
        "risk|weights:2|organs:pet2rep19.v1|extractor:rules:1|section:both|language:en|clean:none"
        "|checks:0a1b"
    )

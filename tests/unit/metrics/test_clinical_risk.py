"""The weighted risk by hand: what each error is called, and what it weighs."""

from __future__ import annotations

import pytest

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


def errors(organ: str, expected: States, generated: States | None) -> dict[str, int]:
    row = RiskRow(organ=organ, expected=expected, generated=generated)
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
        return RiskRow(
            organ="lungs",
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
            RiskRow(organ="lungs", expected=INCREASED, generated=NORMAL),
            RiskRow(organ="spleen", expected=NORMAL, generated=INCREASED),
            RiskRow(organ="kidneys", expected=ABSENT, generated=UNSTATED),
        ],
        flags=["prior_mentioned", "template_echo", "repetition"],
    )
    second = risk_counts([RiskRow(organ="liver", expected=INCREASED, generated=INCREASED)])
    table = risk_table(add_counts([first, second]))
    assert table.weighted == {"miss": 13, "wrong": 0, "false_alarm": 5, "silence": 0, "report": 7}
    scores = {score.name: score for score in risk_scores(table, signature="s")}
    assert scores["risk_per_case"].value == pytest.approx(12.5)
    assert scores["risk_per_case_miss"].value == pytest.approx(6.5)
    assert scores["risk_per_case_false_alarm"].value == pytest.approx(2.5)
    assert not any(score.higher_is_better for score in scores.values())


def test_a_flag_is_weighed_once_however_often_it_is_raised() -> None:
    row = RiskRow(organ="liver", expected=NORMAL, generated=NORMAL)
    once = risk_counts([row], flags=["conflict"])
    assert risk_counts([row], flags=["conflict", "conflict"]) == once


@pytest.mark.parametrize(
    ("row", "ratio"),
    [
        (RiskRow(organ="lungs", expected=INCREASED, generated=NORMAL), (1, 1)),
        (RiskRow(organ="lungs", expected=INCREASED, generated=None), (1, 1)),
        (RiskRow(organ="lungs", expected=INCREASED, generated=INCREASED), (0, 1)),
        (RiskRow(organ="lungs", expected=INCREASED, generated=DECREASED), (0, 1)),
        (RiskRow(organ="spleen", expected=INCREASED, generated=NORMAL), (0, 0)),
        (RiskRow(organ="lungs", expected=INCREASED, generated=NORMAL, visible=False), (0, 0)),
        (RiskRow(organ="lungs", expected=INCREASED, generated=NORMAL, diameter_mm=9.0), (0, 0)),
        (RiskRow(organ="lungs", expected=INCREASED, generated=NORMAL, diameter_mm=15.0), (1, 1)),
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
    assert risk_counts([risk_row(record)])["errors"] == {"wrong_side": 1}
    assert risk_row(record).diameter_mm == 22.0


def test_without_cases_there_is_no_risk_to_state() -> None:
    scores = risk_scores(risk_table({}), signature="s")
    assert {score.value for score in scores} == {None}


def test_the_signature_names_the_version_of_the_weights() -> None:
    assert risk_signature(organs="pet2rep19.v1", extractor="rules:1", section="both") == (
        "risk|weights:1|organs:pet2rep19.v1|extractor:rules:1|section:both"
    )

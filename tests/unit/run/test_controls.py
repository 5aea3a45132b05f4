"""Controls of a run: which cases they are tried on, what they send, and what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytest_pet2rep.run.control_plan import AA, BLANK, WRONG, planned_controls
from pytest_pet2rep.run.controls import blank
from pytest_pet2rep.run.redaction import redacted_record
from pytest_pet2rep.run.reliance import ControlResult, control_results
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.types import Outcome, Record, SentImage

SETTINGS = RunSettings(model="m", aa=2, controls=(BLANK, WRONG), control_cases=3)
CASES = [f"P-{number}" for number in range(10)]


def control(case: str, organs: dict[str, list[list[str]]], **changed: object) -> Record:
    record = Record(
        cohort="made",
        case=case,
        check="control:blank-image",
        outcome=Outcome.HIT,
        facts={"language": "zh", "same_text": False, "usable": [True, True], "organs": organs},
    )
    return replace(record, facts={**record.facts, **changed})


def result_of(*records: Record) -> ControlResult:
    (found,) = control_results(records)
    return found


def test_as_many_cases_are_asked_again_as_was_said() -> None:
    planned = planned_controls(SETTINGS, CASES)
    tried = [name for names in planned.values() for name in names]
    assert (tried.count(AA), tried.count(BLANK), tried.count(WRONG)) == (2, 3, 3)


def test_the_sample_depends_on_the_seed_and_not_on_the_order_of_cases() -> None:
    planned = planned_controls(SETTINGS, CASES)
    assert planned == planned_controls(SETTINGS, CASES[::-1])
    assert planned != planned_controls(replace(SETTINGS, seed=1), CASES)


def test_a_larger_sample_holds_the_smaller_one() -> None:
    more = planned_controls(replace(SETTINGS, control_cases=7), CASES)
    assert set(planned_controls(SETTINGS, CASES)) <= set(more)


def test_a_blank_image_has_the_size_of_the_real_one_and_one_grey_that_is_not_black() -> None:
    image = SentImage(name="coronal_1", pixels=np.arange(60, dtype=np.uint8).reshape(4, 5, 3))
    (grey,) = blank((image,))
    assert grey.name == image.name
    assert grey.pixels.shape == image.pixels.shape
    assert grey.pixels.dtype == np.uint8
    assert 0 < grey.pixels.min() == grey.pixels.max() < 255


def test_reliance_is_what_clinical_efficacy_loses() -> None:
    found = result_of(
        control("1", {"liver": [["increased"], ["increased"], ["normal"]]}),
        control("2", {"liver": [["increased"], ["increased"], ["increased"]]}),
    )
    # recall 1 against 1/2, precision 1 on both sides: F1 1 against 2/3
    assert found.ce_f1 == 1.0
    assert found.ce_f1_control == pytest.approx(2 / 3)
    assert found.reliance == pytest.approx(1 / 3)
    assert (found.changed_states, found.flipped_verdicts) == (0.5, 0.5)


def test_another_wrong_state_changes_the_state_and_flips_no_verdict() -> None:
    found = result_of(control("1", {"liver": [["increased"], ["normal"], ["absent"]]}))
    assert (found.changed_states, found.flipped_verdicts) == (1.0, 0.0)


def test_a_report_that_is_missing_under_control_is_counted_and_misses_everything() -> None:
    found = result_of(
        control("1", {"liver": [["increased"], ["increased"], ["increased"]]}),
        control("2", {"liver": [["increased"], ["increased"], ["unstated"]]}, usable=[True, False]),
    )
    assert (found.cases, found.unusable, found.pairs) == (2, 1, 1)
    assert found.changed_states == 0.0
    assert found.ce_f1_control == pytest.approx(2 / 3)


def test_without_any_usable_report_there_is_no_share() -> None:
    found = result_of(
        control("1", {"liver": [["increased"], ["unstated"], ["unstated"]]}, usable=[False, False])
    )
    assert found.same_text is None
    assert found.changed_states is None


def test_redacted_records_say_the_same_of_a_control() -> None:
    organs = {"liver": [["increased"], ["increased"], ["normal"]], "lungs": [["normal"]] * 3}
    record = control("P-1", organs)
    assert result_of(redacted_record(record)) == result_of(record)
    assert result_of(record).changed_states == 0.5

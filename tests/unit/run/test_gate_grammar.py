"""A gate is read into its parts, and a mistake in it is named with its column."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.gates.grammar import Against, Op, must_pass_gate, parse_gate


def test_a_metric_with_a_slice_and_a_number() -> None:
    gate = parse_gate("ce_recall[organ=liver,state=increased] >= 0.8")
    assert (gate.metric, gate.slice) == ("ce_recall", "organ=liver,state=increased")
    assert (gate.op, gate.against, gate.value) == (Op.AT_LEAST, Against.NUMBER, 0.8)


@pytest.mark.parametrize("text", ["error_rate<=2%", "error_rate <= 0.02", "error_rate ≤ .02"])
def test_a_number_may_be_a_percentage_and_the_comparison_a_sign(text: str) -> None:
    gate = parse_gate(text)
    assert (gate.op, gate.value) == (Op.AT_MOST, 0.02)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("bleu4 >= baseline", 0.0),
        ("bleu4 >= baseline - 0.02", -0.02),
        ("bleu4>=baseline-.02", -0.02),
        ("bleu4 >= baseline - 2%", -0.02),
        ("bleu4 >= baseline + 0.02", 0.02),
    ],
)
def test_a_baseline_may_carry_a_margin(text: str, value: float) -> None:
    gate = parse_gate(text)
    assert (gate.against, gate.value) == (Against.BASELINE, value)


def test_a_slice_may_hold_a_comparison_of_its_own() -> None:
    gate = parse_gate("miss_rate[lesion>=15mm] <= baseline + 0.02")
    assert (gate.slice, gate.op, gate.op_at) == ("lesion>=15mm", Op.AT_MOST, 24)


def test_a_lift_is_a_gain_over_the_floors_or_over_one_of_them() -> None:
    best = parse_gate("lift(ce_f1[organ=liver]) >= 0.05")
    assert (best.metric, best.slice, best.against) == ("ce_f1", "organ=liver", Against.FLOOR)
    assert (best.is_gain, best.floor, best.value) == (True, "", 0.05)
    assert parse_gate("lift(ce_f1, all-normal) >= 0.05").floor == "all-normal"
    assert parse_gate("ce_f1 >= floor(all-normal) + 0.05").floor == "all-normal"
    assert parse_gate("ce_f1 >= floor + 0.05").value == 0.05


def test_names_of_text_metrics_may_hold_a_tokenizer_and_a_smoothing() -> None:
    assert parse_gate("bleu4:char >= 0.3").metric == "bleu4:char"
    assert parse_gate("petrg.meteor >= 0.3").metric == "petrg.meteor"
    assert parse_gate("bleu4_mean+add1 >= baseline + 0.1").metric == "bleu4_mean+add1"


@pytest.mark.parametrize(
    "text",
    [
        "must_pass = [PET-0001, liver]",
        "must_pass=[[PET-0001,liver]]",
        'must_pass = [["PET-0001", "liver"],]',
        "must_pass(PET-0001, liver)",
        "must_pass = ['PET-0001', liver]",
    ],
)
def test_items_that_must_pass_are_named_by_case_and_organ(text: str) -> None:
    assert parse_gate(text).items == (("PET-0001", "liver"),)


def test_a_list_of_items_is_one_gate_and_each_item_counts_once() -> None:
    gate = parse_gate("must_pass = [[PET-1, liver], [PET-2, brain], [PET-1, liver]]")
    assert gate.items == (("PET-1", "liver"), ("PET-2", "brain"))
    assert must_pass_gate([["PET-1", "liver"], ["PET-2", "brain"]]).items == gate.items


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("", 1, "expected a metric"),
        ("ce_f1", 6, "expected >= or <="),
        ("ce_f1 > 0.3", 7, "'>' is no comparison of gates: write >= or <="),
        ("ce_f1 == 0.3", 7, "'==' is no comparison of gates"),
        ("ce_f1 >=", 9, "expected a number"),
        ("ce_f1 >= 0.3 %%", 15, "nothing may follow here: '%'"),
        ("ce_f1[organ=liver >= 0.3", 6, "the bracket of the slice is not closed"),
        ("ce_f1[] >= 0.3", 7, "the slice is empty"),
        ("ce_f1 >= basline - 0.02", 10, "expected a number, baseline or floor, not 'basline'"),
        ("ce_f1 >= baseline 0.02", 19, "expected + NUMBER or - NUMBER"),
        ("lift(ce_f1 >= 0.3", 12, "expected ) after lift(ce_f1"),
        ("lift(ce_f1) <= 0.3", 13, "a lift is better when higher"),
        ("must_pass", 10, "must_pass needs pairs of case and organ"),
        ("must_pass = [PET-1]", 13, "must_pass needs pairs of case and organ"),
        ("must_pass = [PET-1, liver", 26, "expected , or ]"),
    ],
)
def test_a_mistake_is_named_with_its_column(text: str, column: int, problem: str) -> None:
    with pytest.raises(UsageProblem, match=re.escape(f"column {column}: {problem}")):
        parse_gate(text)


@given(st.text(alphabet="ce_f1[]=<>()+-.,0123456789%basline flormutp'\"≥", max_size=40))
def test_any_text_is_a_gate_or_a_mistake_said_in_one_sentence(text: str) -> None:
    try:
        said = parse_gate(text).metric
    except UsageProblem as why:
        said = re.search(r"column \d+: .+", str(why))
    assert said

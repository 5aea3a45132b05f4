"""What a gate may name, and which mistakes end a run before its first report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.error_budget import ANY, NONE, error_budget
from pytest_pet2rep.run.gates.grammar import Against, Op
from pytest_pet2rep.run.gates.reading import Gating, gate_specs, read_gate_tables
from tests.unit.run.gate_records import expected, gates, uptake


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("ce_f1>=.5", "ce_f1 >= 0.5"),
        ("error_rate <= 2%", "error_rate <= 0.02"),
        ("ce_f1 >= baseline-2%", "ce_f1 >= baseline - 0.02"),
        ("miss_rate<=baseline+.02", "miss_rate <= baseline + 0.02"),
        ("ce_f1 >= floor + 0.05", "lift(ce_f1) >= 0.05"),
        ("miss_rate <= floor - 0.05", "lift(miss_rate) >= 0.05"),
        ("lift(miss_rate, template) >= .05", "lift(miss_rate, template) >= 0.05"),
        ("ce_f1 >= floor(template)", "lift(ce_f1, template) >= 0"),
    ],
)
def test_a_gate_has_one_canonical_spelling(text: str, canonical: str) -> None:
    (gate,) = gates(text)
    assert (gate.expression, gate.name) == (canonical, canonical)
    assert gates(canonical) == (gate,)


def test_two_spellings_of_one_gate_are_one_gate() -> None:
    assert len(gates("ce_f1 >= 0.5", "ce_f1>=.50")) == 1


def test_a_lift_of_a_metric_that_is_better_when_lower_points_down() -> None:
    (gate,) = gates("lift(miss_rate) >= 0.05")
    assert (gate.op, gate.value, gate.against) == (Op.AT_MOST, -0.05, Against.FLOOR)


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("ce_recal >= 0.5", 1, "unknown metric 'ce_recal': did you mean 'ce_recall'"),
        ("lift(ce_f2) >= 0.5", 6, "unknown metric 'ce_f2': did you mean 'ce_f1'"),
        ("cider >= 0.5", 1, "cider is not computed in this run: add it to --pet2rep-metrics"),
        ("error_rate >= 0.5", 12, "error_rate is better when lower: write <="),
        ("ce_f1[organ=liver] <= 0.5", 20, "ce_f1 is better when higher: write >="),
        ("ce_f1 >= baseline - 0.02", 10, "there is no baseline"),
        ("ce_f1 >= 31", 7, "ce_f1 lies between 0 and 1, not 31: write 0.31"),
        ("lift(ce_f1) >= 5", 13, "a difference of ce_f1 lies between -1 and 1, not 5: write 0.05"),
        ("ce_f1[organ=livr] >= 0.5", 7, "did you mean 'liver'"),
        ("ce_f1[size=3] >= 0.5", 7, "size"),
        ("bleu4:char[organ=liver] >= 0.5", 12, "bleu4:char has no slice by organ"),
        ("ce_f1[organ=liver,state=absent] >= 0.5", 7, "matches nothing in this cohort"),
        ("lift(ce_f1, templat) >= 0.05", 13, "unknown floor 'templat': did you mean 'template'"),
        ("must_pass = [PET-9999, liver]", 14, "unknown case 'PET-9999'"),
        ("must_pass = [PET-0001, livr]", 24, "unknown organ 'livr': did you mean 'liver'"),
    ],
)
def test_what_cannot_be_measured_is_a_mistake_with_its_column(
    text: str, column: int, problem: str
) -> None:
    with pytest.raises(UsageProblem, match=f"column {column}: .*{re.escape(problem)}"):
        gates(text, has_baseline=False)


def test_over_reports_in_two_languages_a_gate_names_one() -> None:
    from dataclasses import replace

    english = [replace(r, facts={**r.facts, "language": "en"}) for r in expected(1)]
    both = [*expected(), *english]
    with pytest.raises(UsageProblem, match=re.escape("write ce_f1[language=en]")):
        gates("ce_f1 >= 0.5", records=both)
    (gate,) = gates("ce_f1[language=zh] >= 0.5", records=both)
    assert gate.slice.language == "zh"


def test_gates_of_a_family_have_one_confidence() -> None:
    tables = {
        "a": {"expr": "ce_f1 >= 0.5", "family": "f", "confidence": 0.9},
        "b": {"expr": "ce_recall >= 0.5", "family": "f"},
    }
    from pytest_pet2rep.run.estimands import known_metrics
    from pytest_pet2rep.run.gates.checking import Measurable, bind_gates

    measurable = Measurable(metrics=known_metrics(), organs=("liver",), expected=expected())
    with pytest.raises(UsageProblem, match="the family 'f' have different confidences"):
        bind_gates(gate_specs([], tables), measurable, confidence=0.95)


def table(**fields: Any) -> Any:
    return gate_specs([], {"g": fields})[0]


def test_a_table_may_hold_an_expression_or_its_parts() -> None:
    whole = table(expr="ce_recall[organ=liver] >= 0.8").parsed
    parts = table(metric="ce_recall", slice="organ=liver", op=">=", value=0.8).parsed
    keyed = table(metric="ce_recall", slice={"organ": "liver"}, value=0.8).parsed
    for parsed in (parts, keyed):
        assert (parsed.metric, parsed.slice, parsed.value) == ("ce_recall", "organ=liver", 0.8)
    assert (whole.op_given, keyed.op_given) == (True, False)


def test_a_table_takes_a_margin_to_the_baseline_or_a_lift_over_the_floors() -> None:
    margin = table(metric="miss_rate", margin=0.02).parsed
    assert (margin.against, margin.value, margin.is_gain) == (Against.BASELINE, -0.02, True)
    lift = table(metric="ce_f1", lift=0.05, floor="template").parsed
    assert (lift.against, lift.value, lift.floor) == (Against.FLOOR, 0.05, "template")
    spec = table(must_pass=[["PET-0001", "liver"]], confidence=0.9)
    assert (spec.parsed.items, spec.confidence) == ((("PET-0001", "liver"),), 0.9)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "give exactly one of expr, metric and must_pass"),
        ({"expr": "ce_f1 >= 0.5", "metric": "ce_f1"}, "give exactly one of"),
        ({"metric": "ce_f1"}, "metric needs exactly one of value, margin and lift"),
        ({"metric": "ce_f1", "value": "high"}, "value needs a number, not 'high'"),
        ({"metric": "ce_f1", "margin": -0.1}, "margin is how much worse"),
        ({"expr": "ce_f1 >= 0.5", "value": 3}, "value has no meaning beside expr"),
        ({"expr": "ce_f1 >= 0.5", "margn": 3}, "unknown key in [tool.pet2rep.gates.g] 'margn'"),
        ({"expr": "ce_f1[sex=F] >= 0.5", "slice": "sex=M"}, "the slice stands twice"),
        ({"expr": "ce_f1 >= 0.5", "confidence": 1.5}, "confidence 1.5 is not allowed"),
        ({"must_pass": "PET-0001"}, "must_pass needs pairs"),
        ({"expr": 3}, "expr needs text, not 3"),
        ({"expr": "ce_f1 > 0.5"}, "[tool.pet2rep.gates.g]: gate 'ce_f1 > 0.5', column 7"),
    ],
)
def test_a_table_that_is_no_gate_is_named(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageProblem, match=re.escape(problem)):
        table(**fields)


def test_tables_can_be_chosen_by_name() -> None:
    tables = {"a": {"expr": "ce_f1 >= 0.5"}, "b": {"expr": "ce_recall >= 0.5"}}
    assert [s.name for s in gate_specs([], tables)] == ["a", "b"]
    assert [s.name for s in gate_specs(["miss_rate <= 1"], tables, ["b"])] == [
        "b",
        "miss_rate <= 1",
    ]
    assert gate_specs([], tables, ["none"]) == ()
    with pytest.raises(UsageProblem, match="unknown gate 'c'"):
        gate_specs([], tables, ["c"])


def test_tables_are_read_from_the_project_file(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    assert read_gate_tables(file) == {}
    file.write_text('[tool.pet2rep.gates.liver]\nexpr = "ce_f1 >= 0.5"\n', encoding="utf-8")
    assert read_gate_tables(file) == {"liver": {"expr": "ce_f1 >= 0.5"}}
    file.write_text('[tool.pet2rep.gates]\nliver = "ce_f1 >= 0.5"\n', encoding="utf-8")
    with pytest.raises(UsageProblem, match="write each gate as a table"):
        read_gate_tables(file)
    file.write_text("[tool.pet2rep.gates\n", encoding="utf-8")
    with pytest.raises(UsageProblem, match=re.escape(str(file))):
        read_gate_tables(file)


def test_a_gate_on_errors_takes_the_place_of_the_error_budget() -> None:
    assert Gating().budget == ANY
    assert Gating(specs=gate_specs(["ce_f1 >= 0.5"], {})).budget == ANY
    gated = gate_specs(["error_rate <= 0.02"], {})
    assert Gating(specs=gated).budget == NONE
    assert Gating(specs=gated, stated_budget=error_budget("5")).budget.count == 5


def test_a_gate_on_the_errors_of_some_cases_leaves_the_budget_of_the_others() -> None:
    sliced = gate_specs(["error_rate[language=zh] <= 0.1"], {})
    assert Gating(specs=sliced).budget == ANY


def test_a_slice_without_a_state_of_its_own_matches_what_is_expected() -> None:
    normal = [uptake("PET-0000", "liver", "normal", "normal")]
    with pytest.raises(UsageProblem, match="matches nothing in this cohort"):
        gates("ce_recall[organ=liver,state=increased] >= 0.5", records=normal)

"""What a plan says of a gate, and how well it is kept by runs that are then made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.gates.judging import Evidence, judge_gates, measured
from pytest_pet2rep.run.planning import (
    Assumptions,
    GatePlan,
    Ground,
    assumptions_of,
    plan_gates,
)
from pytest_pet2rep.run.planning.cost import run_cost, seconds_before
from pytest_pet2rep.run.planning.tables import cost_line, plan_notes, plan_plain, plan_table
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.run.verdict import Verdict
from tests.unit.run.gate_records import SCORING, gates, run, text

USUAL = Assumptions()


def plan(
    expression: str,
    *,
    cases: int = 100,
    before: float | None = None,
    assumptions: Assumptions = USUAL,
) -> GatePlan:
    ground = Ground(
        cohort=measured(run(cases, 0.2, seed=9), SCORING, "shuffled"),
        floors={"template": measured(run(cases, 0.1, seed=8), SCORING, "template")},
        before=None if before is None else measured(run(cases, before, seed=7), SCORING),
        before_name="the run v1",
    )
    return plan_gates(gates(expression), ground, assumptions)[0]


def test_more_cases_see_less() -> None:
    few, many = (plan("ce_recall >= 0.5", cases=n, before=0.7) for n in (40, 160))
    assert few.visible is not None
    assert many.visible is not None
    assert many.visible == pytest.approx(few.visible / 2, rel=0.15)
    assert (few.cases, few.events) == (40, 160)


def test_the_chance_to_pass_is_that_of_runs_which_are_then_made() -> None:
    planned = plan("ce_recall >= 0.7", cases=60, before=0.78)
    assert planned.value is not None
    assert planned.chance is not None
    (gate,) = gates("ce_recall >= 0.7")
    made = [
        judge_gates([gate], Evidence(run=measured(run(60, planned.value, seed=s), SCORING)))[0]
        for s in range(40)
    ]
    passed = sum(result.verdict is Verdict.PASS for result in made) / len(made)
    assert passed == pytest.approx(planned.chance, abs=0.25)


def test_the_cases_needed_give_the_power_that_is_asked_for() -> None:
    planned = plan("ce_recall >= 0.7", before=0.75)
    assert planned.needed is not None
    assert planned.needed > 100
    assert planned.value is not None
    same = Assumptions(expected={"ce_recall": planned.value})
    enough = plan("ce_recall >= 0.7", cases=planned.needed, before=0.75, assumptions=same)
    assert enough.chance == pytest.approx(0.8, abs=0.1)


def test_too_few_events_can_neither_pass_nor_fail() -> None:
    planned = plan("ce_recall[organ=liver] >= 0.7", cases=20)
    assert planned.hopeless
    assert planned.notes == ("can neither pass nor fail: 20 expected events, 30 needed",)
    assert planned.needed == 30


def test_a_threshold_beyond_the_reach_of_a_perfect_run_is_named() -> None:
    assert plan("ce_recall >= 0.99", cases=80).notes[0].startswith("cannot pass: even a perfect")
    assert plan("miss_rate <= 0.01", cases=80).notes[0].startswith("cannot pass: even a perfect")
    assert plan("ce_recall >= 0.8", cases=80).notes == ()
    assert plan("ce_recall >= 0.01", cases=80).notes == (
        "cannot fail: no run is surely on the other side",
    )


def test_an_equal_run_needs_a_margin_that_the_cases_can_show() -> None:
    (note,) = plan("ce_recall >= baseline - 0.01", cases=80, before=0.8).notes
    assert note.startswith("an equal run cannot pass: with 80 cases a margin of")
    assert plan("ce_recall >= baseline - 0.1", cases=80, before=0.8).notes == ()


def test_a_correlated_baseline_makes_a_gate_sharper() -> None:
    loose, tight = (
        plan("ce_recall >= baseline - 0.1", before=0.8, assumptions=Assumptions(correlation=c))
        for c in (0.0, 0.8)
    )
    assert loose.visible is not None
    assert tight.visible is not None
    assert tight.visible < loose.visible
    assert "correlation 0.8 (stated)" in tight.basis


def test_a_stated_value_stands_in_for_an_earlier_run() -> None:
    stated = plan("miss_rate <= 0.5", assumptions=Assumptions(expected={"miss_rate": 0.3}))
    assert stated.value == 0.3
    assert stated.basis.startswith("stated")
    assert stated.chance is not None
    assert stated.chance > 0.9
    nothing = plan("miss_rate <= 0.5")
    assert (nothing.value, nothing.chance) == (None, None)
    assert nothing.basis == "reports of other patients (shuffled)"


def test_a_lift_is_planned_against_the_best_floor_of_the_earlier_run() -> None:
    planned = plan("lift(ce_recall) >= 0.05", before=0.7)
    assert planned.value == pytest.approx(0.6, abs=0.1)
    assert planned.basis == "the run v1"
    assert planned.chance == pytest.approx(1.0)


def test_operational_gates_say_how_much_they_allow() -> None:
    assert plan("error_rate <= 0.02", cases=100).notes == (
        "judged as observed: up to 2 of 100 cases",
    )
    assert plan("must_pass = [PET-0000, liver]").notes == ("judged as observed",)


def test_arguments_of_the_plan_are_checked() -> None:
    found = assumptions_of({"correlation": "0.7", "ce_f1": "0.6", "seconds": "3"}, ("ce_f1",))
    assert (found.correlation, found.expected) == (0.7, {"ce_f1": 0.6})
    for wrong in ({"correlation": "2"}, {"ce_f1": "much"}, {"secnds": "3"}):
        with pytest.raises(UsageProblem, match="plan-arg"):
            assumptions_of(wrong, ("ce_f1",))


def test_time_and_price_come_from_what_is_stated_or_from_an_earlier_run() -> None:
    settings = RunSettings(model="hf/x", epochs=2)
    stated = run_cost(settings, cases=80, controls=5, arguments={"seconds": "20", "price": "0.01"})
    assert (stated.reports, stated.seconds, stated.price) == (165, 3300.0, pytest.approx(1.65))
    assert "165 reports; 20 s each (stated), 1 at once: 55 min 00 s; price 1.65" in cost_line(
        stated
    )
    record = text("PET-1")
    timed = [replace(record, facts={**record.facts, "timing": {"seconds": 4.0}})]
    assert seconds_before(timed) == 4.0
    before = run_cost(settings, cases=80, controls=0, arguments={}, before=timed)
    assert (before.seconds, before.basis) == (640.0, "mean of the earlier run")
    unknown = run_cost(settings, cases=80, controls=0, arguments={})
    assert unknown.seconds is None
    assert "time unknown" in cost_line(unknown)
    with pytest.raises(UsageProblem, match="needs a number above 0"):
        run_cost(settings, cases=80, controls=0, arguments={"seconds": "-1"})


def test_a_plan_can_be_shown_and_written() -> None:
    planned = plan("ce_recall >= 0.7", before=0.8)
    row = plan_table([planned]).rows[0]
    assert row[:3] == ("ce_recall >= 0.7", "100", "400")
    assert row[4].startswith("±")
    assert plan_notes([planned]) == ["ce_recall >= 0.7: spread from the run v1"]
    plain = plan_plain([planned], run_cost(RunSettings(model="hf/x"), cases=1, controls=0,
                                           arguments={}))  # fmt: skip
    assert plain["schema"] == "pet2rep/plan/1"
    assert plain["gates"][0]["detectable"] == planned.visible

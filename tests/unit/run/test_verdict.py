"""The table of docs/reference/exit-codes.md, as the pure function that decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.error_budget import ANY, NONE, error_budget
from pytest_pet2rep.run.verdict import RunFacts, Undecided, Verdict, run_verdict

GREEN = RunFacts(planned=93, cases=3)
GATED = replace(GREEN, gates_set=True, gates=(Verdict.PASS, Verdict.PASS))
WORST = replace(
    GATED,
    run_wide_error="no such model",
    broken_elsewhere=("test_own.py::test_own",),
    gates=(Verdict.FAIL,),
    holes=2,
    left_out=3,
    failed_items=4,
    broken_cases=1,
    unwritten="out.json cannot be written",
)


@pytest.mark.parametrize("status", [2, 3, 4, 5, 6, 77])
def test_what_pytest_says_of_itself_stands_before_everything(status: int) -> None:
    found = run_verdict(replace(WORST, status=status))
    assert (found.code, found.verdict) == (status, Verdict.ENDED)


def test_the_rows_apply_in_their_order() -> None:
    order = [
        ({"run_wide_error": ""}, 4),
        ({"broken_elsewhere": ()}, 1),
        ({"holes": 0, "left_out": 0}, 20),
        ({"gates": (Verdict.PASS,)}, 1),
        ({"failed_items": 0, "broken_cases": 0}, 1),
        ({"unwritten": ""}, 1),
    ]
    facts, reasons = WORST, []
    for change, code in order:
        found = run_verdict(facts)
        assert found.code == code
        reasons.append(found.reason)
        facts = replace(facts, **change)
    assert run_verdict(facts).code == 0
    assert len(set(reasons)) == len(order)


@pytest.mark.parametrize(
    ("facts", "code", "reason"),
    [
        (GREEN, 0, "93 items, none failed"),
        (replace(GREEN, failed_items=2), 1, "2 of 93 items failed"),
        (replace(GREEN, holes=2), 1, "2 of 93 planned items have no result"),
        (replace(GREEN, left_out=31), 0, "93 items, none failed"),
        (replace(GREEN, broken_cases=1), 1, "1 of 3 cases ended in an error or a timeout"),
        (GATED, 0, "2 gates: 2 passed"),
        (replace(GATED, holes=2), 20, "2 of 93 planned items have no result"),
        (replace(GATED, left_out=31), 20, "31 items of the cohort were left out"),
        (replace(GATED, gates=(Verdict.PASS, Verdict.FAIL)), 1, "2 gates: 1 failed, 1 passed"),
        (replace(GATED, gates=(Verdict.UNDECIDED,)), 1, "1 gate: 1 undecided"),
        (replace(GATED, gates=(Verdict.NOT_MEASURED, Verdict.FAIL)), 20, "1 not measured"),
        (replace(GATED, failed_items=1), 1, "1 of 93 items failed"),
        (replace(GATED, gates=()), 0, "0 gates"),
    ],
)
def test_each_row_says_its_reason(facts: RunFacts, code: int, reason: str) -> None:
    found = run_verdict(facts)
    assert found.code == code
    assert reason in found.reason
    assert found.line.startswith(f"pet2rep: exit {code} (")


@pytest.mark.parametrize(
    ("policy", "code", "verdict"),
    [
        (Undecided.FAIL, 1, Verdict.UNDECIDED),
        (Undecided.WARN, 0, Verdict.UNDECIDED),
        (Undecided.PASS, 0, Verdict.PASS),
    ],
)
def test_the_policy_decides_what_an_undecided_gate_does(
    policy: Undecided, code: int, verdict: Verdict
) -> None:
    gates = (Verdict.PASS, Verdict.UNDECIDED)
    found = run_verdict(replace(GATED, gates=gates, undecided=policy))
    assert (found.code, found.verdict) == (code, verdict)
    assert "1 undecided" in found.reason


@pytest.mark.parametrize("policy", list(Undecided))
def test_no_policy_makes_an_incomplete_run_green(policy: Undecided) -> None:
    for change in ({"holes": 1}, {"left_out": 1}, {"gates": (Verdict.NOT_MEASURED,)}):
        assert run_verdict(replace(GATED, undecided=policy, **change)).code == 20


def test_a_shard_leaves_its_gates_to_the_merge_but_not_its_holes() -> None:
    shard = replace(GATED, deferred=True, gates=(), broken_cases=1, failed_items=3)
    found = run_verdict(shard)
    assert (found.code, found.verdict) == (0, Verdict.DEFERRED)
    assert found.reason.startswith("gates deferred to merge; 1 of 3 cases ended in an error")
    assert run_verdict(replace(shard, holes=1)).code == 20
    assert run_verdict(replace(shard, broken_elsewhere=("t",))).code == 1


@given(
    st.builds(
        RunFacts,
        status=st.integers(0, 6),
        broken_elsewhere=st.sampled_from([(), ("a",)]),
        gates=st.lists(st.sampled_from(list(Verdict)[:4]), max_size=3).map(tuple),
        gates_set=st.just(True),
        undecided=st.sampled_from(list(Undecided)),
        planned=st.just(5),
        holes=st.integers(0, 2),
        left_out=st.integers(0, 2),
        budget=st.sampled_from([ANY, NONE]),
        broken_cases=st.integers(0, 1),
        cases=st.just(3),
    )
)
def test_green_means_that_everything_was_measured_and_nothing_failed(facts: RunFacts) -> None:
    if run_verdict(facts).code == 0:
        assert facts.status in (0, 1)
        assert (facts.holes, facts.left_out, facts.broken_elsewhere) == (0, 0, ())
        assert not {Verdict.FAIL, Verdict.NOT_MEASURED}.intersection(facts.gates)


@pytest.mark.parametrize(
    ("text", "tolerated", "too_many"),
    [("any", 0, 1), ("none", 100, None), ("2%", 2, 3), ("0.02", 2, 3), ("5", 5, 6), ("0", 0, 1)],
)
def test_an_error_budget_is_a_share_a_count_any_or_none(
    text: str, tolerated: int, too_many: int | None
) -> None:
    budget = error_budget(text)
    assert not budget.exceeded(tolerated, 100)
    assert too_many is None or budget.exceeded(too_many, 100)


@pytest.mark.parametrize("text", ["", "some", "-1", "2.5", "101%", "2%%", "nan", "1e999"])
def test_anything_else_is_no_error_budget(text: str) -> None:
    with pytest.raises(UsageProblem, match="--pet2rep-fail-on-error"):
        error_budget(text)


def test_errors_within_the_budget_are_said_in_the_reason() -> None:
    found = run_verdict(replace(GREEN, broken_cases=1, budget=error_budget("50%")))
    assert found.code == 0
    assert "1 of 3 cases ended in an error or a timeout, which is allowed" in found.reason
    over = run_verdict(replace(GREEN, broken_cases=2, budget=error_budget("50%")))
    assert (over.code, "(more than 50%)" in over.reason) == (1, True)

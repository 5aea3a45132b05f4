"""Gates on records: pass, fail, undecided, not measured; and what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_pet2rep.run.gates import Gate, GateResult, gate_plain
from pytest_pet2rep.run.gates.judging import Evidence, judge_gates, measured, observed_only
from pytest_pet2rep.run.gates.tables import gate_lines, gate_table
from pytest_pet2rep.run.verdict import Verdict
from pytest_pet2rep.types import Outcome, Record
from tests.unit.run.gate_records import SCORING, gates, run, text, uptake


def judge(
    gate: Gate | str,
    records: Sequence[Record],
    baseline: Sequence[Record] | None = None,
    floors: dict[str, Sequence[Record]] | None = None,
) -> GateResult:
    (result,) = judge_all(gates(gate) if isinstance(gate, str) else (gate,), records, baseline,
                          floors)  # fmt: skip
    return result


def judge_all(
    asked: Sequence[Gate],
    records: Sequence[Record],
    baseline: Sequence[Record] | None = None,
    floors: dict[str, Sequence[Record]] | None = None,
) -> tuple[GateResult, ...]:
    evidence = Evidence(
        run=measured(records, SCORING),
        baseline=None if baseline is None else measured(baseline, SCORING, "main"),
        floors=lambda: {n: measured(f, SCORING, n) for n, f in (floors or {}).items()},
    )
    return judge_gates(asked, evidence)


@pytest.mark.parametrize(
    ("threshold", "verdict"),
    [
        (0.6, Verdict.PASS),
        (0.75, Verdict.UNDECIDED),
        (0.79, Verdict.UNDECIDED),
        (0.9, Verdict.FAIL),
    ],
)
def test_an_estimate_is_judged_on_its_bound_and_not_on_what_was_observed(
    threshold: float, verdict: Verdict
) -> None:
    result = judge(f"ce_recall >= {threshold}", run(100, 0.8))
    assert result.verdict is verdict
    assert result.value == pytest.approx(0.8, abs=0.04)
    assert result.bound is not None
    assert result.interval is not None
    assert result.interval[0] < result.value < result.interval[1]
    assert (result.n, result.events) == (100, 400)


def test_a_metric_that_is_better_when_lower_is_bounded_from_above() -> None:
    records = run(100, 0.8)
    assert judge("miss_rate <= 0.3", records).verdict is Verdict.PASS
    assert judge("miss_rate <= 0.1", records).verdict is Verdict.FAIL
    undecided = judge("miss_rate <= 0.21", records)
    assert undecided.verdict is Verdict.UNDECIDED
    assert "bounds lie on both sides" in undecided.reason


def test_an_operational_fact_is_judged_as_observed_however_few_the_cases() -> None:
    records = [replace(r, outcome=Outcome.ERROR) if r.case == "PET-0001" else r
               for r in run(10, 0.8)]  # fmt: skip
    kept = judge("error_rate <= 0.1", records)
    assert (kept.verdict, kept.value, kept.method) == (Verdict.PASS, 0.1, "observed")
    assert judge("error_rate <= 0.09", records).verdict is Verdict.FAIL


def test_too_few_events_of_a_class_decide_nothing() -> None:
    result = judge("ce_recall[organ=liver] >= 0.1", run(29, 0.9))
    assert (result.verdict, result.unreliable) == (Verdict.UNDECIDED, True)
    assert "29" in result.reason
    assert judge("ce_recall[organ=liver] >= 0.1", run(60, 0.9)).verdict is Verdict.PASS


def test_a_perfect_run_has_exact_limits_and_no_interval_of_width_zero() -> None:
    records = run(100, 1.0)
    good = judge("ce_recall >= 0.95", records)
    assert good.verdict is Verdict.PASS
    assert good.bound is not None
    assert good.bound < 1
    assert judge("ce_recall >= 0.99", records).verdict is Verdict.UNDECIDED


def test_non_inferiority_is_judged_on_the_paired_difference() -> None:
    before = run(120, 0.8, seed=1)
    same = judge("ce_recall >= baseline - 0.05", before, before)
    assert (same.verdict, same.difference) == (Verdict.PASS, 0.0)
    worse = run(120, 0.6, seed=2)
    assert judge("ce_recall >= baseline - 0.05", worse, before).verdict is Verdict.FAIL
    other = run(120, 0.78, seed=3)
    assert judge("ce_recall >= baseline - 0.02", other, before).verdict is Verdict.UNDECIDED


def test_a_baseline_is_compared_on_the_common_cases_and_the_others_are_counted() -> None:
    before, now = run(120, 0.8), run(100, 0.8)
    result = judge("ce_recall >= baseline - 0.05", now, before)
    assert result.n == 100
    assert "100 common cases, 20 in one only" in result.reason
    apart = [replace(r, case=f"other-{r.case}") for r in before]
    nothing = judge("ce_recall >= baseline - 0.05", now, apart)
    assert nothing.verdict is Verdict.NOT_MEASURED
    assert "no case in common" in nothing.reason


def test_without_a_baseline_yet_a_gate_on_it_is_deferred_to_the_next_run() -> None:
    result = judge("ce_recall >= baseline - 0.05", run(100, 0.8))
    assert result.verdict is Verdict.DEFERRED
    assert "no baseline yet" in result.reason


def test_a_lift_must_hold_over_every_floor() -> None:
    now = run(120, 0.8, seed=1)
    floors: dict[str, Sequence[Record]] = {
        "template": run(120, 0.2, seed=2),
        "all-normal": run(120, 0.1, seed=2),
        "majority": run(120, 0.1, seed=4),
        "shuffled": run(120, 0.78, seed=3),
    }
    best = judge("lift(ce_recall) >= 0.1", now, floors=floors)
    assert best.reference_name == "shuffled"
    assert best.verdict is not Verdict.PASS
    assert judge("lift(ce_recall, template) >= 0.1", now, floors=floors).verdict is Verdict.PASS
    low = judge("lift(miss_rate, template) >= 0.1", now, floors=floors)
    assert (low.verdict, low.gate.at_least) == (Verdict.PASS, False)
    assert judge("lift(ce_recall) >= 0.1", now).verdict is Verdict.NOT_MEASURED


def test_a_lift_over_floors_that_lack_one_or_some_cases_is_not_measured() -> None:
    now, low = run(120, 0.8, seed=1), run(120, 0.2, seed=2)
    names = ("template", "all-normal", "majority", "shuffled")
    whole: dict[str, Sequence[Record]] = dict.fromkeys(names, low)
    assert judge("lift(ce_recall) >= 0.1", now, floors=whole).verdict is Verdict.PASS
    lacking = {name: whole[name] for name in names[:3]}
    none = judge("lift(ce_recall) >= 0.1", now, floors=lacking)
    assert (none.verdict, none.reason) == (
        Verdict.NOT_MEASURED, "the records of the floor shuffled are not there",
    )  # fmt: skip
    partial = whole | {"majority": [r for r in low if r.case < "PET-0060"]}
    assert judge("lift(ce_recall) >= 0.1", now, floors=partial).verdict is Verdict.NOT_MEASURED
    half = judge("lift(ce_recall, majority) >= 0.1", now, floors=partial)
    assert half.verdict is Verdict.NOT_MEASURED
    assert half.reason.startswith("the floor majority has no result of ")


def test_named_items_must_pass_and_be_there() -> None:
    records = [uptake("PET-0000", "liver", "increased", "increased"),
               uptake("PET-0001", "liver", "increased", "normal"), text("PET-0000")]  # fmt: skip
    assert judge("must_pass = [PET-0000, liver]", records).verdict is Verdict.PASS
    failed = judge("must_pass = [[PET-0000, liver], [PET-0001, liver]]", records)
    assert (failed.verdict, failed.value) == (Verdict.FAIL, 0.5)
    assert failed.reason == "did not pass: PET-0001 liver"
    assert judge("must_pass = [PET-0002, liver]", records).verdict is Verdict.NOT_MEASURED


def test_an_unscored_metric_is_not_measured() -> None:
    records = [uptake(f"PET-{n}", "liver", "normal", "normal") for n in range(40)]
    result = judge(gates("ce_f1 >= 0.5", records=records)[0], records)
    assert result.verdict is Verdict.NOT_MEASURED
    assert "unscored" in result.reason


def test_of_an_incomplete_run_only_the_observed_values_are_said() -> None:
    asked = gates("ce_recall >= 0.1", "must_pass = [PET-0000, liver]")
    results = observed_only(asked, Evidence(run=measured(run(50, 0.8), SCORING)), "2 holes")
    assert {r.verdict for r in results} == {Verdict.NOT_MEASURED}
    assert results[0].value == pytest.approx(0.8, abs=0.1)
    assert results[0].bound is None


def test_gates_of_a_family_share_their_error_rate() -> None:
    records = run(120, 0.8)
    texts = [f"ce_recall[organ={organ}] >= 0.70" for organ in ("liver", "lungs", "spleen", "brain")]
    alone = judge_all(gates(*texts), records)
    together = judge_all(gates(*texts, family="organs"), records)
    passed = [sum(r.verdict is Verdict.PASS for r in found) for found in (alone, together)]
    assert passed[1] <= passed[0]
    for single, shared in zip(alone, together, strict=True):
        assert shared.adjusted_p is not None
        assert single.adjusted_p is None
        assert shared.adjusted_p <= 0.05 or shared.verdict is Verdict.UNDECIDED
    one = judge_all(gates(texts[0], family="organs"), records)[0]
    assert one.verdict is alone[0].verdict


def test_the_same_evidence_gives_the_same_verdict_twice() -> None:
    records = run(60, 0.8)
    asked = gates("ce_recall >= 0.75", "bleu4:char >= 0.5", "miss_rate <= 0.3")
    first, second = (judge_all(asked, records) for _ in range(2))
    assert [gate_plain(r) for r in first] == [gate_plain(r) for r in second]


def test_two_runs_of_the_same_model_fail_a_gate_no_more_often_than_they_may() -> None:
    """A/A: outcomes of both runs come from the same chances; the margin is zero."""
    (gate,) = gates("ce_recall >= baseline")
    pairs = 120
    verdicts = [
        judge(gate, run(40, 0.8, seed=2 * n, spread=0.2), run(40, 0.8, seed=2 * n + 1, spread=0.2))
        .verdict
        for n in range(pairs)
    ]  # fmt: skip
    # Binomial(120, 0.05): more than 13 of 120 happen in under one run of a hundred.
    assert verdicts.count(Verdict.FAIL) <= 13
    assert verdicts.count(Verdict.PASS) <= 13
    assert verdicts.count(Verdict.UNDECIDED) >= pairs - 26


def test_a_table_says_verdict_observed_bound_needed_and_why() -> None:
    results = judge_all(
        gates("ce_recall >= 0.6", "ce_recall >= baseline - 0.05", "error_rate <= 0.02"),
        run(100, 0.8),
        run(100, 0.8, seed=4),
    )
    rows = gate_table(results).rows
    assert [row[0] for row in rows][0::2] == ["+ pass", "+ pass"]
    assert rows[0][4] == ">= 60.0"
    assert "against" in rows[1][2]
    assert "(main)" in rows[1][2]
    assert rows[1][4] == ">= -5.0"
    failed = judge("ce_recall >= 0.9", run(100, 0.8))
    assert gate_lines([failed])[0].startswith("pet2rep: gate fail: ce_recall >= 0.9 (observed ")
    assert gate_lines(results[:1]) == []


def test_control_records_are_no_result_of_the_run() -> None:
    records = run(50, 0.8)
    control = replace(records[1], check="control:blank-image", outcome=Outcome.ERROR)
    assert judge("error_rate <= 0", [*records, control]).verdict is Verdict.PASS

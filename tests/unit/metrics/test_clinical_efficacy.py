"""Clinical efficacy against scikit-learn and against tables worked out by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import add_counts
from pytest_pet2rep.metrics.efficacy import (
    EfficacyRow,
    class_vector,
    classes_of,
    efficacy_counts,
    efficacy_table,
    row_of,
)
from pytest_pet2rep.metrics.efficacy_scores import (
    SLICES,
    Convention,
    ce_signature,
    ce_values,
    efficacy_scores,
    left_out,
)
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    NORMAL,
    UNSTATED,
    Outcome,
    Record,
    Score,
    States,
    UptakeState,
)

INCREASED, DECREASED, ABSENT = (frozenset({state}) for state in ABNORMAL_STATES)
EVERY: list[States] = [NORMAL, NORMAL, UNSTATED, UNSTATED] + [
    frozenset(chosen) for size in (1, 2, 3) for chosen in combinations(ABNORMAL_STATES, size)
]
BASIS = Basis(
    organs="pet2rep19.v1",
    extractor="rules:1",
    section="findings",
    language="zh",
    cleaning="clean:1",
)


def row(
    expected: States,
    generated: States | None,
    *,
    case: str = "a",
    organ: str = "liver",
    visible: bool | None = None,
    source: str = "extracted",
) -> EfficacyRow:
    return EfficacyRow(
        case=case,
        organ=organ,
        expected=expected,
        generated=generated,
        visible=visible,
        source=source,
    )


def drawn_rows(seed: int, cases: int = 40) -> list[EfficacyRow]:
    draw = random.Random(seed)
    rows = []
    for number in range(cases):
        usable = draw.random() > 0.1
        for organ in ("liver", "lungs", "bone", "kidneys"):
            generated = draw.choice(EVERY) if usable else None
            rows.append(row(draw.choice(EVERY), generated, case=f"c{number}", organ=organ))
    return rows


def scored(
    rows: Sequence[EfficacyRow], convention: Convention = Convention.PAPER
) -> dict[str, Score]:
    table = efficacy_table(efficacy_counts(rows))
    scores = efficacy_scores(table, basis=BASIS, convention=convention)
    return {score.name.removesuffix("[sklearn0]"): score for score in scores}


def indicator(states: States | None) -> list[int]:
    return [int(state in (states or UNSTATED)) for state in ABNORMAL_STATES]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("convention", Convention)
def test_means_and_micro_values_are_those_of_scikit_learn(
    seed: int, convention: Convention
) -> None:
    rows = drawn_rows(seed)
    truth = [indicator(r.expected) for r in rows]
    said = [indicator(r.generated) for r in rows]
    ours = {name: score.value for name, score in scored(rows, convention).items()}
    p, r, _, _ = precision_recall_fscore_support(truth, said, average="macro", zero_division=0)
    micro = precision_recall_fscore_support(truth, said, average="micro", zero_division=0)
    assert ours["ce_precision"] == pytest.approx(p, abs=1e-12)
    assert ours["ce_recall"] == pytest.approx(r, abs=1e-12)
    assert ours["ce_f1"] == pytest.approx(2 * p * r / (p + r), abs=1e-12)
    assert ours["ce_f1_classmean"] == pytest.approx(
        f1_score(truth, said, average="macro", zero_division=0), abs=1e-12
    )
    assert [ours[f"ce_{n}_micro"] for n in ("precision", "recall", "f1")] == pytest.approx(
        micro[:3], abs=1e-12
    )


@pytest.mark.parametrize("seed", range(5))
def test_every_organ_and_class_is_that_of_scikit_learn(seed: int) -> None:
    rows = drawn_rows(seed)
    table = efficacy_table(efficacy_counts(rows))
    for organ, classes in table.per_organ.items():
        there = [r for r in rows if r.organ == organ]
        wanted = precision_recall_fscore_support(
            [indicator(r.expected) for r in there],
            [indicator(r.generated) for r in there],
            zero_division=0,
        )
        ours = [(c.precision, c.recall, c.f1, c.support) for c in classes.values()]
        assert list(zip(*ours, strict=True)) == [pytest.approx(tuple(v)) for v in wanted]


def test_f1_is_the_harmonic_mean_of_the_means_and_not_the_mean_of_the_f1s() -> None:
    rows = [
        row(INCREASED, INCREASED, case="a"),
        row(INCREASED, INCREASED, case="b"),
        row(DECREASED, INCREASED, case="c"),
        row(ABSENT, ABSENT, case="d"),
        row(NORMAL, ABSENT, case="e"),
    ]
    # precision: 2/3, 0, 1/2 -> 7/18; recall: 1, 0, 1 -> 2/3; F1: 4/5, 0, 2/3
    scores = scored(rows)
    assert scores["ce_precision"].value == pytest.approx(7 / 18)
    assert scores["ce_recall"].value == pytest.approx(2 / 3)
    assert scores["ce_f1"].value == pytest.approx(28 / 57)
    assert scores["ce_f1_classmean"].value == pytest.approx(22 / 45)


def test_a_state_that_nobody_mentions_is_left_out_of_the_mean_and_named() -> None:
    rows = [row(INCREASED, INCREASED), row(DECREASED, NORMAL, organ="brain")]
    assert left_out(efficacy_table(efficacy_counts(rows)).per_class) == (UptakeState.ABSENT,)
    ours = scored(rows)
    assert ours["ce_recall"].value == pytest.approx(1 / 2)
    assert "absent" in ours["ce_recall"].reason
    assert scored(rows, Convention.SKLEARN0)["ce_recall"].value == pytest.approx(1 / 3)
    assert scored(rows, Convention.SKLEARN0)["ce_recall"].reason == ""


def test_a_state_that_only_the_model_mentions_stays_in_the_mean() -> None:
    ours = scored([row(INCREASED, INCREASED), row(NORMAL, ABSENT, organ="kidneys")])
    assert ours["ce_precision"].value == pytest.approx(1 / 2)
    assert "absent" not in ours["ce_precision"].reason


def test_an_organ_that_the_reference_leaves_out_still_takes_false_alarms() -> None:
    with_alarm = scored([row(INCREASED, INCREASED), row(UNSTATED, INCREASED, organ="brain")])
    assert with_alarm["ce_precision"].value == pytest.approx(1 / 2)


def test_a_failed_generation_is_a_miss_of_every_expected_state() -> None:
    rows = [row(INCREASED, INCREASED), row(INCREASED | ABSENT, None, case="b")]
    table = efficacy_table(efficacy_counts(rows))
    assert (table.cases, table.unusable) == (2, 1)
    assert table.per_class[UptakeState.INCREASED].fn == 1
    assert table.per_class[UptakeState.ABSENT].fn == 1


def values(rows: Sequence[EfficacyRow], convention: Convention) -> set[float | None]:
    return {score.value for score in scored(rows, convention).values()}


def test_without_cases_nothing_is_scored() -> None:
    for convention in Convention:
        assert {s.reason for s in scored([], convention).values()} == {"no cases"}
        assert values([], convention) == {None}


def test_a_false_alarm_in_a_healthy_cohort_scores_zero_in_both_conventions() -> None:
    for convention in Convention:
        assert values([row(NORMAL, INCREASED)], convention) == {0.0}


def test_a_healthy_cohort_without_alarms_has_no_value_but_by_zero_division() -> None:
    assert values([row(NORMAL, NORMAL)], Convention.PAPER) == {None}
    reason = scored([row(NORMAL, NORMAL)])["ce_f1"].reason
    assert reason == "no abnormal state, expected or reported, in 1 cases"
    assert values([row(NORMAL, NORMAL)], Convention.SKLEARN0) == {0.0}


def test_perfect_reports_reach_one_everywhere() -> None:
    rows = [row(r.expected, r.expected, case=r.case, organ=r.organ) for r in drawn_rows(1)]
    assert {score.value for score in scored(rows).values()} == {1.0}


def test_the_counts_are_plain_json() -> None:
    counts = efficacy_counts([row(INCREASED | DECREASED, NORMAL), row(NORMAL, None, case="b")])
    assert json.loads(json.dumps(counts)) == counts
    assert counts["organs"]["liver"] == {"decreased+increased>normal": 1, "normal>no_report": 1}


def test_coverage_counts_what_reference_and_report_state() -> None:
    rows = [
        row(INCREASED, NORMAL, organ="liver"),
        row(NORMAL, UNSTATED, organ="brain"),
        row(UNSTATED, NORMAL, organ="eyes"),
        row(UNSTATED, INCREASED, organ="lungs"),
    ]
    table = efficacy_table(efficacy_counts(rows))
    assert (table.pairs, table.stated_reference, table.stated_generated) == (4, 2, 3)
    assert table.stated_both == 1
    assert (table.normal_pairs, table.false_alarms, table.unstated_reference) == (3, 1, 1)


def test_the_confusion_table_pairs_what_was_said_instead() -> None:
    rows = [
        row(INCREASED | DECREASED, INCREASED | ABSENT),
        row(INCREASED, NORMAL, case="b"),
        row(INCREASED | DECREASED, INCREASED, case="c"),
        row(NORMAL, ABSENT, case="d"),
        row(NORMAL, UNSTATED, case="e"),
    ]
    table = efficacy_table(efficacy_counts(rows)).confusion["liver"]
    cells = {
        (str(wanted), str(found)): n
        for wanted, columns in table.items()
        for found, n in columns.items()
        if n
    }
    assert cells == {
        ("increased", "increased"): 2,
        ("decreased", "absent"): 1,
        ("increased", "normal"): 1,
        ("decreased", "unstated"): 1,
        ("normal", "absent"): 1,
        ("normal", "unstated"): 1,
    }


def test_the_visible_slice_asks_only_for_what_can_be_seen() -> None:
    seen = [
        row(INCREASED, NORMAL, organ="liver", visible=False),
        row(ABSENT, ABSENT, organ="kidneys", visible=True),
        row(NORMAL, INCREASED, organ="brain"),
    ]
    assert SLICES["visible=true"](seen) == seen[1:]
    unknown = [*seen, row(INCREASED, INCREASED, organ="bone", visible=None)]
    assert SLICES["visible=true"](unknown) == []


def test_the_other_slices_keep_usable_cases_and_what_a_person_stands_for() -> None:
    rows = [row(NORMAL, None), row(NORMAL, NORMAL, organ="bone", source="reviewed")]
    assert SLICES["scored_only"](rows) == rows[1:]
    assert SLICES["reviewed"](rows) == rows[1:]
    assert SLICES["all"](rows) == rows


def test_scores_name_their_slice_and_their_conventions() -> None:
    table = efficacy_table(efficacy_counts([row(INCREASED, INCREASED)]))
    sliced = efficacy_scores(table, basis=BASIS, slice_name="reviewed")
    assert [s.name for s in sliced[:2]] == ["ce_precision[reviewed]", "ce_recall[reviewed]"]
    assert {s.signature for s in sliced} == {f"{ce_signature(BASIS)}|slice:reviewed"}
    zero = efficacy_scores(table, basis=BASIS, convention=Convention.SKLEARN0)
    assert zero[2].name == "ce_f1[sklearn0]"
    assert "conv:sklearn0" in zero[2].signature
    assert ce_signature(BASIS) == (
        "ce|conv:paper|organs:pet2rep19.v1|extractor:rules:1|section:findings|language:zh|clean:1"
        "|unstated:negative"
    )


def test_a_record_of_an_unusable_case_becomes_a_row_without_a_report() -> None:
    record = Record(
        cohort="shipped",
        case="PET-0001",
        check="uptake",
        organ="liver",
        outcome=Outcome.REFUSAL,
        expected=("increased",),
        generated=("unstated",),
        source="explicit",
    )
    made = row_of(record)
    assert made.generated is None
    assert made.expected == INCREASED
    assert row_of(replace(record, repeat=1)).case != made.case


@pytest.mark.parametrize("seed", range(3))
def test_nine_numbers_per_case_are_enough_for_every_value(seed: int) -> None:
    rows = drawn_rows(seed)
    cases = [[r for r in rows if r.case == case] for case in sorted({r.case for r in rows})]
    vectors = [class_vector(efficacy_counts(case)) for case in cases]
    summed = classes_of([sum(column) for column in zip(*vectors, strict=True)])
    assert summed == efficacy_table(efficacy_counts(rows)).per_class
    for convention in Convention:
        wanted = {name: score.value for name, score in scored(rows, convention).items()}
        assert ce_values(summed, convention) == wanted


def test_adding_nothing_is_a_cohort_without_cases() -> None:
    assert efficacy_table(add_counts([])).cases == 0

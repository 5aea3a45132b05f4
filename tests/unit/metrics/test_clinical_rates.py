"""Rates by hand, each with its own denominator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_pet2rep.metrics.counts import Ratio, add_counts
from pytest_pet2rep.metrics.rates import RATES, rate_counts, rate_scores
from pytest_pet2rep.types import Level, Outcome, Record


def record(
    case: str, organ: str, expected: str, generated: str, outcome: Outcome = Outcome.HIT
) -> Record:
    return Record(
        cohort="c",
        case=case,
        check="uptake",
        organ=organ,
        outcome=outcome,
        expected=tuple(expected.split("+")),
        generated=tuple(generated.split("+")),
    )


COHORT = [
    record("a", "liver", "increased+decreased", "increased"),
    record("a", "brain", "normal", "unstated"),
    record("a", "eyes", "unstated", "increased"),
    record("a", "bone", "normal", "normal"),
    record("b", "liver", "absent", "unstated", Outcome.REFUSAL),
    record("b", "brain", "normal", "unstated", Outcome.REFUSAL),
    record("c", "liver", "increased", "unstated", Outcome.TIMEOUT),
    record("d", "liver", "normal", "unstated", Outcome.TRUNCATED),
]
BY_HAND = {
    "miss_rate": Ratio(events=3, of=4),  # decreased in a, absent in b, increased in c
    "false_alarm_rate": Ratio(events=1, of=5),  # eyes in a; b and d raise none
    "coverage": Ratio(events=2, of=7),  # liver and bone in a
    "error_rate": Ratio(events=1, of=4),
    "refusal_rate": Ratio(events=1, of=4),
}


@pytest.mark.parametrize("name", RATES)
def test_a_rate_counted_by_hand(name: str) -> None:
    assert RATES[name][0](rate_counts(COHORT)) == BY_HAND[name]


def test_rates_of_single_cases_add_up_to_those_of_the_cohort() -> None:
    cases = [[r for r in COHORT if r.case == case] for case in "abcd"]
    assert add_counts(map(rate_counts, cases)) == add_counts([rate_counts(COHORT)])


def test_a_score_carries_its_denominator_and_its_direction() -> None:
    scores = {score.name: score for score in rate_scores(rate_counts(COHORT), signature="s")}
    assert (scores["miss_rate"].value, scores["miss_rate"].n) == (0.75, 4)
    assert {score.level for score in scores.values()} == {Level.RATE}
    assert [name for name, score in scores.items() if score.higher_is_better] == ["coverage"]


def test_without_cases_every_rate_is_unscored() -> None:
    for score in rate_scores(add_counts([]), signature="s"):
        assert (score.value, score.reason) == (None, "no cases")


def test_a_healthy_cohort_has_no_miss_rate() -> None:
    healthy = rate_counts([record("a", "liver", "normal", "normal")])
    scores = {score.name: score for score in rate_scores(healthy, signature="s")}
    assert scores["miss_rate"].value is None
    assert scores["miss_rate"].reason == "no expected abnormal state"
    assert scores["false_alarm_rate"].value == 0.0


def test_an_item_that_did_not_run_is_a_hole_and_no_result() -> None:
    holes = [record("e", "liver", "increased", "unstated", Outcome.NOT_RUN)]
    assert rate_counts(COHORT + holes) == rate_counts(COHORT)


def test_repeats_of_a_case_count_as_cases() -> None:
    again = [replace(r, repeat=1) for r in COHORT]
    assert rate_counts(COHORT + again)["cases"] == 8

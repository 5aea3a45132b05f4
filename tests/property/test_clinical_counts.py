"""Counts of cases add up, however the cases are split over shards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.metrics.counts import add_counts
from pytest_pet2rep.metrics.efficacy import EfficacyRow, efficacy_counts, efficacy_table
from pytest_pet2rep.types import ABNORMAL_STATES, NORMAL, UNSTATED, UptakeState

states = st.one_of(
    st.just(NORMAL), st.just(UNSTATED), st.frozensets(st.sampled_from(ABNORMAL_STATES), min_size=1)
)


@st.composite
def cohorts(draw: st.DrawFn) -> list[list[EfficacyRow]]:
    """Draw cases of three organs; a case has a report for all of its organs or for none."""
    cases = []
    for number in range(draw(st.integers(0, 6))):
        usable = draw(st.booleans())
        cases.append(
            [
                EfficacyRow(
                    case=str(number),
                    organ=organ,
                    expected=draw(states),
                    generated=draw(states) if usable else None,
                )
                for organ in ("brain", "liver", "bone")
            ]
        )
    return cases


@given(cohorts(), st.data())
def test_any_split_of_the_cases_adds_up(
    cases: list[list[EfficacyRow]], data: st.DataObject
) -> None:
    whole = efficacy_counts([row for case in cases for row in case])
    per_case = [efficacy_counts(case) for case in cases]
    cut = data.draw(st.integers(0, len(cases)))
    shards = [add_counts(per_case[cut:]), add_counts(per_case[:cut])]
    assert efficacy_table(add_counts(shards)) == efficacy_table(whole)
    assert efficacy_table(add_counts(reversed(per_case))) == efficacy_table(whole)


@given(cohorts())
def test_the_margins_of_the_confusion_table_are_support_and_predictions(
    cases: list[list[EfficacyRow]],
) -> None:
    table = efficacy_table(efficacy_counts([row for case in cases for row in case]))
    for organ, confusion in table.confusion.items():
        for state in ABNORMAL_STATES:
            counts = table.per_organ[organ][state]
            assert sum(confusion[state].values()) == counts.support
            assert sum(confusion[row][state] for row in UptakeState) == counts.predicted
            assert confusion[state][state] == counts.tp

"""The table "Hit and miss" of the reference documentation, line by line."""

from __future__ import annotations

import pytest

from pytest_pet2rep.metrics.judgement import Judgement, judge
from pytest_pet2rep.types import UNUSABLE, Kind, Outcome, States, UptakeState

INCREASED, DECREASED, ABSENT, NORMAL, UNSTATED = (frozenset({state}) for state in UptakeState)
BOTH = INCREASED | DECREASED

HIT, MISS, SILENT = Outcome.HIT, Outcome.MISS, Outcome.UNSTATED


@pytest.mark.parametrize(
    ("expected", "generated", "outcome", "kind", "failed"),
    [
        # A not empty, G = A
        (INCREASED, INCREASED, HIT, Kind.NONE, False),
        (BOTH, BOTH, HIT, Kind.NONE, False),
        # A not empty, G not empty, G != A
        (INCREASED, DECREASED, MISS, Kind.WRONG_STATE, True),
        (BOTH, ABSENT, MISS, Kind.WRONG_STATE, True),
        (BOTH, INCREASED, MISS, Kind.PARTIAL, True),
        (INCREASED, BOTH, MISS, Kind.PARTIAL, True),
        # A not empty, organ stated normal
        (ABSENT, NORMAL, MISS, Kind.MISSED, True),
        # A not empty, organ not mentioned
        (INCREASED, UNSTATED, SILENT, Kind.NONE, True),
        # A empty, stated normal
        (NORMAL, NORMAL, HIT, Kind.NONE, False),
        (NORMAL, UNSTATED, SILENT, Kind.NONE, False),
        # A empty, or reference unstated
        (NORMAL, INCREASED, MISS, Kind.FALSE_ALARM, True),
        (UNSTATED, DECREASED, MISS, Kind.FALSE_ALARM, True),
        # reference unstated, G empty
        (UNSTATED, NORMAL, HIT, Kind.NOTHING_INVENTED, False),
        (UNSTATED, UNSTATED, HIT, Kind.NOTHING_INVENTED, False),
    ],
)
def test_the_table_of_hit_and_miss(
    expected: States, generated: States, outcome: Outcome, kind: Kind, failed: bool
) -> None:
    assert judge(expected, generated) == Judgement(outcome=outcome, kind=kind, failed=failed)


def test_silence_on_a_normal_organ_fails_only_where_silence_is_to_fail() -> None:
    assert judge(NORMAL, UNSTATED, silence="fail") == Judgement(outcome=SILENT, failed=True)
    assert not judge(UNSTATED, UNSTATED, silence="fail").failed
    assert not judge(NORMAL, NORMAL, silence="fail").failed


@pytest.mark.parametrize(
    ("expected", "generated", "kind", "failed"),
    [
        (INCREASED, INCREASED, Kind.NONE, False),
        (NORMAL, INCREASED, Kind.FALSE_ALARM, True),
        (BOTH, INCREASED, Kind.PARTIAL, True),
        (UNSTATED, NORMAL, Kind.NOTHING_INVENTED, False),
    ],
)
def test_an_ambiguous_organ_is_scored_on_the_surface_reading(
    expected: States, generated: States, kind: Kind, failed: bool
) -> None:
    judged = judge(expected, generated, ambiguous=True)
    assert judged == Judgement(outcome=Outcome.AMBIGUOUS, kind=kind, failed=failed)


def test_an_organ_that_is_not_mentioned_cannot_be_ambiguous() -> None:
    assert judge(INCREASED, UNSTATED, ambiguous=True).outcome is Outcome.UNSTATED


@pytest.mark.parametrize("outcome", UNUSABLE)
def test_without_a_usable_report_every_item_fails_with_that_outcome(outcome: Outcome) -> None:
    assert judge(INCREASED, UNSTATED, usable=outcome) == Judgement(
        outcome=outcome, kind=Kind.MISSED, failed=True
    )
    for expected in (NORMAL, UNSTATED):
        assert judge(expected, UNSTATED, usable=outcome) == Judgement(outcome=outcome, failed=True)


def test_text_read_from_an_unusable_report_does_not_rescue_it() -> None:
    judged = judge(INCREASED, INCREASED, usable=Outcome.TRUNCATED)
    assert judged == Judgement(outcome=Outcome.TRUNCATED, kind=Kind.MISSED, failed=True)


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in UNUSABLE])
def test_only_a_failed_generation_can_make_a_case_unusable(outcome: Outcome) -> None:
    with pytest.raises(ValueError, match="no outcome of a case"):
        judge(INCREASED, INCREASED, usable=outcome)


def test_abnormal_wins_within_an_organ() -> None:
    assert judge(INCREASED | NORMAL, INCREASED).outcome is HIT
    assert judge(NORMAL, NORMAL | DECREASED).kind is Kind.FALSE_ALARM
    assert judge(frozenset(), frozenset()).kind is Kind.NOTHING_INVENTED

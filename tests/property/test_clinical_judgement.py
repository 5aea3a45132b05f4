"""What holds for every pair of statements on an organ."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from pytest_pet2rep.metrics.judgement import judge
from pytest_pet2rep.types import ABNORMAL_STATES, NORMAL, UNSTATED, Kind, Outcome, States

EVERY: list[States] = [NORMAL, UNSTATED] + [
    frozenset(chosen) for size in (1, 2, 3) for chosen in combinations(ABNORMAL_STATES, size)
]
ERRORS = {Kind.MISSED, Kind.WRONG_STATE, Kind.PARTIAL, Kind.FALSE_ALARM}


@pytest.mark.parametrize(("expected", "generated"), list(product(EVERY, EVERY)))
@pytest.mark.parametrize("silence", ["count", "fail"])
def test_every_pair_has_one_outcome_that_agrees_with_its_states(
    expected: States, generated: States, silence: str
) -> None:
    judged = judge(expected, generated, silence=silence)
    wanted, found = (s & frozenset(ABNORMAL_STATES) for s in (expected, generated))
    assert judged.outcome in {Outcome.HIT, Outcome.MISS, Outcome.UNSTATED}
    assert (judged.outcome is Outcome.MISS) == (judged.kind in ERRORS)
    assert (judged.kind is Kind.FALSE_ALARM) == bool(found and not wanted)
    assert (judged.kind is Kind.NOTHING_INVENTED) == (expected == UNSTATED and not found)
    assert (judged.kind is Kind.MISSED) == bool(wanted and generated == NORMAL)
    if judged.outcome is Outcome.HIT:
        assert wanted == found
        assert not judged.failed
    if judged.outcome is Outcome.MISS:
        assert wanted != found
        assert judged.failed
    if judged.outcome is Outcome.UNSTATED:
        assert generated == UNSTATED
        assert judged.failed == (bool(wanted) or silence == "fail")


@pytest.mark.parametrize(("expected", "generated"), list(product(EVERY, EVERY)))
def test_ambiguity_changes_the_word_and_never_the_verdict(
    expected: States, generated: States
) -> None:
    plain = judge(expected, generated)
    ambiguous = judge(expected, generated, ambiguous=True)
    assert (ambiguous.kind, ambiguous.failed) == (plain.kind, plain.failed)
    assert (ambiguous.outcome is Outcome.AMBIGUOUS) == (generated != UNSTATED)


@pytest.mark.parametrize("expected", EVERY)
def test_saying_what_the_reference_says_is_always_a_hit(expected: States) -> None:
    assert judge(expected, expected, silence="fail").outcome is Outcome.HIT

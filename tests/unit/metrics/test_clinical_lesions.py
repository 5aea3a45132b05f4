"""Lesion matching against an optimal assignment, sides and SUVmax by hand."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import add_counts
from pytest_pet2rep.metrics.lesions import (
    KEYS,
    lesion_counts,
    lesion_scores,
    lesion_signature,
    pair_lesions,
)
from pytest_pet2rep.types import Mention, Score, Side, UptakeState


def lesion(
    organ: str = "lungs",
    side: Side = Side.NONE,
    part: str = "",
    state: UptakeState = UptakeState.INCREASED,
    suv: float | None = None,
    start: int = 0,
) -> Mention:
    return Mention(organ=organ, state=state, side=side, part=part, suvmax=suv, start=start)


def scored(reference: Sequence[Mention], generated: Sequence[Mention] | None) -> dict[str, Score]:
    scores = lesion_scores(lesion_counts(reference, generated), signature="lesions")
    return {score.name: score for score in scores}


def drawn(draw: random.Random) -> list[Mention]:
    return [
        lesion(
            organ=draw.choice(["lungs", "liver"]),
            side=draw.choice([Side.LEFT, Side.RIGHT, Side.NONE]),
            part=draw.choice(["", "upper lobe"]),
            state=draw.choice([UptakeState.INCREASED, UptakeState.ABSENT]),
            start=at,
        )
        for at in range(draw.randint(0, 7))
    ]


@pytest.mark.parametrize("seed", range(25))
def test_no_assignment_matches_more_lesions(seed: int) -> None:
    draw = random.Random(seed)
    expected, found = drawn(draw), drawn(draw)
    counts = lesion_counts(expected, found)
    for name, key in KEYS.items():
        equal = np.array([[key(a) == key(b) for b in found] for a in expected], dtype=float)
        if equal.size:
            rows, columns = linear_sum_assignment(equal, maximize=True)
            assert counts["matched"][name] == equal[rows, columns].sum()
        else:
            assert counts["matched"][name] == 0
    assert len(list(pair_lesions(expected, found))) == counts["matched"]["lesion_organ"]


def test_precision_recall_and_f1_by_hand() -> None:
    expected = [
        lesion(side=Side.RIGHT, part="upper lobe"),
        lesion(side=Side.LEFT, part="lower lobe"),
        lesion("liver"),
        lesion("kidneys", state=UptakeState.ABSENT),
    ]
    found = [lesion(side=Side.RIGHT, part="Upper  lobe"), lesion(side=Side.LEFT), lesion("bone")]
    ours = scored(expected, found)
    assert ours["lesion_precision"].value == pytest.approx(1 / 3)
    assert ours["lesion_recall"].value == pytest.approx(1 / 4)
    assert ours["lesion_f1"].value == pytest.approx(2 / 7)
    assert ours["lesion_side_f1"].value == pytest.approx(4 / 7)


def test_one_statement_cannot_match_two_lesions() -> None:
    ours = scored([lesion(), lesion()], [lesion()])
    assert ours["lesion_recall"].value == pytest.approx(1 / 2)
    assert ours["lesion_precision"].value == 1.0


def test_normal_mentions_are_no_lesions() -> None:
    counts = lesion_counts([lesion(state=UptakeState.NORMAL)], [lesion(state=UptakeState.NORMAL)])
    assert (counts["reference"], counts["generated"]) == (0, 0)


def test_a_failed_generation_misses_every_lesion() -> None:
    ours = scored([lesion()], None)
    assert (ours["lesion_recall"].value, ours["lesion_precision"].value) == (0.0, 0.0)


def test_without_lesions_in_the_references_nothing_is_scored() -> None:
    ours = scored([], [lesion()])
    assert ours["lesion_precision"].value is None
    assert ours["lesion_f1"].reason == "no lesion in the references"


def test_laterality_counts_pairs_that_have_a_side_in_both() -> None:
    expected = [
        lesion(side=Side.RIGHT),
        lesion("kidneys", Side.LEFT),
        lesion("adrenals", Side.BILATERAL),
        lesion("liver", Side.LEFT),
        lesion("bone"),
    ]
    found = [
        lesion(side=Side.LEFT),
        lesion("kidneys", Side.LEFT),
        lesion("adrenals", Side.LEFT),
        lesion("liver"),
        lesion("bone", Side.RIGHT),
    ]
    ours = scored(expected, found)["laterality_accuracy"]
    assert (ours.value, ours.n) == (pytest.approx(1 / 3), 3)
    assert lesion_counts(expected, found)["side_left_out"] == 1


def test_lesions_of_both_sides_are_paired_by_their_side_first() -> None:
    expected = [lesion(side=Side.RIGHT, suv=8.0), lesion(side=Side.LEFT, suv=3.0, start=1)]
    found = [lesion(side=Side.LEFT, suv=3.0), lesion(side=Side.RIGHT, suv=8.0, start=1)]
    ours = scored(expected, found)
    assert ours["laterality_accuracy"].value == 1.0
    assert ours["suv_relative_difference"].value == 0.0


def test_suvmax_agrees_within_a_quarter() -> None:
    expected = [lesion(suv=4.0), lesion("liver", suv=10.0), lesion("bone", suv=6.0)]
    found = [lesion(suv=5.0), lesion("liver", suv=4.0), lesion("bone")]
    ours = scored(expected, found)
    assert (ours["suv_within_25"].value, ours["suv_within_25"].n) == (0.5, 2)
    assert ours["suv_relative_difference"].value == pytest.approx((0.25 + 0.6) / 2)
    assert not ours["suv_relative_difference"].higher_is_better


def test_without_suvmax_in_both_there_is_no_agreement_to_speak_of() -> None:
    ours = scored([lesion(suv=4.0)], [lesion()])["suv_within_25"]
    assert (ours.value, ours.n) == (None, 0)


def test_lesion_counts_of_cases_add_up_exactly() -> None:
    draw = random.Random(7)
    cases = [
        lesion_counts([lesion(suv=draw.uniform(2, 20))], [lesion(suv=draw.uniform(2, 20))])
        for _ in range(50)
    ]
    assert add_counts(cases) == add_counts(reversed(cases))
    assert add_counts([add_counts(cases[:20]), add_counts(cases[20:])]) == add_counts(cases)


def test_an_suvmax_without_a_basis_is_invented() -> None:
    expected = [lesion(suv=4.0), lesion("liver", suv=10.0), lesion("bone")]
    found = [lesion(suv=5.0), lesion("liver", suv=4.0), lesion("bone", suv=3.0), lesion("spleen")]
    assert lesion_counts(expected, found)["suv_invented"] == 2
    assert lesion_counts(expected, expected)["suv_invented"] == 0


@given(suvs=st.lists(st.floats(1, 30), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_the_order_of_sentences_does_not_decide_whether_suvmax_agrees(
    suvs: list[float], seed: int
) -> None:
    expected = [lesion(suv=suv, start=at) for at, suv in enumerate(suvs)]
    shuffled = random.Random(seed).sample(suvs, len(suvs))
    found = [lesion(suv=suv, start=at) for at, suv in enumerate(shuffled)]
    assert lesion_counts(expected, found) == lesion_counts(expected, expected)


def test_lesions_with_an_suvmax_are_paired_before_those_without() -> None:
    expected = [lesion(), lesion(suv=5.0, start=1)]
    found = [lesion(suv=5.0), lesion(start=1)]
    assert scored(expected, found)["suv_within_25"].n == 1


def test_the_signature_names_what_a_lesion_depends_on() -> None:
    basis = Basis(organs="any", extractor="rules:1", section="both", language="en")
    assert lesion_signature(basis) == (
        "lesions|extractor:rules:1|section:both|language:en|clean:none|tolerance:0.25"
    )

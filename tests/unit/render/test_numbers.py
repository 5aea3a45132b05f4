from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.render import numbers

SCORES = [
    (0.0, "0.0"),
    (-0.0, "0.0"),
    (1e-12, "0.0"),
    (0.0004, "<0.1"),
    (0.00049999, "<0.1"),
    (0.0005, "0.1"),
    (0.2145, "21.5"),  # 21.45 in decimal; half goes up, as people expect
    (0.1235, "12.4"),
    (0.5, "50.0"),
    (2 / 3, "66.7"),
    (0.999, "99.9"),
    (0.9994, "99.9"),
    (0.9996, ">99.9"),
    (0.99999, ">99.9"),
    (1 - 1e-12, "100.0"),
    (1.0, "100.0"),
    (1.0000000000000002, "100.0"),
    (1.0002, ">100.0"),
    (1.6543, "165.4"),
    (-0.0004, ">-0.1"),
    (-0.1234, "-12.3"),
    (None, "–"),
]


@pytest.mark.parametrize(("value", "text"), SCORES)
def test_a_score_is_written_times_hundred_with_one_decimal(value: float, text: str) -> None:
    assert numbers.score(value) == text


@given(st.floats(min_value=0, max_value=1))
def test_only_a_perfect_score_reads_as_perfect_and_only_none_of_it_as_nothing(value: float) -> None:
    assert (numbers.score(value) == "100.0") == (value >= 1 - 1e-9)
    assert (numbers.score(value) == "0.0") == (value <= 1e-9)


@given(st.integers(0, 3000), st.integers(1, 3000))
def test_one_miss_in_any_number_of_cases_shows(part: int, whole: int) -> None:
    text = numbers.rate(min(part, whole), whole)
    assert (text == "100.0") == (part >= whole)
    assert (text == "0.0") == (part == 0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_written_as_one(value: float) -> None:
    with pytest.raises(ValueError, match="a score is a finite number or None"):
        numbers.score(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbers.unscored("needs the package nltk"), "– (needs the package nltk)"),
        (numbers.unscored(""), "–"),
        (numbers.share(12, 19), "12/19 (63.2 %)"),
        (numbers.share(2999, 3000), "2999/3000 (>99.9 %)"),
        (numbers.share(0, 0), "–"),
        (numbers.rate(1, 3), "33.3"),
        (numbers.rate(0, 0), "–"),
        (numbers.count(0), "0"),
        (numbers.count(10735), "10,735"),
        (numbers.count(1, "case"), "1 case"),
        (numbers.count(1200, "case"), "1,200 cases"),
        (numbers.count(2, "refusal"), "2 refusals"),
        (numbers.count(2, "case of absence", "cases of absence"), "2 cases of absence"),
        (numbers.duration(0), "0.0 s"),
        (numbers.duration(0.44), "0.4 s"),
        (numbers.duration(9.94), "9.9 s"),
        (numbers.duration(9.96), "10 s"),
        (numbers.duration(59.4), "59 s"),
        (numbers.duration(59.6), "1 min 00 s"),
        (numbers.duration(185), "3 min 05 s"),
        (numbers.duration(3599.6), "1 h 00 min"),
        (numbers.duration(7380), "2 h 03 min"),
    ],
)
def test_counts_shares_and_times_are_written_for_people(text: str, expected: str) -> None:
    assert text == expected

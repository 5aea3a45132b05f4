"""The line that says how far a run is."""

from __future__ import annotations

import pytest

from pytest_pet2rep.run.progress import EVERY, FIRST_AFTER, ProgressMeter, duration


def meter(done: int, total: int = 80) -> ProgressMeter:
    made = ProgressMeter(total=total, started=100.0)
    for number in range(done):
        made.finish(f"P-{number}")
    return made


def test_a_line_tells_what_is_done_the_pace_and_the_time_left() -> None:
    found = meter(20)
    found.begin("P-20")
    assert found.text(160.0) == "20 of 80 reports, 20.0 a minute, about 3 min left, now P-20"


def test_items_of_one_case_count_once() -> None:
    found = meter(3)
    found.finish("P-1")
    assert found.text(101.0).startswith("3 of 80 reports")


def test_before_the_first_report_there_is_no_pace() -> None:
    found = meter(0)
    found.begin("P-0")
    assert found.text(130.0) == "0 of 80 reports, now P-0"


def test_a_short_run_has_no_line_and_a_long_one_not_too_many() -> None:
    found = meter(1)
    assert found.line(100.0 + FIRST_AFTER - 0.1) is None
    assert found.line(100.0 + FIRST_AFTER) is not None
    assert found.line(100.0 + FIRST_AFTER + EVERY - 0.1) is None
    assert found.line(100.0 + FIRST_AFTER + EVERY) is not None


def test_a_run_that_has_all_its_reports_is_silent() -> None:
    assert meter(80).line(1e9) is None


@pytest.mark.parametrize(
    ("seconds", "said"), [(40, "40 s"), (719, "12 min"), (12_000, "3 h 20 min")]
)
def test_spans_are_said_as_a_person_says_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said

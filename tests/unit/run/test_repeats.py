"""Several epochs of a run, item by item."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.run.plan import PlannedItem, planned_item, repeat_id
from pytest_pet2rep.run.repeats import repeat_rows
from pytest_pet2rep.types import Outcome, Record

epochs_of_items = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.booleans(), min_size=k, max_size=k), min_size=1, max_size=8)
)


def uptake(case: int, repeat: int, passed: bool, expected: str = "increased") -> Record:
    return Record(
        cohort="made",
        case=str(case),
        check="uptake",
        organ="liver",
        repeat=repeat,
        outcome=Outcome.HIT if passed else Outcome.MISS,
        failed=not passed,
        expected=(expected,),
    )


@given(items=epochs_of_items)
def test_the_mean_lies_between_every_time_and_at_least_once(items: list[list[bool]]) -> None:
    records = [
        uptake(case, repeat, passed)
        for case, found in enumerate(items)
        for repeat, passed in enumerate(found)
    ]
    row = repeat_rows(records, len(items[0]))[0]
    assert row.count == len(items)
    assert row.every_time is not None
    assert row.mean is not None
    assert row.at_least_once is not None
    assert row.every_time - 1e-12 <= row.mean <= row.at_least_once + 1e-12
    assert row.at_least_once == sum(map(any, items)) / len(items)


def test_an_item_without_a_record_in_some_epoch_is_counted_and_in_no_share() -> None:
    row = repeat_rows([uptake(1, 0, True), uptake(1, 1, True), uptake(2, 0, False)], 2)[0]
    assert (row.count, row.incomplete, row.mean) == (1, 1, 1.0)


def test_abnormal_items_have_a_row_of_their_own() -> None:
    records = [
        uptake(case, r, case == 1, e) for case, e in ((1, "normal"), (2, "absent")) for r in (0, 1)
    ]
    by_name = {row.items: row for row in repeat_rows(records, 2)}
    assert (by_name["uptake"].mean, by_name["abnormal"].mean) == (0.5, 0.0)


def test_one_epoch_has_no_repeats() -> None:
    assert repeat_rows([uptake(1, 0, True)], 1) == ()


def test_a_node_id_tells_the_epoch(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for name, item in {
        "test_uptake[liver-repeat2]": PlannedItem(
            case="P", check="uptake", organ="liver", repeat=2
        ),
        "test_text[repeat1]": PlannedItem(case="P", check="text", repeat=1),
        "test_report[complete-repeat0]": PlannedItem(case="P", check="report:complete"),
        "test_control[blank-image]": PlannedItem(case="P", check="control:blank-image"),
    }.items():
        assert planned_item(f"c/P/case.toml::{name}", tmp_path) == item
    assert repeat_id(2) == "repeat2"

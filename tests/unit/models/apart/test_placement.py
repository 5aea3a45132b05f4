"""Devices are an index into the caller's own list, and no process gets another's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.models.apart.placement import (
    LIST,
    Placement,
    environment_of,
    places,
    visible_devices,
)


def never() -> int:
    raise AssertionError("the machine was asked although the caller has a list")


def test_the_callers_list_is_taken_in_its_order_with_its_names() -> None:
    assert visible_devices({LIST: "3,1"}, never) == ("3", "1")
    assert visible_devices({LIST: " GPU-8a4f , MIG-7/0"}, never) == ("GPU-8a4f", "MIG-7/0")


def test_an_entry_that_is_none_ends_the_list() -> None:
    assert visible_devices({LIST: ""}, never) == ()
    assert visible_devices({LIST: "-1"}, never) == ()
    assert visible_devices({LIST: "2,-1,0"}, never) == ("2",)


def test_without_a_list_the_machine_is_asked() -> None:
    assert visible_devices({}, lambda: 2) == ("0", "1")
    assert visible_devices({}, lambda: 0) == ()


def test_each_process_gets_a_device_of_the_list_and_there_are_no_more_processes() -> None:
    assert places(Placement(), ("3", "1"), workers=8) == (("3",), ("1",))
    assert places(Placement(), ("3", "1"), workers=1) == (("3",),)


def test_more_processes_on_a_device_only_if_asked() -> None:
    twice = Placement(processes_per_device=2)
    assert places(twice, ("3", "1"), workers=8) == (("3",), ("1",), ("3",), ("1",))
    assert places(twice, (), workers=8) == (None, None)


def test_without_devices_all_workers_share_one_process() -> None:
    assert places(Placement(), (), workers=4) == (None,)


def test_a_model_over_several_devices_gets_whole_shares() -> None:
    assert places(Placement(devices=2), tuple("54321"), workers=4) == (("5", "4"), ("3", "2"))
    assert places(Placement(devices=0), tuple("543"), workers=4) == (("5", "4", "3"),)
    assert places(Placement(devices=4), tuple("21"), workers=4) == (None,)


def test_a_device_that_the_user_named_leaves_the_list_alone() -> None:
    assert places(Placement(named=True), ("3", "1"), workers=4) == (None,)
    assert environment_of(None, {LIST: "3,1"}) == {LIST: "3,1"}
    assert environment_of(("1",), {LIST: "3,1", "A": "b"}) == {LIST: "1", "A": "b"}


@given(
    devices=st.lists(st.integers(0, 15), unique=True, max_size=8),
    share=st.integers(0, 4),
    per_device=st.integers(1, 3),
    workers=st.integers(1, 12),
)
def test_no_device_gets_more_processes_than_asked_for_and_none_is_invented(
    devices: list[int], share: int, per_device: int, workers: int
) -> None:
    visible = tuple(map(str, devices))
    placement = Placement(devices=share, processes_per_device=per_device)
    made = places(placement, visible, workers=workers)
    assert 1 <= len(made) <= workers
    used = [device for place in made if place is not None for device in place]
    assert set(used) <= set(visible)
    assert all(used.count(device) <= per_device for device in used)

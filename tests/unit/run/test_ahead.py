"""Reports made ahead: each once, none lost, nothing after a stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.run.ahead import InBatches, InThreads, OneByOne, ahead_for
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.run.generating import ReportMaker, Wanted, WantedName
from pytest_pet2rep.types import Case

CASES = [Case(id=f"PET-{n:02d}", folder=Path(), cohort="c") for n in range(12)]
WANTED = [Wanted(case=case) for case in CASES]


class CountingMaker(ReportMaker):
    """Makes every report at once and counts; may be told to wait, to fail, to find it held."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.calls: list[list[str]] = []
        self.under_way = self.most = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self.held: set[str] = set()
        self.kept: set[str] = set()
        self.unkept: set[str] = set()
        self.broken = ""
        self._lock = threading.Lock()

    def get_ready(self, wanted: Wanted) -> None:
        self.ready_for = wanted.case.id

    def make(self, wanted: Wanted) -> Attempt:
        return self._made(wanted)

    def make_many(self, wanted: Sequence[Wanted], *, at_most: int) -> dict[WantedName, Attempt]:
        found = {one.name: Attempt(case=one.case.id) for one in wanted if one.case.id in self.kept}
        new = [w for w in wanted if w.case.id not in self.held | self.kept][:at_most]
        self.calls.append([one.case.id for one in new])
        return found | {one.name: self._made(one) for one in new}

    def _made(self, wanted: Wanted) -> Attempt:
        with self._lock:
            self.made.append(wanted.case.id)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.go_on.wait(30)
        with self._lock:
            self.under_way -= 1
        if wanted.case.id in self.unkept:
            raise StoreError("no room")
        return Attempt(case=wanted.case.id, text=f"report of {wanted.case.id}")


@contextmanager
def in_threads(maker: ReportMaker, requests: int = 3) -> Iterator[InThreads]:
    ahead = InThreads(maker, requests)
    yield ahead
    ahead.stop()
    ahead.join()


def test_what_is_expected_is_made_once_and_is_what_is_got() -> None:
    maker = CountingMaker()
    with in_threads(maker) as ahead:
        ahead.expect(WANTED)
        texts = [ahead.get(one).text for one in WANTED]
    assert texts == [f"report of {case.id}" for case in CASES]
    assert sorted(maker.made) == [case.id for case in CASES]


def test_reports_are_under_way_together_before_anybody_asks() -> None:
    maker = CountingMaker()
    maker.go_on.clear()
    with in_threads(maker, requests=3) as ahead:
        ahead.get_ready(WANTED[0])
        ahead.expect(WANTED)
        while maker.under_way < 6:  # three requests, and as many being prepared
            threading.Event().wait(0.01)
        assert sorted(maker.made) == [case.id for case in CASES[:6]]
        assert maker.ready_for == "PET-00"
        maker.go_on.set()
        assert [ahead.get(one).case for one in WANTED] == [case.id for case in CASES]
    assert maker.most == 6


def test_who_asks_for_what_nobody_has_begun_makes_it_and_nobody_else_does() -> None:
    maker = CountingMaker()
    with in_threads(maker) as ahead:
        assert ahead.get(WANTED[4]).case == "PET-04"
        ahead.expect(WANTED[:2])
        ahead.get(WANTED[1])
        ahead.get(WANTED[0])
    assert sorted(maker.made) == ["PET-00", "PET-01", "PET-04"]


def test_a_later_expectation_replaces_what_has_not_begun() -> None:
    maker = CountingMaker()
    maker.go_on.clear()
    with in_threads(maker, requests=1) as ahead:
        ahead.expect(WANTED[:9])
        while maker.under_way < 2:
            threading.Event().wait(0.01)
        ahead.expect(WANTED[10:])
        maker.go_on.set()
        for one in WANTED[10:]:
            ahead.get(one)
    assert sorted(maker.made) == ["PET-00", "PET-01", "PET-10", "PET-11"]


def test_what_another_process_is_making_is_waited_for_only_when_it_is_asked_for() -> None:
    maker = CountingMaker()
    maker.held = {"PET-00"}
    with in_threads(maker) as ahead:
        ahead.expect(WANTED[:3])
        assert ahead.get(WANTED[2]).case == "PET-02"
        assert "PET-00" not in maker.made
        assert ahead.get(WANTED[0]).case == "PET-00"


def test_an_answer_that_cannot_be_kept_fails_whoever_asks_for_it() -> None:
    maker = CountingMaker()
    maker.unkept = {"PET-01"}
    with in_threads(maker) as ahead:
        ahead.expect(WANTED[:3])
        assert ahead.get(WANTED[0]).case == "PET-00"
        with pytest.raises(StoreError, match="no room"):
            ahead.get(WANTED[1])
        assert ahead.get(WANTED[2]).case == "PET-02"


def test_nothing_begins_after_a_stop() -> None:
    maker = CountingMaker()
    maker.go_on.clear()
    with in_threads(maker, requests=1) as ahead:
        ahead.expect(WANTED)
        while maker.under_way < 2:
            threading.Event().wait(0.01)
        ahead.stop()
        ahead.stop()
        with pytest.raises(CancelledError):
            ahead.get(WANTED[8])
        maker.go_on.set()
    assert len(maker.made) == 2
    assert not [t for t in threading.enumerate() if t.name == "pet2rep-ahead" and t.is_alive()]


def test_a_batch_is_what_is_asked_for_with_what_comes_next_and_is_missing() -> None:
    maker = CountingMaker()
    maker.kept = {"PET-02"}
    ahead = InBatches(maker, 4)
    for position, one in enumerate(WANTED):
        ahead.expect(WANTED[position:])
        assert ahead.get(one).case == one.case.id
    assert maker.calls == [
        ["PET-00", "PET-01", "PET-03", "PET-04"],
        ["PET-05", "PET-06", "PET-07", "PET-08"],
        ["PET-09", "PET-10", "PET-11"],
    ]


def test_a_batch_whose_first_report_another_process_makes_waits_for_that_one() -> None:
    maker = CountingMaker()
    maker.held = {"PET-00"}
    ahead = InBatches(maker, 2)
    ahead.expect(WANTED[:3])
    assert ahead.get(WANTED[0]).case == "PET-00"
    assert maker.made == ["PET-01", "PET-02", "PET-00"]


@pytest.mark.parametrize(
    ("members", "way"),
    [
        ({}, OneByOne),
        ({"ahead": 1}, InThreads),
        ({"ahead": 1, "batches": True}, OneByOne),
        ({"ahead": 2, "batches": True}, InBatches),
        ({"ahead": 2}, InThreads),
        ({"ahead": 2, "kept_elsewhere": True}, OneByOne),
    ],
)
def test_a_provider_says_how_it_likes_its_requests(
    members: dict[str, object], way: type[object]
) -> None:
    provider = type("Model", (), {"kept_elsewhere": False, **members})()
    assert type(ahead_for(provider, CountingMaker())) is way

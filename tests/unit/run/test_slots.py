"""The total of requests under way is kept, however many workers share it."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.run.slots import ALONE, Place, Share, Slots, forget_slots, share_of

SPAWN = multiprocessing.get_context("spawn")


def test_a_serial_run_has_all_of_it() -> None:
    assert share_of(8, ALONE) == Share(size=8)


@given(total=st.integers(1, 64), count=st.integers(1, 64))
def test_the_shares_of_all_workers_are_the_total(total: int, count: int) -> None:
    shares = [share_of(total, Place(index=index, count=count)) for index in range(count)]
    own = sum(share.size for share in shares if share.shared is None)
    shared = {share.shared for share in shares if share.shared is not None}
    assert own + len(shared) == total
    assert all(share.size >= 1 for share in shares)
    assert shares == sorted(shares, key=lambda share: -share.size), "the remainder to the first"


@given(total=st.integers(1, 64), count=st.integers(1, 64), dead=st.integers(0, 63))
def test_who_takes_the_place_of_a_dead_worker_gets_no_more_than_it_had(
    total: int, count: int, dead: int
) -> None:
    before = share_of(total, Place(index=dead % count, count=count))
    after = share_of(total, Place(index=count + dead, count=count))
    assert after.size <= before.size
    assert (after.shared is None) == (before.shared is None)


def _work(cache: str, at_once: Synchronized[int], most: Synchronized[int]) -> None:
    import os

    os.environ["PET2REP_CACHE"] = cache
    slots = Slots(Share(size=1, shared=0), "run-1")
    for _ in range(5):
        with slots.one():
            with at_once.get_lock():
                at_once.value += 1
                most.value = max(most.value, at_once.value)
            time.sleep(0.01)
            with at_once.get_lock():
                at_once.value -= 1


def test_processes_that_share_a_slot_exclude_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = SPAWN.Value("i", 0), SPAWN.Value("i", 0)
    workers = [SPAWN.Process(target=_work, args=(str(tmp_path), at_once, most)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert most.value == 1
    monkeypatch.setenv("PET2REP_CACHE", str(tmp_path))
    forget_slots("run-1")
    assert list((tmp_path / "slots").iterdir()) == []

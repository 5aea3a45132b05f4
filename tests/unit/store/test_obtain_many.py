"""Several reports at once: made together, published one by one, never twice."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_pet2rep.errors import GenerationFailed, GenerationTimeout
from pytest_pet2rep.store.generations import GenerationStore, Reply
from pytest_pet2rep.types import Generation, Outcome

KEYS = [f"{n:02x}" + "0" * 62 for n in (0xAB, 0xAC, 0xAD)]


def always(generation: Generation) -> bool:
    return True


def store(root: Path, run: str = "run-1", take: int = 0) -> GenerationStore:
    return GenerationStore(root=root, run=run, take=take)


def named(keys: Sequence[str]) -> Iterator[tuple[str, Reply]]:
    for key in reversed(keys):
        yield key, Generation(raw=f"report {key[:2]}")


def raw(root: Path, key: str) -> str | None:
    found = store(root).find(key)
    return found.generation.raw if found and found.generation else None


def test_what_nobody_has_is_made_together_and_the_rest_is_found(tmp_path: Path) -> None:
    store(tmp_path).obtain(KEYS[1], lambda: Generation(raw="earlier"), reusable=always)
    asked: list[Sequence[str]] = []

    def make(keys: Sequence[str]) -> Iterator[tuple[str, Reply]]:
        asked.append(keys)
        yield from named(keys)

    found = store(tmp_path).obtain_many([*KEYS, KEYS[0]], make, reusable=always)
    assert asked == [(KEYS[0], KEYS[2])]
    assert {key: stored.made_now for key, stored in found.items()} == {
        KEYS[0]: True,
        KEYS[1]: False,
        KEYS[2]: True,
    }
    assert [raw(tmp_path, key) for key in KEYS] == ["report ab", "earlier", "report ad"]


def test_nothing_is_asked_for_when_everything_is_there(tmp_path: Path) -> None:
    store(tmp_path).obtain_many(KEYS, named, reusable=always)

    def make(keys: Sequence[str]) -> Iterator[tuple[str, Reply]]:
        raise AssertionError(keys)

    assert len(store(tmp_path).obtain_many(KEYS, make, reusable=always)) == 3


def test_each_answer_is_there_for_others_as_soon_as_it_comes(tmp_path: Path) -> None:
    seen: list[str | None] = []

    def make(keys: Sequence[str]) -> Iterator[tuple[str, Reply]]:
        yield keys[0], Generation(raw="first")
        # Somebody else gets it now, without waiting for the others of the batch.
        other = store(tmp_path).obtain(keys[0], lambda: Generation(raw="twice"), reusable=always)
        seen.append(other.generation.raw if other.generation else None)
        yield keys[1], GenerationTimeout("too slow")
        yield keys[2], GenerationFailed("no answer")

    found = store(tmp_path).obtain_many(KEYS, make, reusable=always)
    assert seen == ["first"]
    assert [found[key].failure for key in KEYS] == [None, Outcome.TIMEOUT, Outcome.ERROR]


def test_what_another_thread_is_making_is_not_waited_for_and_not_made_again(
    tmp_path: Path,
) -> None:
    kept = store(tmp_path)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Generation:
        begun.set()
        assert go_on.wait(20)
        return Generation(raw="slow")

    thread = threading.Thread(target=lambda: kept.obtain(KEYS[0], slow, reusable=always))
    thread.start()
    assert begun.wait(20)
    try:
        found = kept.obtain_many(KEYS, named, reusable=always)
    finally:
        go_on.set()
        thread.join()
    assert sorted(found) == KEYS[1:]
    assert raw(tmp_path, KEYS[0]) == "slow"


def test_a_batch_that_breaks_keeps_what_came_and_frees_the_rest(tmp_path: Path) -> None:
    def make(keys: Sequence[str]) -> Iterator[tuple[str, Reply]]:
        yield keys[0], Generation(raw="came")
        raise RuntimeError("the server went away")

    with pytest.raises(RuntimeError):
        store(tmp_path).obtain_many(KEYS, make, reusable=always)
    assert [raw(tmp_path, key) for key in KEYS] == ["came", None, None]
    found = store(tmp_path).obtain_many(KEYS, named, reusable=always)
    assert [found[key].failure for key in KEYS] == [None, None, None]


def _die(root: Path) -> None:
    def make(keys: Sequence[str]) -> Iterator[tuple[str, Reply]]:
        yield keys[0], Generation(raw="came")
        os._exit(9)

    store(root).obtain_many(KEYS, make, reusable=always)


def test_who_dies_over_a_batch_loses_what_was_under_way_and_the_resume_makes_it(
    tmp_path: Path,
) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    same = store(tmp_path).obtain_many(KEYS, named, reusable=always)
    assert [same[key].failure for key in KEYS] == [None, Outcome.ERROR, Outcome.ERROR]
    resumed = store(tmp_path, take=1).obtain_many(KEYS, named, reusable=always)
    assert [resumed[key].made_now for key in KEYS] == [False, True, True]
    assert [raw(tmp_path, key) for key in KEYS] == ["came", "report ac", "report ad"]

"""Clearing up: nothing goes that somebody needs, and what is asked for goes wholly."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.store import disposal
from pytest_pet2rep.store.disposal import GRACE, Disposal, Selection, dispose, plan_disposal
from pytest_pet2rep.store.generations import GenerationStore
from pytest_pet2rep.store.runs import RunEntry, Take, hold_run, new_take, write_run
from pytest_pet2rep.store.texts import Texts
from pytest_pet2rep.types import Generation

KEYS = [f"{n:02x}" + "0" * 62 for n in range(4)]


def keep(root: Path, key: str, text: str, *, run: str = "r1", model: str = "m") -> None:
    store = GenerationStore(root=root, run=run, facts={"model": model})
    store.obtain(key, lambda: Generation(raw=text), reusable=lambda g: bool(g.raw))


def texts(root: Path) -> list[str]:
    return sorted(path.read_text() for path in root.glob("texts/*/*.txt"))


def age(path: Path) -> None:
    old = time.time() - GRACE - 60
    os.utime(path, (old, old))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    keep(tmp_path, KEYS[0], "one")
    keep(tmp_path, KEYS[1], "two", run="r2", model="other")
    keep(tmp_path, KEYS[2], "", run="r1")
    return tmp_path


def test_nothing_that_is_needed_goes(root: Path) -> None:
    before = texts(root)
    done = dispose(root, Selection())
    assert (done.asked, done.superseded, done.texts, done.leftovers) == (0, 0, (), ())
    assert texts(root) == before


def test_a_plan_removes_nothing_and_says_what_a_disposal_removes(root: Path) -> None:
    planned = plan_disposal(root, Selection(model="m"))
    assert texts(root) == ["", "one", "two"]
    assert dispose(root, Selection(model="m")) == planned
    assert (planned.asked, len(planned.texts)) == (2, 2)
    assert texts(root) == ["two"]
    assert GenerationStore(root=root, run="x").find(KEYS[0]) is None
    assert GenerationStore(root=root, run="x").find(KEYS[1]) is not None


def test_a_text_that_another_answer_names_stays(root: Path) -> None:
    keep(root, KEYS[3], "one", run="r9", model="third")
    dispose(root, Selection(model="m"))
    found = GenerationStore(root=root, run="x").find(KEYS[3])
    assert found is not None
    assert found.generation is not None


def test_the_newest_answer_of_a_key_stays_and_older_ones_go(root: Path) -> None:
    GenerationStore(root=root, run="r5", only_this_run=True)
    (root / "texts").joinpath("76").mkdir(exist_ok=True)
    one = next(path for path in root.glob("texts/*/*.txt") if path.read_text() == "one")
    one.write_text("damaged")
    keep(root, KEYS[0], "one again", run="r3")
    done = dispose(root, Selection())
    assert done.superseded == 1
    assert texts(root) == ["", "one again", "two"]
    assert dispose(root, Selection()).superseded == 0


def test_answers_made_before_a_date_go_and_a_run_without_answers_is_forgotten(root: Path) -> None:
    entry = RunEntry(
        id="r1", digest="d", settings={}, takes=(Take(started="2026-01-01", host="h", pid=1),)
    )
    write_run(root, entry)
    assert dispose(root, Selection(made_before="2000")).asked == 0
    done = dispose(root, Selection(made_before="9999", run="r1"))
    assert (done.asked, done.runs) == (2, ("r1",))
    assert texts(root) == ["two"]
    assert not list(root.glob("runs/r1*"))


def test_answers_of_a_run_that_is_going_on_stay(root: Path) -> None:
    write_run(root, RunEntry(id="r1", digest="d", settings={}, takes=(new_take(),)))
    lock = hold_run(root, "r1")
    try:
        assert dispose(root, Selection(run="r1")).asked == 0
    finally:
        lock.release()
    assert dispose(root, Selection(run="r1")).asked == 2


def test_what_a_dying_process_left_goes_when_it_is_old_enough(root: Path) -> None:
    (root / "locks" / "ab").mkdir()
    orphan, lock = root / "texts" / "ab" / ".half.txt", root / "locks" / "ab" / "abcd.lock"
    tombstone = root / "attempts" / "dead" / f"{KEYS[3]}.0"
    for path in (orphan, lock, tombstone):
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    assert plan_disposal(root, Selection()).leftovers == (tombstone,)
    for path in (orphan, lock):
        age(path)
    done = dispose(root, Selection())
    assert (set(done.texts), set(done.leftovers)) == ({orphan}, {lock, tombstone})
    assert not any(path.exists() for path in (orphan, lock, tombstone, tombstone.parent))


def test_damaged_lines_are_gone_after_clearing_up(root: Path) -> None:
    part = root / "journal" / "00.jsonl"
    part.write_bytes(part.read_bytes() + b'{"key": "00')
    dispose(root, Selection())
    assert part.read_bytes().count(b"\n") == 1
    assert GenerationStore(root=root, run="x").find(KEYS[0]) is not None


@pytest.mark.parametrize("told", [False, True])
def test_a_text_that_a_run_comes_to_meanwhile_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch, told: bool
) -> None:
    def while_a_run_goes_on(*arguments: Any) -> Disposal:
        planned = plan_disposal(*arguments)
        assert [path.read_text() for path in planned.texts] == ["two"]
        if told:
            keep(root, KEYS[3], "two", run="r3")
        else:
            Texts(root=root).write("two")  # its line will follow
        return planned

    monkeypatch.setattr(disposal, "plan_disposal", while_a_run_goes_on)
    dispose(root, Selection(model="other"))
    assert "two" in texts(root)

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.errors import GenerationFailed, GenerationTimeout, StoreError
from pytest_pet2rep.store.generations import GenerationStore
from pytest_pet2rep.types import FinishReason, Generation, Outcome, Usage

KEY = "ab" + "0" * 62


def always(generation: Generation) -> bool:
    return True


def never(generation: Generation) -> bool:
    return False


def text(raw: str = "肝脏摄取增高。") -> Generation:
    return Generation(
        raw=raw,
        finish_reason=FinishReason.STOP,
        usage=Usage(prompt_tokens=3, completion_tokens=5),
        images_sent=3,
        images_consumed=3,
        seconds=1.5,
    )


def store(root: Path, run: str = "run-1", **options: bool) -> GenerationStore:
    return GenerationStore(root=root, run=run, **options)


def count_calls(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_what_was_stored_comes_back_in_every_field(tmp_path: Path) -> None:
    store(tmp_path).obtain(KEY, text, reusable=always)
    found = store(tmp_path).find(KEY)
    assert found is not None
    assert found.generation == text()


@given(raw=st.text(st.characters(codec=None)))
def test_any_text_comes_back_character_by_character(
    tmp_path_factory: pytest.TempPathFactory, raw: str
) -> None:
    root = tmp_path_factory.mktemp("store")
    found = store(root).obtain(KEY, lambda: text(raw), reusable=always)
    assert found.generation is not None
    assert found.generation.raw == raw


def test_the_whole_raw_text_lies_in_a_file_for_people(tmp_path: Path) -> None:
    found = store(tmp_path).obtain(KEY, text, reusable=always)
    assert found.path.read_text(encoding="utf-8") == "肝脏摄取增高。"


def test_a_report_is_made_once_and_then_found(tmp_path: Path) -> None:
    calls: list[int] = []

    def make() -> Generation:
        calls.append(1)
        return text()

    first = store(tmp_path).obtain(KEY, make, reusable=always)
    second = store(tmp_path, "run-2").obtain(KEY, make, reusable=always)
    assert (len(calls), first.made_now, second.made_now) == (1, True, False)


def test_an_answer_that_may_not_be_reused_serves_its_own_run_only(tmp_path: Path) -> None:
    store(tmp_path).obtain(KEY, lambda: text(""), reusable=never)
    assert store(tmp_path, "run-1").find(KEY) is not None
    assert store(tmp_path, "run-2").find(KEY) is None


def test_without_a_verified_identity_nothing_of_another_run_is_used(tmp_path: Path) -> None:
    store(tmp_path, only_this_run=True).obtain(KEY, text, reusable=always)
    assert store(tmp_path, "run-2", only_this_run=True).find(KEY) is None
    assert store(tmp_path, "run-2").find(KEY) is None
    assert store(tmp_path, "run-1", only_this_run=True).find(KEY) is not None


def test_two_runs_that_may_not_share_an_answer_never_write_over_each_other(tmp_path: Path) -> None:
    runs = [store(tmp_path, run, only_this_run=True) for run in ("run-1", "run-2")]
    found = [
        run.obtain(KEY, lambda i=i: text(f"report {i}"), reusable=always)  # type: ignore[misc]
        for i, run in enumerate(runs)
    ]
    assert [stored.path.read_text() for stored in found] == ["report 0", "report 1"]
    again = runs[0].find(KEY)
    assert again is not None
    assert again.generation is not None
    assert again.generation.raw == "report 0"


def test_an_answer_of_one_run_does_not_stand_in_for_a_reusable_one(tmp_path: Path) -> None:
    store(tmp_path, "run-1").obtain(KEY, lambda: text(""), reusable=never)
    store(tmp_path, "run-2").obtain(KEY, text, reusable=always)
    shared = store(tmp_path, "run-3").find(KEY)
    own = store(tmp_path, "run-1").find(KEY)
    assert shared is not None
    assert own is not None
    assert [s.generation.raw if s.generation else None for s in (shared, own)] == [text().raw, ""]


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [(GenerationFailed, Outcome.ERROR), (GenerationTimeout, Outcome.TIMEOUT)],
)
def test_a_failure_is_kept_for_its_run_and_tried_again_by_the_next(
    tmp_path: Path, failure: type[GenerationFailed], outcome: Outcome
) -> None:
    def fail() -> Generation:
        raise failure("no answer")

    found = store(tmp_path).obtain(KEY, fail, reusable=always)
    assert (found.failure, found.reason) == (outcome, "no answer")
    again = store(tmp_path).obtain(KEY, text, reusable=always)
    assert again.failure is outcome
    later = store(tmp_path, "run-2").obtain(KEY, text, reusable=always)
    assert later.generation == text()


def test_an_exception_that_is_no_failure_leaves_no_tombstone(tmp_path: Path) -> None:
    def interrupted() -> Generation:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store(tmp_path).obtain(KEY, interrupted, reusable=always)
    assert not [p for p in tmp_path.glob("attempts/**/*") if p.is_file()]
    assert store(tmp_path).obtain(KEY, text, reusable=always).generation == text()


def _die(root: Path) -> None:
    store(root).obtain(KEY, lambda: os._exit(9), reusable=always)


def test_a_report_whose_process_died_is_an_error_once_and_a_new_chance_for_a_new_run(
    tmp_path: Path,
) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    found = store(tmp_path).obtain(KEY, text, reusable=always)
    assert found.failure is Outcome.ERROR
    assert "died" in found.reason
    assert store(tmp_path, "run-2").obtain(KEY, text, reusable=always).generation == text()


def _race(root: Path, log: Path) -> None:
    def make() -> Generation:
        with log.open("a") as out:
            out.write(f"{os.getpid()}\n")
        return text()

    store(root).obtain(KEY, make, reusable=always)


def test_processes_that_race_for_a_report_make_it_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    context = multiprocessing.get_context("spawn")
    racers = [context.Process(target=_race, args=(tmp_path / "s", log)) for _ in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0, 0, 0]
    assert count_calls(log) == 1


def test_files_are_private(tmp_path: Path) -> None:
    found = store(tmp_path / "s").obtain(KEY, text, reusable=always)
    assert found.path.is_file()
    for path in (tmp_path / "s", *(tmp_path / "s").rglob("*")):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


@pytest.mark.parametrize("damage", ["", "half", "missing"])
def test_an_entry_whose_text_is_lost_is_as_if_it_were_not_there(
    tmp_path: Path, damage: str
) -> None:
    first = store(tmp_path).obtain(KEY, text, reusable=always)
    first.path.unlink() if damage == "missing" else first.path.write_text(damage)
    assert store(tmp_path).find(KEY) is None
    again = store(tmp_path).obtain(KEY, text, reusable=always)
    assert again.generation == text()
    assert again.skipped == (f"texts/{first.path.parent.name}/{first.path.name}",)
    assert store(tmp_path).find(KEY) is not None


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StoreError, match="choose another folder with --pet2rep-store"):
        store(blocked).obtain(KEY, text, reusable=always)


def test_an_entry_names_what_it_is_of_for_people(tmp_path: Path) -> None:
    kept = GenerationStore(root=tmp_path, run="r", facts={"model": "hf/x"})
    kept.obtain(KEY, text, reusable=always, about={"case": "PET-1"}, judge=lambda g: "refusal")
    (line,) = (tmp_path / "journal" / "ab.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert entry["facts"] == {"model": "hf/x", "case": "PET-1"}
    assert (entry["run"], entry["outcome"], entry["seconds"]) == ("r", "refusal", 1.5)
    assert entry["shared"] is False
    assert entry["usage"] == {"prompt_tokens": 3, "completion_tokens": 5}


def test_an_answer_that_no_longer_counts_as_one_is_not_reused_by_a_later_run(
    tmp_path: Path,
) -> None:
    store(tmp_path, "run-1").obtain(KEY, lambda: text("I cannot help"), reusable=always)
    later = store(tmp_path, "run-2").obtain(KEY, text, reusable=lambda g: "cannot" not in g.raw)
    assert later.generation == text()
    own = store(tmp_path, "run-1").obtain(KEY, text, reusable=lambda g: "cannot" not in g.raw)
    assert own.generation is not None
    assert own.generation.raw == "I cannot help"


def test_an_error_of_the_model_s_own_is_not_called_one_of_the_store(tmp_path: Path) -> None:
    def broken() -> Generation:
        raise FileNotFoundError("weights.bin")

    with pytest.raises(FileNotFoundError):
        store(tmp_path).obtain(KEY, broken, reusable=always)
    assert store(tmp_path).obtain(KEY, text, reusable=always).made_now

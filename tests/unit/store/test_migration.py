"""A store of format 1 goes on working, and loses no generation on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.store.generations import GenerationStore
from pytest_pet2rep.types import FinishReason, Generation, Outcome, Usage

KEY, OTHER = "ab" + "0" * 62, "ab" + "1" * 62
RUN = "4be1" + "0" * 28


def always(generation: Generation) -> bool:
    return True


def store(root: Path, run: str = "later") -> GenerationStore:
    return GenerationStore(root=root, run=run)


def answer(raw: str) -> dict[str, Any]:
    return {
        "raw": raw,
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 3, "completion_tokens": 5},
        "images_sent": 3,
        "images_consumed": 3,
        "seconds": 1.5,
        "origin": "",
    }


def old_entry(root: Path, name: str, run: str = RUN, **content: Any) -> None:
    """Write what format 1 wrote for one answer."""
    folder = root / name[:2]
    folder.mkdir(parents=True, exist_ok=True)
    entry = {"format": 1, "run": run, "made": "2026-11-01T08:00:00Z", "facts": {"model": "m"}}
    (folder / f"{name}.json").write_text(json.dumps({**entry, **content}))
    if "generation" in content:
        text = content["generation"]["raw"].encode("utf-8", "surrogatepass")
        (folder / f"{name}.txt").write_bytes(text)
    (folder / f"{name.partition('.')[0]}.lock").touch()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    old_entry(tmp_path, KEY, generation=answer("肝脏摄取增高。\udcff"))
    old_entry(tmp_path, f"{OTHER}.run-{RUN[:16]}", generation=answer(""))
    old_entry(tmp_path, f"{KEY}.run-{'7' * 16}", run="7" * 32, failure="timeout", reason="slow")
    return tmp_path


def test_every_answer_of_an_old_store_serves_whom_it_served(old: Path) -> None:
    shared = store(old).find(KEY)
    assert shared is not None
    assert shared.generation == Generation(
        raw="肝脏摄取增高。\udcff",
        finish_reason=FinishReason.STOP,
        usage=Usage(prompt_tokens=3, completion_tokens=5),
        images_sent=3,
        images_consumed=3,
        seconds=1.5,
    )
    assert store(old).find(OTHER) is None
    own = store(old, RUN).find(OTHER)
    assert own is not None
    assert own.generation is not None
    assert own.generation.raw == ""
    failed = store(old, "7" * 32).find(KEY)
    assert failed is not None
    assert (failed.failure, failed.reason) == (Outcome.TIMEOUT, "slow")


def test_the_old_files_are_gone_and_the_date_of_an_answer_stays(old: Path) -> None:
    store(old).find(KEY)
    assert not (old / "ab").exists()
    lines = (old / "journal" / "ab.jsonl").read_text().splitlines()
    assert {json.loads(line)["made"] for line in lines} == {"2026-11-01T08:00:00Z"}
    assert json.loads((old / "store.json").read_text()) == {"format": 2}


def test_an_old_entry_that_cannot_be_read_stays_where_it_is(old: Path) -> None:
    torn = old / "ab" / ("ab" + "2" * 62 + ".json")
    torn.write_text('{"format": 1, "ru')
    assert store(old).find(KEY) is not None
    assert torn.exists()
    assert store(old).find(KEY) is not None


def test_a_migration_that_was_interrupted_goes_on(old: Path, monkeypatch: Any) -> None:
    removed: list[Path] = []
    unlink = Path.unlink

    def die(path: Path, **options: Any) -> None:
        if path.suffix == ".json":
            raise KeyboardInterrupt
        removed.append(path)
        unlink(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            store(old).find(KEY)
    assert store(old).find(KEY) is not None
    assert store(old, RUN).find(OTHER) is not None
    assert not (old / "ab").exists()


def test_a_store_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "store.json").write_text('{"format": 3}')
    with pytest.raises(StoreError, match="written by a later version"):
        store(tmp_path).obtain(KEY, lambda: Generation(raw="x"), reusable=always)
    assert [path.name for path in tmp_path.iterdir()] == ["store.json"]


def test_looking_into_a_folder_that_is_not_there_makes_none(tmp_path: Path) -> None:
    assert store(tmp_path / "none").find(KEY) is None
    assert not (tmp_path / "none").exists()

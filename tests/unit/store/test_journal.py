"""The journal: appended to by many, read by all, never undone by a crash."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.store.journal import Journal

KEY = "ab" + "0" * 62


def entry(number: int, key: str = KEY) -> dict[str, Any]:
    return {"key": key, "run": "r", "number": number}


def numbers(journal: Journal, key: str = KEY) -> list[int]:
    return [found["number"] for found in journal.entries(key)]


def part(root: Path) -> Path:
    return root / "journal" / "ab.jsonl"


def test_a_reader_sees_what_others_append_meanwhile(tmp_path: Path) -> None:
    reader, writer = Journal(tmp_path), Journal(tmp_path)
    assert numbers(reader) == []
    for number in (1, 2):
        writer.append(entry(number))
        assert numbers(reader)[-1] == number


def test_a_line_is_never_written_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(entry(1))
    before = part(tmp_path).read_bytes()
    journal.append(entry(2))
    assert part(tmp_path).read_bytes().startswith(before)


@given(cut=st.integers(min_value=1, max_value=40), more=st.booleans())
def test_a_torn_last_line_is_skipped_and_never_swallows_the_next(
    tmp_path_factory: pytest.TempPathFactory, cut: int, more: bool
) -> None:
    root = tmp_path_factory.mktemp("journal")
    journal = Journal(root)
    journal.append(entry(1))
    journal.append(entry(2))
    torn = part(root).read_bytes()[:-cut]
    part(root).write_bytes(torn)
    # Without its line end alone, the second line is whole: the next writer gives it one.
    whole = cut == 1
    expected = [1]
    if more:
        Journal(root).append(entry(3))
        expected = [1, 2, 3] if whole else [1, 3]
    fresh = Journal(root)
    assert numbers(fresh) == expected
    assert len(fresh.skipped()) == (0 if whole and more else 1)


@pytest.mark.parametrize(
    "line",
    [
        b"\0" * 64,
        b"[1, 2]",
        b'{"key": "' + KEY.encode() + b'", "number": 7, "v": 99}',
        b'{"key": "' + KEY.encode() + b'", "numb',
        b"\xff\xfe",
    ],
)
def test_a_line_that_nobody_can_read_is_skipped_with_its_place(tmp_path: Path, line: bytes) -> None:
    journal = Journal(tmp_path)
    journal.append(entry(1))
    place = part(tmp_path).stat().st_size
    with part(tmp_path).open("ab") as out:
        out.write(line + b"\n")
    journal.append(entry(2))
    assert numbers(Journal(tmp_path)) == numbers(journal) == [1, 2]
    assert journal.skipped() == journal.skipped(KEY) == (f"ab.jsonl:{place}",)
    assert journal.skipped("cd" + KEY[2:]) == ()


def test_an_entry_is_found_among_those_of_other_keys_and_all_are_listed(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    keys = [f"{n:02x}" + "1" * 62 for n in range(20)]
    for number, key in enumerate(keys):
        journal.append(entry(number, key))
    assert [numbers(Journal(tmp_path), key) for key in keys] == [[n] for n in range(20)]
    assert [found["number"] for found in Journal(tmp_path).all_entries()] == list(range(20))


def test_a_file_that_was_written_again_is_read_again(tmp_path: Path) -> None:
    reader, keeper = Journal(tmp_path), Journal(tmp_path)
    for number in (1, 2, 3):
        keeper.append(entry(number))
    assert numbers(reader) == [1, 2, 3]
    keeper.rewrite("ab", lambda found: [one for one in found if one["number"] == 2])
    assert numbers(reader) == [2]
    reader.append(entry(4))
    assert numbers(keeper) == [2, 4]
    keeper.rewrite("ab", lambda found: [])
    assert numbers(reader) == []


def _append(root: Path, start: int) -> None:
    journal = Journal(root)
    for number in range(start, start + 50):
        journal.append({**entry(number), "padding": "x" * 5000})


def test_processes_that_append_at_once_lose_and_tear_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append, args=(tmp_path, n)) for n in (0, 50, 100)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    journal = Journal(tmp_path)
    assert sorted(numbers(journal)) == list(range(150))
    assert journal.skipped() == ()


FULL = """
import resource, sys
from pathlib import Path
from pytest_pet2rep.store.journal import Journal
root, size = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    Journal(root).append({"key": sys.argv[3], "run": "r", "number": 2})
except OSError as why:
    print("refused")
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit of file sizes")
def test_a_write_that_fails_half_way_leaves_no_trace(tmp_path: Path) -> None:
    Journal(tmp_path).append(entry(1))
    before = part(tmp_path).read_bytes()
    arguments = [str(tmp_path), str(len(before) + 20), KEY]
    done = subprocess.run(
        [sys.executable, "-c", FULL, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n"
    assert part(tmp_path).read_bytes() == before


def test_a_line_is_plain_json_for_other_tools(tmp_path: Path) -> None:
    Journal(tmp_path).append({**entry(1), "reason": "肝\udcff\n"})
    (line,) = part(tmp_path).read_text(encoding="ascii").splitlines()
    assert json.loads(line)["reason"] == "肝\udcff\n"
    assert os.stat(part(tmp_path)).st_mode & 0o077 == 0

"""Files that only their owner may read."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_pet2rep.store.private_files import write_privately


def test_what_everybody_could_read_is_private_once_it_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.touch(0o644)
    write_privately(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        write_privately(pipe, b"what was found")
        assert pipe.is_fifo()
        assert read.result(timeout=60) == b"what was found"

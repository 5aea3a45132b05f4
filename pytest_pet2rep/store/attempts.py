"""One generation at a time per key: the lock, and the tombstone of who died over it.

The tombstone is written before a generation starts and removed when it ends in any way but the
death of the process.  It also holds some room on the disk: an answer that took minutes to make is
not lost because the disk became full meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.store.private_files import FILE_MODE, private_folder

RESERVED = 64 * 1024
"""Bytes held for the answer; the longest report of 4096 tokens is about a third of it."""

_held: dict[str, threading.Lock] = {}
_guard = threading.Lock()
"""Threads of one process exclude each other here: not every file system does that for them."""


@contextlib.contextmanager
def only_one(root: Path, key: str, *, wait: bool = True) -> Iterator[bool]:
    """Hold ``key`` against all threads and processes that see ``root``; raises ``OSError``.

    Yields whether it is held: without ``wait`` that may be false.
    """
    from filelock import FileLock, Timeout

    path = private_folder(root / "locks" / key[:2]) / f"{key}.lock"
    with _guard:
        own = _held.setdefault(str(path), threading.Lock())
    if not own.acquire(blocking=wait):
        yield False
        return
    lock = FileLock(path, mode=FILE_MODE)
    try:
        try:
            lock.acquire(timeout=-1 if wait else 0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            # Whoever waits for this file finds the answer when it gets it, so its name may go.
            path.unlink(missing_ok=True)
            lock.release()
    finally:
        own.release()


@dataclass(frozen=True, kw_only=True, slots=True)
class Tombstones:
    """The tombstones of one take of one run, below ``root``."""

    root: Path
    run: str
    take: int

    def path(self, key: str) -> Path:
        return self.root / "attempts" / self.run / f"{key}.{self.take}"

    def died_over(self, key: str) -> str:
        """Say who died over ``key`` in this take of the run; empty if nobody did."""
        try:
            written = self.path(key).read_bytes()
        except FileNotFoundError:
            return ""
        try:
            who = json.loads(written.rstrip(b"\0"))
            return f"pid {who['pid']} on {who['host']}"
        except (ValueError, KeyError, TypeError):
            return "pid unknown"

    def raise_over(self, key: str) -> None:
        """Write the tombstone, with its room on the disk; raises ``OSError``."""
        path = self.path(key)
        private_folder(path.parent)
        who = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        try:
            os.write(handle, who)
            _reserve(handle, RESERVED)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)

    def remove(self, key: str) -> None:
        """Remove the tombstone, and give back its room."""
        self.path(key).unlink(missing_ok=True)


def is_full(why: OSError) -> bool:
    """Whether a write failed for want of room."""
    return why.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _reserve(handle: int, size: int) -> None:
    try:
        os.posix_fallocate(handle, 0, size)
    except (AttributeError, OSError) as why:
        if isinstance(why, OSError) and is_full(why):
            raise
        os.write(handle, b"\0" * size)  # the file system cannot reserve: fill

"""The journal: what was generated, one JSON object a line, only ever appended to.

It lies in 256 files, ``journal/00.jsonl`` to ``journal/ff.jsonl``, chosen by the first two digits
of the key.  So looking a key up reads one small file, and only what was appended to it since the
last look; nothing grows with the number of processes that ever ran.

A line is written in one piece under the lock of its file, and is safe on disk before anybody
is told of it.  A line that a crash tore is skipped and counted; whoever appends next begins a
line of its own.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_pet2rep.store.private_files import (
    FILE_MODE,
    private_folder,
    sync_folder,
    write_privately,
)

FORMAT = 2
"""Version of a line; a line of another version is skipped like a torn one."""

Entry = Mapping[str, Any]


@dataclass(slots=True)
class _Part:
    """What this process has read of one file of the journal; lines are parsed when wanted."""

    file: tuple[int, int] = (0, 0)
    """Device and inode: another file under the same name is read from its beginning."""
    read_to: int = 0
    """Offset after the last whole line that was read."""
    lines: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    """Key -> offsets and lines, oldest first."""
    skipped: set[int] = field(default_factory=set)
    """Offsets of lines that cannot be read."""
    torn_end: bool = False
    """The file ends inside a line."""


class Journal:
    """The journal below ``root``, as this process knows it; safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._parts: dict[str, _Part] = {}
        self._lock = threading.RLock()

    def entries(self, key: str) -> list[Entry]:
        """Return what is known of ``key``, oldest first, up to this moment.

        Raises ``OSError`` if the file is there and cannot be read.
        """
        with self._lock:
            return _entries(self._read(key[:2]), key)

    def all_entries(self) -> Iterator[Entry]:
        """Every entry of the journal, sorted by key, of one key in the order of writing."""
        for name in self.part_names():
            yield from self.part_entries(name)

    def part_entries(self, name: str) -> list[Entry]:
        """Every entry of one file of the journal."""
        with self._lock:
            part = self._read(name)
            return [entry for key in sorted(part.lines) for entry in _entries(part, key)]

    def part_names(self) -> list[str]:
        """Names of the files that exist, without ending, sorted."""
        return sorted(path.stem for path in self._folder.glob("??.jsonl"))

    def skipped(self, key: str = "") -> tuple[str, ...]:
        """Places (``file:offset``) of the lines that could not be read, as far as was looked.

        With ``key``, only those of the file in which it would stand.
        """
        with self._lock:
            names = [key[:2]] if key else sorted(self._parts)
            return tuple(
                f"{name}.jsonl:{offset}"
                for name in names
                if name in self._parts
                for offset in _unread(self._parts[name])
            )

    def append(self, entry: Entry) -> None:
        """Add one entry, safe on disk when this returns; raises ``OSError``.

        A write that fails half-way is taken back: it leaves no trace.
        """
        self.append_all(entry["key"][:2], [entry])

    def append_all(self, name: str, entries: Sequence[Entry]) -> None:
        """Add several entries whose keys belong to one file of the journal, like ``append``."""
        path = self._path(name)
        with self.part_lock(name):
            new = not path.exists()
            handle = os.open(private_folder(path.parent) / path.name, _APPENDING, FILE_MODE)
            try:
                _append(handle, b"".join(_line({"v": FORMAT, **entry}) for entry in entries))
            finally:
                os.close(handle)
            if new:
                sync_folder(path.parent)

    def rewrite(self, name: str, keep: Callable[[Sequence[Entry]], Sequence[Entry]]) -> None:
        """Write one file again with what ``keep`` leaves of its entries; raises ``OSError``.

        ``keep`` gets them as :meth:`part_entries` returns them.  Whoever reads or appends
        meanwhile sees the old file or the new one.
        """
        with self.part_lock(name):
            kept = keep(self.part_entries(name))
            if kept:
                write_privately(self._path(name), b"".join(map(_line, kept)))
            else:
                self._path(name).unlink(missing_ok=True)

    def part_lock(self, name: str) -> Any:
        """Return the lock under which one file of the journal is written to."""
        from filelock import FileLock

        folder = private_folder(self.root / "locks")
        return FileLock(folder / f"journal-{name}.lock", mode=FILE_MODE)

    def path(self, key: str) -> Path:
        """Return the file in which ``key`` would stand."""
        return self._path(key[:2])

    @property
    def _folder(self) -> Path:
        return self.root / "journal"

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"

    def _read(self, name: str) -> _Part:
        """Bring what is known of one file up to date."""
        part = self._parts.setdefault(name, _Part())
        try:
            handle = os.open(self._path(name), os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            self._parts[name] = part = _Part()
            return part
        try:
            state = os.fstat(handle)
            if (state.st_dev, state.st_ino) != part.file or state.st_size < part.read_to:
                self._parts[name] = part = _Part(file=(state.st_dev, state.st_ino))
            if state.st_size > part.read_to:
                os.lseek(handle, part.read_to, os.SEEK_SET)
                _take_in(part, _read_all(handle, state.st_size - part.read_to))
        finally:
            os.close(handle)
        return part


_APPENDING = os.O_RDWR | os.O_CREAT | os.O_APPEND
_START = re.compile(rb'\{"key": "([^"\\]+)"')


def _line(entry: Entry) -> bytes:
    """Return an entry as a line; the key stands first, so that it is found without parsing."""
    rest = {name: entry[name] for name in sorted(entry) if name != "key"}
    return json.dumps({"key": entry["key"], **rest}, ensure_ascii=True).encode() + b"\n"


def _append(handle: int, lines: bytes) -> None:
    end = os.fstat(handle).st_size
    torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
    content = (b"\n" if torn else b"") + lines
    try:
        while content:
            content = content[os.write(handle, content) :]
        os.fsync(handle)
    except BaseException:
        os.ftruncate(handle, end)
        raise


def _read_all(handle: int, size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := os.read(handle, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _take_in(part: _Part, content: bytes) -> None:
    """Add the whole lines of ``content``; what follows the last line end may be half a line."""
    whole = content[: content.rfind(b"\n") + 1]
    part.torn_end = len(whole) < len(content)
    at = part.read_to
    for line in whole.split(b"\n")[:-1]:
        start = _START.match(line)
        if start is not None:
            part.lines.setdefault(start[1].decode("ascii", "replace"), []).append((at, line))
        elif line.strip():
            part.skipped.add(at)
        at += len(line) + 1
    part.read_to = at


def _entries(part: _Part, key: str) -> list[Entry]:
    found = []
    for offset, line in part.lines.get(key, ()):
        entry = _parsed(line)
        if entry is not None:
            found.append(entry)
        else:
            part.skipped.add(offset)
    return found


def _parsed(line: bytes) -> Entry | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and entry.get("v") == FORMAT else None


def _unread(part: _Part) -> list[int]:
    return sorted(part.skipped | ({part.read_to} if part.torn_end else set()))

"""What may go from a store, and its removal: answers that are asked for, and what nobody needs.

Nobody needs an answer that a newer one of the same key took the place of, a text that no answer
names, a lock that nobody holds, a tombstone of a run that nobody is at.  Answers of a run that is
going on stay in any case.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.store.journal import Entry, Journal
from pytest_pet2rep.store.runs import forget_run, hold_run, read_runs
from pytest_pet2rep.store.texts import Texts

GRACE = 3600.0
"""Seconds for which a file that nobody names may still be on its way into the journal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which answers are meant: those to which everything applies that is said here."""

    model: str = ""
    run: str = ""
    """First digits of the id of a run."""
    made_before: str = ""
    """UTC, ISO 8601."""

    @property
    def says_nothing(self) -> bool:
        """Whether every answer is meant."""
        return not (self.model or self.run or self.made_before)

    def means(self, entry: Entry) -> bool:
        """Say whether ``entry`` is meant."""
        return (
            (not self.model or entry["facts"].get("model") == self.model)
            and entry["run"].startswith(self.run)
            and (not self.made_before or entry["made"] < self.made_before)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Disposal:
    """What goes, or would go."""

    asked: int
    """Answers that the selection means."""
    superseded: int
    """Answers that a newer one took the place of."""
    texts: tuple[Path, ...]
    leftovers: tuple[Path, ...]
    """Locks, tombstones and half-written files that nobody needs."""
    runs: tuple[str, ...]
    """Runs of which nothing is left."""
    bytes: int
    """Size of the texts and leftovers."""


def plan_disposal(root: Path, selection: Selection) -> Disposal:
    """Say what would go; removes nothing.  Raises ``OSError``.

    A selection that says nothing means no answer at all: only what nobody needs goes.
    """
    live = live_runs(root)
    asked = superseded = 0
    named: set[str] = set()
    dropped: set[str] = set()
    runs_left: set[str] = set()
    journal = Journal(root)
    for name in journal.part_names():
        entries = journal.part_entries(name)
        stays = kept(entries, selection, live)
        meant = sum(_goes(entry, selection, live) for entry in entries)
        asked, superseded = asked + meant, superseded + len(entries) - len(stays) - meant
        named |= {entry["text"] for entry in stays if entry.get("text")}
        dropped |= {entry["text"] for entry in entries if entry.get("text")}
        runs_left |= {entry["run"] for entry in stays}
    texts = tuple(p for p in Texts(root=root).files() if _unnamed(p, named, dropped - named))
    leftovers = tuple(_leftovers(root, live))
    return Disposal(
        asked=asked,
        superseded=superseded,
        texts=texts,
        leftovers=leftovers,
        runs=tuple(_forgettable(root, selection, live | runs_left)),
        bytes=sum(path.stat().st_size for path in (*texts, *leftovers) if path.exists()),
    )


def dispose(root: Path, selection: Selection) -> Disposal:
    """Remove what ``plan_disposal`` says; safe while runs are going on.  Raises ``OSError``."""
    before = {path: _written(path) for path in Texts(root=root).files()}
    planned = plan_disposal(root, selection)
    live = live_runs(root)
    journal = Journal(root)
    for name in journal.part_names():
        entries = journal.part_entries(name)
        damaged = bool(journal.skipped(name))
        if damaged or len(kept(entries, selection, live)) < len(entries):
            journal.rewrite(name, lambda entries: kept(entries, selection, live))
    # A run that is going on may have come to the same text since.
    named = {entry["text"] for entry in journal.all_entries() if entry.get("text")}
    for path in planned.texts:
        if path.stem not in named and _written(path) == before.get(path):
            path.unlink(missing_ok=True)
    for path in planned.leftovers:
        path.unlink(missing_ok=True)
    for run in planned.runs:
        forget_run(root, run)
    for folder in sorted(root.glob("attempts/*")):
        if not any(folder.iterdir()):
            folder.rmdir()
    return planned


def kept(
    entries: Sequence[Entry], selection: Selection, live: frozenset[str] = frozenset()
) -> list[Entry]:
    """Return the entries that stay, in their order (which is that of writing, within a key)."""
    stays: list[Entry] = []
    seen: set[tuple[str, str]] = set()
    for entry in reversed(entries):
        whose = (entry["key"], "" if entry["shared"] else entry["run"])
        if entry["run"] not in live and (whose in seen or _goes(entry, selection, live)):
            continue
        seen.add(whose)
        stays.append(entry)
    return stays[::-1]


def live_runs(root: Path) -> frozenset[str]:
    """Ids of the runs that are going on; raises ``OSError``."""
    found = set()
    for entry in read_runs(root):
        lock = hold_run(root, entry.id)
        if lock is None:
            found.add(entry.id)
        else:
            lock.release()
    return frozenset(found)


def _goes(entry: Entry, selection: Selection, live: frozenset[str]) -> bool:
    asked = not selection.says_nothing and selection.means(entry)
    return asked and entry["run"] not in live


def _unnamed(path: Path, named: set[str], dropped: set[str]) -> bool:
    """Say whether a text may go: at once with its answer, else when it is old enough."""
    if path.stem in named:
        return False
    return path.stem in dropped or _is_old(path)


def _leftovers(root: Path, live: frozenset[str]) -> Iterator[Path]:
    for path in sorted(root.glob("locks/*/*.lock")):
        if _is_old(path) and _is_free(path):
            yield path
    for folder in sorted(root.glob("attempts/*")):
        if folder.name not in live:
            yield from sorted(folder.iterdir())


def _is_free(lock: Path) -> bool:
    from filelock import FileLock, Timeout

    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False


def _written(path: Path) -> tuple[int, int] | None:
    """Return which writing of a text this is: each makes another file under the same name."""
    try:
        state = path.stat()
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_mtime_ns


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > GRACE
    except FileNotFoundError:
        return False


def _forgettable(root: Path, selection: Selection, needed: Set[str]) -> Iterator[str]:
    """Runs that the selection means and that have no answer left."""
    if selection.says_nothing or selection.model:
        return
    for entry in read_runs(root):
        before = not selection.made_before or entry.takes[-1].started < selection.made_before
        if entry.id.startswith(selection.run) and before and entry.id not in needed:
            yield entry.id

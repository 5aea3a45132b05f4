"""The version of a store, and how one of format 1 becomes one of format 2.

Format 1 kept two files a generation, ``3f/3f9a….json`` and ``3f/3f9a….txt``; an answer of one run
had the run in its name, ``3f9a….run-4be1….json``.  An old file is removed only when what it says
is safe on disk in the new place, so a migration that is interrupted goes on where it was.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.store.entries import USABLE, Origin, failure_entry, generation_entry
from pytest_pet2rep.store.journal import FORMAT, Journal
from pytest_pet2rep.store.private_files import FILE_MODE, private_folder, write_privately
from pytest_pet2rep.store.texts import Texts
from pytest_pet2rep.types import FinishReason, Generation, Outcome, Usage

STAMP = "store.json"


def check_format(root: Path) -> None:
    """Make sure that ``root`` can be read: bring an old store up to date.

    Raises ``StoreError`` for a store of a later version, and for an old one that cannot be
    written to.
    """
    try:
        stamp = json.loads((root / STAMP).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        stamp = None
    except OSError as why:
        raise StoreError(f"cannot read the store of generations in {root}: {why}") from why
    found = stamp.get("format") if isinstance(stamp, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise StoreError(
            f"the store of generations in {root} was written by a later version (format {found}, "
            f"this one knows {FORMAT}): update pytest-pet2rep, or choose another folder with "
            f"--pet2rep-store"
        )
    if _old_folders(root):
        _migrate(root)


def stamp_format(root: Path) -> None:
    """Write down the version of a store that is about to be written to; raises ``OSError``."""
    stamp = private_folder(root) / STAMP
    if not stamp.exists():
        write_privately(stamp, json.dumps({"format": FORMAT}).encode())


def _old_folders(root: Path) -> list[Path]:
    found = root.glob("[0-9a-f][0-9a-f]")
    return sorted(path for path in found if path.is_dir() and next(path.glob("*.json"), None))


def _migrate(root: Path) -> None:
    from filelock import FileLock

    try:
        locks = private_folder(root / "locks")
        with FileLock(locks / "migration.lock", mode=FILE_MODE):
            for folder in _old_folders(root):
                _take_over(root, folder)
            stamp_format(root)
    except OSError as why:
        raise StoreError(
            f"the store of generations in {root} is of an older version and cannot be brought up "
            f"to date: {why}; make it writable once, or choose another folder with --pet2rep-store"
        ) from why


def _take_over(root: Path, folder: Path) -> None:
    """Move the answers of one old folder; what cannot be read stays where it is."""
    texts, entries, done = Texts(root=root), [], []
    for path in sorted(folder.glob("*.json")):
        entry = _new_entry(path, texts)
        if entry is not None:
            entries.append(entry)
            done.append(path)
    if entries:
        os.sync()  # the texts, all at once
        Journal(root).append_all(folder.name, entries)
    for path in done:
        for old in (path.with_suffix(".txt"), path):
            old.unlink(missing_ok=True)
    for leftover in (*folder.glob("*.lock"), *folder.glob("*.attempt")):
        leftover.unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _new_entry(path: Path, texts: Texts) -> dict[str, Any] | None:
    try:
        old = json.loads(path.read_bytes())
        key, private, _ = path.stem.partition(".run-")
        origin = Origin(run=old["run"], take=0, facts=old["facts"])
        if old["format"] != 1 or key[:2] != path.parent.name:
            return None
        if old.get("failure"):
            entry = failure_entry(key, Outcome(old["failure"]), old["reason"], origin)
        else:
            generation = _generation(old["generation"])
            text = texts.write(generation.raw, sync=False)
            outcome = USABLE if not private else ""
            entry = generation_entry(
                key, generation, origin, text=text, shared=not private, outcome=outcome
            )
        return {**entry, "made": old["made"]}
    except (ValueError, KeyError, TypeError):
        return None


def _generation(old: dict[str, Any]) -> Generation:
    return Generation(
        **{
            **old,
            "finish_reason": FinishReason(old["finish_reason"]),
            "usage": Usage(**old["usage"]),
        }
    )

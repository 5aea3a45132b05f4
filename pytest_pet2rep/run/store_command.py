"""``pet2rep store``: look into the store of generations, take texts out of it, clear it up."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.errors import StoreError, UsageProblem
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.render.numbers import count
from pytest_pet2rep.render.table import render_table
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.store_listing import listing, listing_table
from pytest_pet2rep.store.disposal import Disposal, Selection, dispose, plan_disposal
from pytest_pet2rep.store.journal import Entry, Journal
from pytest_pet2rep.store.migration import check_format
from pytest_pet2rep.store.private_files import write_privately
from pytest_pet2rep.store.texts import Texts

_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}


def look_after_store(options: argparse.Namespace) -> int:
    """Run one of the commands of ``pet2rep store``; return the exit code."""
    commands = {"ls": _ls, "show": _show, "gc": _gc, "export": _export}
    return commands[options.store_command](options)


def _ls(options: argparse.Namespace) -> int:
    root, selection = _root(options), _selection(options)
    journal = Journal(root)
    entries = [entry for entry in journal.all_entries() if selection.means(entry)]
    rows = listing(root, entries, options.by)
    if options.json:
        sys.stdout.write(canonical_json({"store": str(root), "by": options.by, "rows": rows}))
    else:
        print(f"{root}: {count(len(entries), 'answer')}")
        table = listing_table(rows, options.by)
        for line in render_table(table, shutil.get_terminal_size((110, 24)).columns):
            print(line)
    _say_skipped(journal)
    return 0


def _show(options: argparse.Namespace) -> int:
    root, selection = _root(options), _selection(options)
    journal = Journal(root)
    found = [
        entry
        for entry in journal.all_entries()
        if selection.means(entry)
        and (entry["facts"].get("case") == options.what or _begins(entry["key"], options.what))
    ]
    if not found:
        raise UsageProblem(f"{options.what} is no case and begins no key of the store in {root}")
    for entry in sorted(found, key=lambda entry: str(entry["made"])):
        _print_entry(entry, Texts(root=root))
    _say_skipped(journal)
    return 0


def _begins(key: str, given: str) -> bool:
    return re.fullmatch("[0-9a-f]{4,64}", given) is not None and key.startswith(given)


def _print_entry(entry: Entry, texts: Texts) -> None:
    facts = {name: value for name, value in entry.items() if name not in ("facts", "v", "text")}
    for name, value in {**facts, **entry["facts"]}.items():
        shown = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        if shown not in ("", "null"):
            print(f"{name}: {terminal_safe(shown)}")
    digest = entry.get("text")
    if digest:
        text = texts.read(digest)
        print(f"text file: {texts.path(digest)}")
        print()
        print("(the text is lost)" if text is None else terminal_safe(text, line_feeds=True))
    print()


def _gc(options: argparse.Namespace) -> int:
    root, selection = _root(options), _selection(options)
    try:
        done = (dispose if options.yes else plan_disposal)(root, selection)
    except OSError as why:
        raise StoreError(f"the store in {root} cannot be cleared up: {why}") from why
    print("removed:" if options.yes else "would be removed:")
    for line in _gone(done):
        print(f"  {line}")
    if not options.yes:
        print("nothing was removed: add --yes")
    return 0


def _gone(done: Disposal) -> Iterator[str]:
    yield f"{count(done.asked, 'answer')} that were asked for"
    yield f"{count(done.superseded, 'answer')} that newer ones took the place of"
    yield f"{count(len(done.texts), 'text')} that no answer names then"
    yield f"{count(len(done.leftovers), 'lock')} and marks that nobody needs"
    yield f"{count(len(done.runs), 'run')} without answers"
    yield f"{done.bytes / 1024:.0f} KiB"


def _export(options: argparse.Namespace) -> int:
    root, selection = _root(options), _selection(options)
    journal = Journal(root)
    entries = [e for e in journal.all_entries() if selection.means(e) and _is_scored(e)]
    models = sorted({str(entry["facts"].get("model", "")) for entry in entries})
    if not entries or len(models) > 1:
        there = {str(entry["facts"].get("model", "")) for entry in journal.all_entries()}
        known = ", ".join(models or sorted(there)) or "none"
        raise UsageProblem(
            f"name the answers of one model with --model or --run: in {root} these have some: "
            f"{known}"
        )
    lines, left_out = _export_lines(entries, Texts(root=root))
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    content = text.encode("utf-8", "backslashreplace")
    if options.out is None:
        sys.stdout.buffer.write(content)
    else:
        _write(options.out, content)
    for sentence in left_out:
        print(f"pet2rep: {sentence}", file=sys.stderr)
    _say_skipped(journal)
    return 1 if left_out else 0


def _is_scored(entry: Entry) -> bool:
    """Say whether an answer was made to be scored, and not as a control."""
    return bool(entry["facts"].get("case")) and entry["facts"].get("purpose", "score") == "score"


def _export_lines(entries: Iterable[Entry], texts: Texts) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a line per case and repeat, the newest text of each, and what is left out."""
    newest: dict[tuple[str, int], Entry] = {}
    keys: dict[tuple[str, int], set[str]] = {}
    failed: set[tuple[str, int]] = set()
    for entry in sorted(entries, key=lambda entry: str(entry["made"])):
        which = (str(entry["facts"]["case"]), int(entry["facts"].get("repeat", 0)))
        if entry.get("text") is None or texts.read(entry["text"]) is None:
            failed.add(which)
            continue
        newest[which] = entry
        keys.setdefault(which, set()).add(entry["key"])
    lines = [
        {
            "id": which[0],
            "repeat": which[1],
            "text": texts.read(entry["text"]),
            "finish_reason": entry["finish_reason"],
        }
        for which, entry in sorted(newest.items())
    ]
    without = len(failed - newest.keys())
    several = sum(len(found) > 1 for found in keys.values())
    said = [f"{count(without, 'report')} failed and have no text"] if without else []
    if several:
        said.append(
            f"{count(several, 'report')} have texts to different questions (prompt, images, "
            f"decoding): the newest is written; name a run with --run"
        )
    return lines, said


def _write(path: Path, content: bytes) -> None:
    try:
        write_privately(path, content)
    except OSError as why:
        raise UsageProblem(f"{path} cannot be written: {why}") from why


def _say_skipped(journal: Journal) -> None:
    skipped = journal.skipped()
    if skipped:
        shown = ", ".join(skipped[:5]) + (", ..." if len(skipped) > 5 else "")
        lines = count(len(skipped), "damaged line")
        print(f"pet2rep: {lines} of the journal skipped: {shown}", file=sys.stderr)


def _root(options: argparse.Namespace) -> Path:
    root: Path = options.store or cache_folder("generations")
    if not root.is_dir():
        raise UsageProblem(f"there is no store of generations in {root}")
    check_format(root)
    return root


def _selection(options: argparse.Namespace) -> Selection:
    made_before = ""
    if options.older_than:
        age = re.fullmatch(r"(\d+)([hdw]?)", options.older_than)
        if age is None:
            raise UsageProblem(f"--older-than {options.older_than}: write 30d, 12h or 4w")
        days = int(age[1]) * _DAYS[age[2] or "d"]
        when = time.gmtime(time.time() - days * 86400)
        made_before = time.strftime("%Y-%m-%dT%H:%M:%SZ", when)
    return Selection(model=options.model, run=options.of_run, made_before=made_before)

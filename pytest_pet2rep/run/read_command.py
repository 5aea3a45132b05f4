"""``pet2rep read FILE``: what is read in a report, as a table, as JSON, or line by line."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from pytest_pet2rep.anatomy import Profile, load_profile
from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.findings.lines import read_line
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.render.table import render_table
from pytest_pet2rep.run.reading_tables import marked_text, mention_table, state_line
from pytest_pet2rep.types import Language


def read_reports(options: argparse.Namespace) -> int:
    """Read one report, or a file of JSON lines, and print what was read."""
    profile = load_profile(options.profile)
    if options.jsonl:
        for line in _lines(options.file):
            sys.stdout.write(canonical_json(read_line(line, profile), indent=None))
        return 0
    text = _text(options.file)
    language = Language(options.language) if options.language else None
    reading = read(text, language=language)
    if options.json:
        line = {"id": options.file, "text": text, "lang": options.language}
        sys.stdout.write(canonical_json(read_line(line, profile)))
        return 0
    _print_report(text, reading, profile)
    return 0


def _print_report(text: str, reading: Any, profile: Profile) -> None:
    width = shutil.get_terminal_size((100, 24)).columns
    coloured = sys.stdout.isatty()
    print(marked_text(text, reading, coloured=coloured))
    print()
    for line in render_table(mention_table(text, reading), width):
        print(line)
    print()
    for line in state_line(reading, profile):
        print(line)


def _text(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.read()
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as why:
        raise _unreadable(name, why) from why


def _unreadable(name: str, why: OSError | UnicodeDecodeError) -> DataProblem:
    if isinstance(why, OSError):
        return DataProblem(f"{name} cannot be read: {why.strerror or why}")
    return DataProblem(f"{name} is no UTF-8 text: {why}")


def _lines(name: str) -> Iterator[Mapping[str, Any]]:
    if name == "-":
        yield from _parsed(sys.stdin, "standard input")
        return
    try:
        with Path(name).open(encoding="utf-8-sig") as source:
            yield from _parsed(source, name)
    except (OSError, UnicodeDecodeError) as why:
        raise _unreadable(name, why) from why


def _parsed(source: TextIO, name: str) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError as why:
            raise DataProblem(f"{name}:{number}: not a JSON line: {why}") from why
        if not isinstance(found, dict) or not isinstance(found.get("text"), str):
            raise DataProblem(f'{name}:{number}: needs an object with "text" (and "id", "lang")')
        yield found

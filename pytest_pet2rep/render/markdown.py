"""Markdown for pages of CI systems: untrusted text is inert, and a page keeps to its budget.

GitHub drops a step summary of more than 1 MiB as a whole, so nothing is written that might not
fit: what comes later on the page goes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.table import Table
from pytest_pet2rep.render.untrusted import terminal_safe

_MARKS = re.compile(r"[^\w\s,%-]|_", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Part of a page: ``head`` and ``tail`` stand or fall together, ``lines`` as many as fit."""

    head: Sequence[str] = ()
    lines: Sequence[str] = ()
    tail: Sequence[str] = ()
    what: str = "lines"
    """What the lines are, for saying how many of them are left out."""


def inert(text: str) -> str:
    """Return ``text`` as Markdown that shows it and does nothing else.

    Every ASCII mark becomes a character reference, which starts no markup, link, mention or HTML
    (CommonMark 0.31, section 2.5); what does not show, line breaks too, becomes its escape.
    """
    return _MARKS.sub(_reference, terminal_safe(text))


def preformatted(text: str) -> list[str]:
    """Return ``text`` as a block that keeps its lines."""
    shown = terminal_safe(text.replace("\r\n", "\n"), line_feeds=True)
    lines = [
        "&#8203;" if not line.strip() else _MARKS.sub(_reference, line)
        for line in shown.split("\n")
    ]
    return [f"<pre>{lines[0]}", *lines[1:], "</pre>"]


def clipped(text: str, characters: int) -> str:
    """Shorten ``text`` to ``characters``, saying how much is left out."""
    if len(text) <= characters:
        return text
    return f"{text[:characters]} … (and {len(text) - characters} more characters)"


def table_block(table: Table, what: str = "rows") -> Block:
    """Return a table as a block; a rule between rows is left out."""
    titles = " | ".join(inert(column.title) or " " for column in table.columns)
    marks = " | ".join("--:" if column.align is Align.RIGHT else "---" for column in table.columns)
    rows = [f"| {' | '.join(map(inert, row))} |" for row in table.rows if row]
    return Block(head=["", f"| {titles} |", f"| {marks} |"], lines=rows, tail=[""], what=what)


def fit(blocks: Iterable[Block], budget: int) -> str:
    """Join blocks, the first ones first, in at most ``budget`` bytes of UTF-8.

    A block without room for its head and tail is left out; of one with room for some of its lines
    the rest is left out, and how many that are is said.
    """
    page: list[str] = []
    left = budget
    for block in blocks:
        note = f"... and {len(block.lines)} more {block.what}"
        frame = _size([*block.head, note, "", *block.tail])
        if frame > left:
            continue
        shown: list[str] = []
        room = left - frame
        for line in block.lines:
            if _size([line]) > room:
                break
            room -= _size([line])
            shown.append(line)
        missing = len(block.lines) - len(shown)
        said = ["", f"... and {missing} more {block.what}"] if missing else []
        written = [*block.head, *shown, *said, *block.tail]
        page += written
        left -= _size(written)
    return "".join(f"{line}\n" for line in page)


def _size(lines: Iterable[str]) -> int:
    return sum(len(line.encode("utf-8")) + 1 for line in lines)


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};" if found[0].isascii() else found[0]

"""Breaking text into lines of terminal columns: Latin words stay whole, Chinese breaks anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_pet2rep.render.columns import display_width

_PIECES = re.compile(r"\s+|[\x21-\x7e\u00a1-\u024f]+|.", re.DOTALL)
_NEVER_FIRST = frozenset("，。、；：！？）】》”’,.;:!?)")
"""Punctuation that closes what stands before it."""


def wrap(text: str, columns: int) -> list[str]:
    """Break ``text`` (line feeds are kept) into lines of at most ``columns``.

    A word that is longer than a line is cut; closing punctuation may stick out by its own width.
    ``columns`` is at least 2.
    """
    return [line for part in text.split("\n") for line in _wrapped(part, max(2, columns))]


def _wrapped(text: str, columns: int) -> list[str]:
    lines, line = [], ""
    for piece in _pieces(text, columns):
        closes = piece in _NEVER_FIRST and bool(line) and not line.endswith(" ")
        if line and not closes and display_width(line + piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        if line or not piece.isspace():
            line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str, columns: int) -> Iterator[str]:
    for found in _PIECES.finditer(text):
        piece = found[0]
        if piece.isspace():
            yield " "
            continue
        for at in range(0, len(piece), columns):
            yield piece[at : at + columns]

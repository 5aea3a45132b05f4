"""Text measured in terminal columns: a Chinese character takes two, a combining mark none."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

_NO_WIDTH = frozenset({"Mn", "Me", "Cf", "Cc"})


class Align(StrEnum):
    """On which side a cell touches its column."""

    LEFT = "left"
    RIGHT = "right"


def display_width(text: str) -> int:
    """Columns that ``text`` takes (Unicode Standard Annex 11; ambiguous characters count one)."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def clip(text: str, columns: int, mark: str = "…") -> str:
    """Shorten ``text`` to at most ``columns``; ``mark`` stands for what was cut off.

    A wide character that would stick out is left away, so the result may be one column short.
    """
    if display_width(text) <= columns:
        return text
    room = columns - display_width(mark)
    if room < 0:
        return clip(mark, columns, "") if mark else ""
    kept = []
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + mark


def pad(text: str, columns: int, align: Align = Align.LEFT) -> str:
    """Fill ``text`` with spaces to ``columns``; a longer one is returned as it is."""
    space = " " * (columns - display_width(text))
    return text + space if align is Align.LEFT else space + text


def to_ascii(text: str) -> str:
    """Write ``text`` for a terminal that can show ASCII only: dashes as ``-``, others escaped."""
    plain = text.replace("–", "-").replace("…", "..").replace("×", "x").replace("±", "+-")
    return plain.encode("ascii", "backslashreplace").decode("ascii")


def _width(character: str) -> int:
    if unicodedata.category(character) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1

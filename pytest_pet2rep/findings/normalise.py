"""One spelling for what reports spell in many ways, with a way back to the original offsets.

Width (``ＦＤＧ``), superscripts (``¹⁸F``), ligatures and Roman numerals are folded as NFKC does,
character by character; traditional characters become simplified ones, letters lower case, and
punctuation of either width one set.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, kw_only=True, slots=True)
class Normal:
    """Normalised ``text``; character ``i`` comes from ``offsets[i]`` of the original.

    ``offsets`` has one entry more than ``text``: the length of the original.  ``None`` says that
    the two run in step.
    """

    text: str
    offsets: tuple[int, ...] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original text of ``text[start:end]``."""
        if self.offsets is None:
            return start, end
        last = self.offsets[end - 1] if end > start else self.offsets[start]
        return self.offsets[start], last + (1 if end > start else 0)


def fold(text: str) -> str:
    """Fold characters that have a one-character equivalent; the length never changes."""
    return text.translate(_folding())


def normalise(text: str) -> Normal:
    """Normalise ``text`` in time linear in its length."""
    folded = fold(_SOFT_BREAK.sub(" ", text))
    if folded.isascii() or not any(c in _longer() for c in set(folded)):
        return Normal(text=folded, offsets=None)
    longer = _longer()
    out: list[str] = []
    offsets: list[int] = []
    for position, char in enumerate(folded):
        piece = longer.get(char, char)
        out.append(piece)
        offsets.extend([position] * len(piece))
    offsets.append(len(text))
    return Normal(text="".join(out), offsets=tuple(offsets))


_SOFT_BREAK = re.compile(r"(?<=[a-z,0-9)])\n(?=[a-z(])")
"""A line break inside a sentence of wrapped English text."""


@cache
def _folding() -> dict[int, str]:
    table = _characters()
    folding = {
        code: mapped
        for code in (*range(0x80, 0x3400), *range(0xF900, 0xFB07), *range(0xFE30, 0xFFF0))
        if len(mapped := unicodedata.normalize("NFKC", chr(code)).lower()) == 1
        and mapped != chr(code)
    }
    folding |= {code: chr(code).lower() for code in range(0x41, 0x5B)}
    folding |= {ord(c): s for c, s in zip(table["traditional"], table["simplified"], strict=True)}
    folding |= {ord(c): s for c, s in zip(table["variant"], table["plain"], strict=True)}
    return {code: char for code, char in folding.items() if char != chr(code)}


@cache
def _longer() -> dict[str, str]:
    """Characters whose compatibility form has two to four characters, e.g. the Roman Ⅳ or ㎝."""
    return {
        chr(code): mapped
        for code in (*range(0xA0, 0x3400), *range(0xFB00, 0xFB07))
        if 2 <= len(mapped := unicodedata.normalize("NFKC", chr(code)).lower()) <= 4
        and " " not in mapped
    } | {"œ": "oe", "æ": "ae"}


@cache
def _characters() -> dict[str, str]:
    source = resources.files(__package__).joinpath("lexicon/characters.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    return {name: chars.replace("\n", "") for name, chars in table.items()}

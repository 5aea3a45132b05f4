"""The word lists as one table: what a piece of normalised text can be.

Words come from ``lexicon/zh.toml`` and ``lexicon/en.toml`` and from the anatomy catalogue.  Each
kind of word is one letter, so that a clause is a short string that the grammar can match.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.anatomy import Catalogue, catalogue

_PLURAL = frozenset("OapnLUC")
_LANGUAGES = ("zh", "en")


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """One entry of the table: its letter and what it stands for.

    ``value`` is the side, the degree or the word list entry; ``organ``, ``part`` and ``nodes`` are
    set for anatomy (``nodes`` is the node station that an area names beside a word for node).
    """

    kind: str
    value: str = ""
    organ: str = ""
    part: str = ""
    nodes: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """``words`` by spelling; ``lengths`` of the words by how they begin, longest first.

    Words in Latin letters begin with their first run of letters and digits, others with their
    first character.
    """

    words: Mapping[str, Word]
    lengths: Mapping[str, tuple[int, ...]]
    trie: Mapping[str, Any]
    """Words of other scripts as nested tables by character; the key ``""`` holds the word."""


@cache
def lexicon() -> Lexicon:
    """The table of all words, built once."""
    words: dict[str, Word] = dict(_anatomy(catalogue()))
    for language in _LANGUAGES:
        words |= dict(_listed(_table(language)))
    lengths: dict[str, set[int]] = defaultdict(set)
    for word in words:
        lengths[first_piece(word)].add(len(word))
    return Lexicon(
        words=words,
        trie=_trie(words),
        lengths={piece: tuple(sorted(found, reverse=True)) for piece, found in lengths.items()},
    )


def _trie(words: Mapping[str, Word]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for spelling, word in words.items():
        if _LATIN.match(spelling) is None:
            node = root
            for char in spelling:
                node = node.setdefault(char, {})
            node[""] = word
    return root


def first_piece(word: str) -> str:
    """The key of ``Lexicon.lengths`` under which a word is found."""
    latin = _LATIN.match(word)
    return latin.group() if latin else word[:1]


_LATIN = re.compile(r"[a-z0-9]+")


def _anatomy(names: Catalogue) -> Iterator[tuple[str, Word]]:
    for part, shared in names.shared_parts.items():
        yield from _spelled(shared.words, Word(kind="p", part=part))
    for organ in names.organs.values():
        yield from _spelled((*organ.zh, *organ.en), Word(kind="O", organ=organ.id))
        for part, words in organ.parts.items():
            yield from _spelled(words, Word(kind="O", organ=organ.id, part=part))
    for area in names.areas:
        yield from _spelled(
            area.words, Word(kind="a", organ=area.plain, part=area.part, nodes=area.nodes)
        )


def _listed(table: Mapping[str, Any]) -> Iterator[tuple[str, Word]]:
    degrees = {word: degree for degree, words in table["degrees"].items() for word in words}
    for name, kind in kinds().items():
        for word in table.get(name, ()):
            yield from _spelled((word,), Word(kind=kind, value=degrees.get(word, name)))
    for side, words in table["side"].items():
        yield from _spelled(words, Word(kind="s", value=side))


@cache
def kinds() -> dict[str, str]:
    """Name of a word list -> its letter; later lists win where two hold the same word."""
    source = resources.files(__package__).joinpath("lexicon/kinds.toml")
    table: dict[str, str] = tomllib.loads(source.read_text(encoding="utf-8"))
    return table


def _spelled(words: tuple[str, ...] | list[str], word: Word) -> Iterator[tuple[str, Word]]:
    for spelling in words:
        yield spelling, word
        if word.kind in _PLURAL and spelling.isascii() and not spelling.endswith("s"):
            yield spelling + "s", word


def _table(language: str) -> dict[str, Any]:
    source = resources.files(__package__).joinpath(f"lexicon/{language}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def reading_digest() -> str:
    """First eight hex digits over all that a reading depends on.

    That is every word list, the character table, the organ catalogue, and the rules themselves:
    the source of this room, line ends aside.
    """
    room = resources.files(__package__)
    parts = [*room.iterdir(), *room.joinpath("lexicon").iterdir()]
    parts.append(resources.files("pytest_pet2rep").joinpath("data/anatomy/organs.toml"))
    digest = hashlib.sha256()
    for part in sorted(parts, key=lambda part: part.name):
        if part.name.endswith((".py", ".toml")):
            digest.update(part.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:8]

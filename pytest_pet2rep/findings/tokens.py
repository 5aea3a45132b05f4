"""Normalised text -> tokens: words of the lexicon, numbers that mean something, punctuation.

One pass; at each place the longest word wins.  What is no word is skipped, and so is filler.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pytest_pet2rep.findings.lexicon import Lexicon, Word, lexicon
from pytest_pet2rep.findings.numbers import PLACES, SPECIAL, STARTS

PUNCTUATION = {
    ",": ",", ";": ";", ":": ":", "(": "(", ")": ")", "【": "[", "】": "]", "。": ".",
    "!": ".", "?": ".", "\n": "\n",
}  # fmt: skip
_LATIN = re.compile(r"non(?:-[a-z0-9]+)+|[a-z0-9]+(?:'[a-z0-9]+)*-?")
_FIRST = re.compile(r"[a-z0-9]+")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ITEM = re.compile(
    r"(?:(?<=[\s,;:。])|(?<![^\n]))(?:(?:\d{1,2}|[a-h])\)|[一二三四五六七八九十]{1,2}[、.])"
)
"""The number of a list item: "2) Adrenals", "b) Liver"."""
_NUMERALS = frozenset("0123456789abcdefgh一二三四五六七八九十")
_FILLER = " "
_LAYOUT = re.compile(
    r"(?P<item>(?<![a-z0-9])\((?:\d{1,2}|[a-h])\))"
    r"|(?P<leader>(?<!\.)\.{3,80}(?= ?[^\s.,;)\]]))|(?P<query>\?(?=[a-z]))"
)
"""Marks that are more than their characters: "(2)", a dot leader, the "?" of "?sarcoidosis"."""
_LAYOUT_KINDS = {"item": ".", "leader": ":", "query": "q"}
_BEYOND_LATIN = "\u2e80"


@dataclass(slots=True, eq=False)
class Token:
    """One word at ``start`` .. ``end`` of the normalised text.

    ``kind`` is the letter of its word list; the grammar changes it where a longer phrase takes
    the word up, so this one class is mutable.  ``number`` is the value of an SUV, a Deauville
    score or a plain number.
    """

    kind: str
    start: int
    end: int
    word: Word
    number: float = 0.0


_PLAIN = Word(kind="")


def tokenise(text: str) -> list[Token]:
    """All tokens of normalised ``text`` in order, in time linear in its length.

    Sentences return from report to report, so their tokens are remembered.
    """
    found: list[Token] = []
    for piece in _PIECE.finditer(text):
        start = piece.start()
        remembered = piece.end() - start <= _LONGEST_REMEMBERED
        tokens = _remembered(piece.group()) if remembered else _tokens(piece.group())
        found += [Token(t.kind, t.start + start, t.end + start, t.word, t.number) for t in tokens]
    return found


_PIECE = re.compile("[^。\n]*[。\n]|[^。\n]+")
_LONGEST_REMEMBERED = 600
"""Characters of a sentence; longer ones hardly return."""


@lru_cache(maxsize=4096)
def _remembered(sentence: str) -> tuple[Token, ...]:
    return tuple(_tokens(sentence))


def _tokens(text: str) -> list[Token]:
    table = lexicon()
    trie = table.trie
    tokens: list[Token] = []
    position, end = 0, len(text)
    while position < end:
        char = text[position]
        if char > _BEYOND_LATIN and char not in STARTS and char not in PUNCTUATION:
            node, ahead, word, stop = trie.get(char), position + 1, None, position + 1
            while node is not None:
                if "" in node:
                    word, stop = node[""], ahead
                if ahead >= end:
                    break
                node = node.get(text[ahead])
                ahead += 1
            if word is not None and word.kind != _FILLER:
                tokens.append(Token(word.kind, position, stop, word))
            position = stop
        elif char in _LETTERS or char in STARTS:
            position = _word(table, text, position, tokens)
        else:
            position = _mark(table, text, position, tokens)
    return tokens


def _mark(table: Lexicon, text: str, position: int, tokens: list[Token]) -> int:
    """Punctuation, or a word that begins with it such as "(+)"."""
    char = text[position]
    layout = _LAYOUT.match(text, position) if char in "(.?" else None
    if layout is not None:
        tokens.append(Token(_LAYOUT_KINDS[layout.lastgroup or ""], position, layout.end(), _PLAIN))
        return layout.end()
    length = _longest(table, text, position, latin=False)
    if length:
        word = table.words[text[position : position + length]]
        tokens.append(Token(word.kind, position, position + length, word))
        return position + length
    if char in PUNCTUATION:
        tokens.append(Token(PUNCTUATION[char], position, position + 1, _PLAIN))
    elif char == "." and _ends_sentence(text, position):
        tokens.append(Token(".", position, position + 1, _PLAIN))
    return position + 1


def _ends_sentence(text: str, position: int) -> bool:
    """A full stop ends a sentence unless it stands within a number or a word."""
    return text[position + 1 : position + 2] not in _LETTERS


def _word(table: Lexicon, text: str, position: int, tokens: list[Token]) -> int:
    latin = text[position] in _LETTERS
    if latin and position and text[position - 1] in _LETTERS:
        return _skip(text, position)
    item = _ITEM.match(text, position) if text[position] in _NUMERALS else None
    if item is not None:
        tokens.append(Token(".", position, item.end(), _PLAIN))
        return item.end()
    length = _longest(table, text, position, latin)
    special = SPECIAL.match(text, position)
    if special is not None and length < special.end() - position:
        token = _special(special)
        if token is not None:
            tokens.append(token)
        return special.end()
    if not length:
        return _skip(text, position) if latin else position + 1
    word = table.words[text[position : position + length]]
    if word.kind != _FILLER:
        tokens.append(Token(word.kind, position, position + length, word))
    return position + length


def _skip(text: str, position: int) -> int:
    match = _LATIN.match(text, position)
    return match.end() if match else position + 1


def _longest(table: Lexicon, text: str, position: int, latin: bool) -> int:
    """Length of the longest word here, 0 for none; Latin words end at a word border."""
    key = text[position]
    if latin:
        first = _FIRST.match(text, position)
        key = first.group() if first else key
    words = table.words
    for length in table.lengths.get(key, ()):
        piece = text[position : position + length]
        if piece in words and len(piece) == length:
            inside = piece[-1] in _LETTERS and text[position + length : position + length + 1]
            if not inside or inside not in _LETTERS:
                return length
    return 0


def _special(match: re.Match[str]) -> Token | None:
    start, end = match.span()
    if match.group("suv"):
        low = match.group("low")
        high = match.group("high") or low
        return Token("S", start, end, _PLAIN, max(float(high), float(low)))
    if match.group("deauville"):
        return Token("B", start, end, _PLAIN, _score(match))
    if match.group("times"):
        return _times(match)
    if match.group("inflammation"):
        return Token("J", start, end, _PLAIN)
    if match.group("value"):
        return Token("#", start, end, _PLAIN, float(match.group()))
    for name, word in PLACES.items():
        if match.group(name):
            return Token(word.kind, start, end, word)
    return None


def _score(match: re.Match[str]) -> float:
    groups = ("score", "rated", "points", "short")
    return float(next(match.group(name) for name in groups if match.group(name)))


def _times(match: re.Match[str]) -> Token:
    """Times or a fraction of something: behind it in Chinese, before it in English."""
    number = match.group("multiple")
    below = number is None or (number[0] == "0" and float(number) < 1.0)
    chinese = match.group()[-1] > _BEYOND_LATIN and match.group()[-1] != "于"
    kind = "l" if chinese else "<" if below else ">"
    word = _FRACTION if below else _PLAIN
    return Token(kind, match.start(), match.end(), word)


_FRACTION = Word(kind="l", value="fraction")

"""Normalised text -> tokens: words of the lexicon, numbers that mean something, punctuation.

One pass; at each place the longest word wins.  What is no word is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_pet2rep.findings.lexicon import Lexicon, Word, lexicon

PUNCTUATION = {
    ",": ",", ";": ";", ":": ":", "(": "(", ")": ")", "【": "[", "】": "]", "。": ".", "!": ".", "?": ".", "\n": "\n",
}  # fmt: skip

_SPECIAL = re.compile(
    r"(?P<suv>suv[ -]?(?:max|mean|peak|bw|lbm)?[ ]?(?:值|最大值|平均值|峰值)?"
    r"(?: of| is| was|约为|约|为|达|最高|=|:|大约|分别为| value| up to| approximately| ~)?[ ]?[~:=]?[ ]?"
    r"(?P<low>\d{1,3}(?:\.\d{1,3})?)(?:[ ]?(?:[-~至,、]|to)[ ]?(?P<high>\d{1,3}(?:\.\d{1,3})?))?(?![\d%]))"
    r"|(?P<deauville>(?:deauville|d-?5ps|5-?ps)(?: ?(?:score|评分|分级|标准|5分法|五分法|category|scale|ds))?"
    r"(?: of|:|为|=)? ?(?P<score>[1-5])(?:分|级)?)"
    r"|(?P<spine>(?:[ctl]\d{1,2}|s[1-5](?=[^\d]|$)|(?:颈|胸|腰|骶) ?\d{1,2})"
    r"(?: ?(?:[-~/、,及和与至]|and|to|through) ?(?:[ctls]|颈|胸|腰|骶)? ?\d{1,2}(?!\.?\d|cm|mm|[ *×x]\d)){0,6}"
    r"(?: ?(?:椎体|椎|vertebral bod(?:y|ies)|vertebrae?))?(?![a-z\d]|区|段|\.\d))"
    r"|(?P<rib>第? ?[\d一二三四五六七八九十]{1,3}(?: ?[-~、,及和至] ?第?[\d一二三四五六七八九十]{1,3}){0,6} ?(?:前|后|腋|侧)?肋(?:骨)?(?:头|弓|腋段|后段|前段|前支|软骨)?)"
    r"|(?P<level>level(?:s)? (?:i{1,3}[ab]?|iv|v[ab]?|vi|[1-7][ab]?)(?:(?:, ?| ?(?:and|to|-|/) ?)(?:i{1,3}[ab]?|iv|v[ab]?|vi|[1-7][ab]?)){0,6}(?![a-z\d]))"
    r"|(?P<station>(?:station(?:s)? )?(?:[24][rl]|[5-9]|1[01][rl]?|3[ap])(?= (?:lymph )?nod)|(?<=ln )(?:[2-9]|1[0-4])[rlap]?|station(?:s)? \d{1,2}[rl]?)"
    r"|(?P<zone>(?:[ivx]{1,4}|\d{1,2})[ablrp]?(?:(?:[-~、,及和/]|至)(?:[ivx]{1,4}|\d{1,2})[ablrp]?){0,8}(?:区|组))"
    r"|(?P<inflammation>[a-z]{2,20}itis(?![a-z]))"
    r"|(?P<value>\d{1,2}\.\d{1,2}(?!\d|\.\d| ?[*x×~/-] ?\d| ?cm| ?mm| ?%))"
    r"|(?P<number>\d+(?:\.\d+)*(?: ?[*x×~/-] ?\d+(?:\.\d+)*){0,3} ?(?:cm|mm|ml|hu|年|月|日|岁|分|天|%|/dl|mci|mbq)?)"
)
_SPECIAL_STARTS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789颈胸腰骶第一二三四五六七八九十")
_LATIN = re.compile(r"[a-z0-9]+(?:['-][a-z0-9]+)*")
_FIRST = re.compile(r"[a-z0-9]+")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


@dataclass(slots=True, eq=False)
class Token:
    """One word at ``start`` .. ``end`` of the normalised text.

    ``kind`` is the letter of its word list; the grammar changes it where a longer phrase takes
    the word up (``X`` a CT phrase, ``m`` a reference), so this one class is mutable.
    """

    kind: str
    start: int
    end: int
    word: Word
    number: float = 0.0


_PLAIN = Word(kind="")
_BONE_SPINE = Word(kind="O", organ="bone", part="spine")
_BONE_RIB = Word(kind="O", organ="bone", part="rib")
_NECK_LEVEL = Word(kind="a", part="cervical", nodes="neck_nodes", organ="neck_nodes")
_STATION = Word(kind="a", part="mediastinal", nodes="thoracic_nodes", organ="thoracic_nodes")


def tokenise(text: str) -> list[Token]:
    """All tokens of normalised ``text`` in order, in time linear in its length."""
    table = lexicon()
    tokens: list[Token] = []
    position, end = 0, len(text)
    while position < end:
        char = text[position]
        if char in PUNCTUATION and not (char == "(" and _longest(table, text, position, False)):
            tokens.append(Token(PUNCTUATION[char], position, position + 1, _PLAIN))
            position += 1
        elif char == "." and _ends_sentence(text, position):
            tokens.append(Token(".", position, position + 1, _PLAIN))
            position += 1
        else:
            position = _word(table, text, position, tokens)
    return tokens


def _ends_sentence(text: str, position: int) -> bool:
    """A full stop ends a sentence unless it stands within a number or a word."""
    after = text[position + 1 : position + 2]
    return not (after in _LETTERS and after) or after > "\u2e80"


def _word(table: Lexicon, text: str, position: int, tokens: list[Token]) -> int:
    char = text[position]
    latin = char in _LETTERS
    if latin and position and text[position - 1] in _LETTERS:
        return _skip(text, position)
    if char in _SPECIAL_STARTS and (special := _SPECIAL.match(text, position)) is not None:
        token = _special(special)
        longest = _longest(table, text, position, latin)
        if not longest or longest < special.end() - position:
            if token is not None:
                tokens.append(token)
            return special.end()
    length = _longest(table, text, position, latin)
    if not length:
        return _skip(text, position) if latin else position + 1
    word = table.words[text[position : position + length]]
    tokens.append(Token(word.kind, position, position + length, word))
    return position + length


def _skip(text: str, position: int) -> int:
    match = _LATIN.match(text, position)
    return match.end() if match else position + 1


def _longest(table: Lexicon, text: str, position: int, latin: bool) -> int:
    """Length of the longest word here, 0 for none; Latin words end at a word border."""
    if latin:
        first = _FIRST.match(text, position)
        key = first.group() if first else text[position]
    else:
        key = text[position]
    words = table.words
    for length in table.lengths.get(key, ()):
        piece = text[position : position + length]
        if piece in words and not (
            piece[-1] in _LETTERS and text[position + length : position + length + 1] in _AFTER
        ):
            return length
    return 0


_AFTER = _LETTERS


def _special(match: re.Match[str]) -> Token | None:
    start, end = match.span()
    kind = match.lastgroup
    if match.group("suv"):
        high = match.group("high") or match.group("low")
        return Token("S", start, end, _PLAIN, max(float(high), float(match.group("low"))))
    if match.group("deauville"):
        return Token("B", start, end, _PLAIN, float(match.group("score")))
    if match.group("inflammation"):
        return Token("J", start, end, _PLAIN)
    if match.group("value"):
        return Token("#", start, end, _PLAIN, float(match.group()))
    named = {"spine": _BONE_SPINE, "rib": _BONE_RIB, "level": _NECK_LEVEL, "station": _STATION}
    for name, word in named.items():
        if match.group(name):
            return Token(word.kind, start, end, word)
    return None if kind == "number" else Token(" ", start, end, _PLAIN)

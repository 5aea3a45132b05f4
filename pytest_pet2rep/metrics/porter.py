"""The Porter stemmer, equal to the default one of the Natural Language Toolkit (nltk).

Written out here because importing nltk for this one function costs more than a second, which is
more than scoring a whole cohort; the tests hold it to nltk's result.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from string import ascii_lowercase

LONGEST_REMEMBERED = 64
"""Letters; longer "words" are debris that should not fill the memory."""
_VOWELS = frozenset("aeiou")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """Suffixes and their replacements, tried in order."""

    more_than: int
    rules: tuple[tuple[str, str], ...]


@cache
def _tables() -> tuple[Mapping[str, str], tuple[_Step, ...]]:
    file = resources.files("pytest_pet2rep").joinpath("data/metrics/porter.toml")
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    steps = tuple(
        _Step(more_than=step["more_than"], rules=tuple((s, r) for s, r in step["rules"]))
        for step in table["step"]
    )
    return table["irregular"], steps


def stem(word: str) -> str:
    """Stem of a word in lower case.

    Words of one or two letters, and all that do not end in a Latin letter, are their own stem.
    """
    if len(word) <= 2 or word[-1] not in ascii_lowercase:
        return word
    return _remembered_stem(word) if len(word) <= LONGEST_REMEMBERED else _stem(word)


@lru_cache(maxsize=1 << 14)
def _remembered_stem(word: str) -> str:
    return _stem(word)


def _stem(word: str) -> str:
    irregular, steps = _tables()
    if word in irregular:
        return irregular[word]
    word = _adjust_y(_drop_past(_drop_plural(word)))
    for number, step in enumerate(steps):
        word = _replace(word, step, twice=number == 0)
    return _drop_double_l(_drop_e(word))


def _shape(word: str) -> str:
    """``c`` for each consonant, ``v`` for each vowel; y is a vowel after a consonant."""
    shape = ""
    for letter in word:
        vowel = letter in _VOWELS or (letter == "y" and shape.endswith("c"))
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    return _shape(word).count("vc")


def _drop_plural(word: str) -> str:
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _drop_past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    for suffix in ("ed", "ing"):
        rest = word.removesuffix(suffix)
        if rest != word and "v" in _shape(rest):
            return _mend(rest)
    return word


def _mend(rest: str) -> str:
    """Give back what ``ed`` or ``ing`` took: conflat -> conflate, hopp -> hop, fil -> file."""
    if rest.endswith(("at", "bl", "iz")):
        return rest + "e"
    if len(rest) > 1 and rest[-1] == rest[-2] and _shape(rest)[-1] == "c":
        return rest if rest[-1] in "lsz" else rest[:-1]
    return rest + "e" if _measure(rest) == 1 and _ends_short(rest) else rest


def _ends_short(word: str) -> bool:
    """Whether it ends consonant, vowel, consonant (not w, x, y), or is a vowel and a consonant."""
    shape = _shape(word)
    return shape == "vc" or (shape.endswith("cvc") and word[-1] not in "wxy")


def _adjust_y(word: str) -> str:
    if word.endswith("y") and len(word) > 2 and _shape(word[:-1])[-1] == "c":
        return word[:-1] + "i"
    return word


def _replace(word: str, step: _Step, *, twice: bool) -> str:
    for suffix, replacement in step.rules:
        if not word.endswith(suffix):
            continue
        rest = word[: -len(suffix)]
        # The g of -logi counts as part of what is left; -ion goes only after s or t.
        if _measure(rest + "l" if suffix == "logi" else rest) <= step.more_than:
            return word
        if suffix == "ion" and not rest.endswith(("s", "t")):
            return word
        again = twice and suffix == "alli"
        return _replace(rest + replacement, step, twice=True) if again else rest + replacement
    return word


def _drop_e(word: str) -> str:
    if not word.endswith("e"):
        return word
    rest = word[:-1]
    measure = _measure(rest)
    return rest if measure > 1 or (measure == 1 and not _ends_short(rest)) else word


def _drop_double_l(word: str) -> str:
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word

"""Is the report in the language that was asked for, and in that one only."""

from __future__ import annotations

import re
from functools import cache

from pytest_pet2rep.findings.checks.vocabulary import words
from pytest_pet2rep.types import Flag, Language

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u1ea0-\u1ef9]+")
_OTHER = re.compile(
    r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff\u0e00-\u0e7f\u0900-\u097f\u0590-\u05ff]"
)
"""Kana, Hangul, Cyrillic, Arabic, Thai, Devanagari, Hebrew."""
_ENGLISH_RUN = re.compile(r"(?:\b[A-Za-z]{1,30}\b[ ,'-]{1,3}){4,400}\b[A-Za-z]{1,30}\b")
_HAN_RUN = re.compile(r"[\u3400-\u9fff][\u3400-\u9fff，。；、：]{0,400}[\u3400-\u9fff]")
_OTHER_RUN = re.compile(_OTHER.pattern + r"{3,400}")
_TAG = re.compile(r"<[^<>\n]{1,20}>")
_HAN_PER_WORD = 2.0
"""Chinese characters that say as much as one English word."""
_LEAST_WORDS = 8


def wrong_language(text: str, language: Language, *, reference: str | None) -> list[Flag]:
    """Flag a text most of which is not in ``language``, unless the reference is not either.

    A few foreign words in a short text are terms, not another language.
    """
    if not _is_mostly_foreign(text, language) or _is_mostly_foreign(reference or "", language):
        return []
    return [Flag(name="wrong_language", start=0, end=len(text), detail=f"not in {language}")]


def mixed_language(text: str, language: Language, *, reference: str | None) -> list[Flag]:
    """Flag runs of another language inside a report: five words in a Chinese one, two characters
    in an English one, unless the reference has the same run.
    """
    runs = [_OTHER_RUN, _ENGLISH_RUN if language is Language.ZH else _HAN_RUN]
    flags = []
    for run in runs:
        for match in run.finditer(text):
            shown = match.group()
            has_words = run is not _ENGLISH_RUN or len(_words(shown)) >= 5
            if has_words and shown not in (reference or ""):
                flags.append(
                    Flag(
                        name="mixed_language",
                        start=match.start(),
                        end=match.end(),
                        detail=shown[:80],
                    )
                )
    return sorted(flags, key=lambda flag: flag.start)


def _is_mostly_foreign(text: str, language: Language) -> bool:
    plain = _TAG.sub(" ", text)
    latin = _words(plain)
    chinese, other = (len(script.findall(plain)) / _HAN_PER_WORD for script in (_HAN, _OTHER))
    western = float(len(latin))
    if language is Language.ZH:
        wanted, foreign = chinese, western + other
    elif _is_foreign(latin):
        wanted, foreign = 0.0, western + chinese + other
    else:
        wanted, foreign = western, chinese + other
    return foreign > wanted and (not wanted or foreign >= _LEAST_WORDS)


def _words(text: str) -> list[str]:
    """Return words in Latin letters; capitals only (FDG, SUV, CT) are terms of every language."""
    return [word for word in _WORD.findall(text) if not word.isupper()]


def _is_foreign(latin: list[str]) -> bool:
    """Whether words in Latin letters are another European language, by their small words."""
    if len(latin) < _LEAST_WORDS:
        return False
    small = [word.lower() for word in latin]
    foreign = sum(word in _listed("foreign") for word in small)
    english = sum(word in _listed("english") for word in small)
    return foreign > english and foreign >= 0.1 * len(small)


@cache
def _listed(key: str) -> frozenset[str]:
    return frozenset(words("common")[key])

"""Is the report in the language that was asked for, and in that one only."""

from __future__ import annotations

import re
from functools import cache

from pytest_pet2rep.findings.checks.vocabulary import words
from pytest_pet2rep.types import Flag, Language

_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_WORD = re.compile(r"[A-Za-zÀ-ɏẠ-ỹ]*[a-zà-ɏạ-ỹ][A-Za-zÀ-ɏẠ-ỹ]*")
"""A word in Latin letters; capitals only (FDG, SUV, CT) is a term of every language."""
_OTHER = re.compile(r"[぀-ヿ가-힯Ѐ-ӿ؀-ۿ฀-๿ऀ-ॿ֐-׿]")
_ENGLISH_RUN = re.compile(r"(?:\b[A-Za-z]{1,30}\b[ ,'-]{1,3}){4,400}\b[A-Za-z]{1,30}\b")
_HAN_RUN = re.compile(r"[㐀-鿿][㐀-鿿，。；、：]{0,400}[㐀-鿿]")
_OTHER_RUN = re.compile(_OTHER.pattern + r"{3,400}")
_HAN_PER_WORD = 2.0
"""Chinese characters that say as much as one English word."""
_LEAST_WORDS = 8


def wrong_language(text: str, language: Language) -> list[Flag]:
    """Flag a text most of which is not in ``language``."""
    han, latin = len(_HAN.findall(text)), _WORD.findall(text)
    other = len(_OTHER.findall(text))
    chinese, western = han / _HAN_PER_WORD, len(latin)
    wanted = chinese if language is Language.ZH else western
    foreign = other / _HAN_PER_WORD + (western if language is Language.ZH else chinese)
    if language is Language.EN and _is_foreign(latin):
        foreign += western
    if foreign <= wanted:
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
            has_words = run is not _ENGLISH_RUN or len(_WORD.findall(shown)) >= 5
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

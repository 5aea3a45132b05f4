"""What nobody told the model: names, ages, dates, laboratory values, an earlier examination."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from pytest_pet2rep.findings.checks.vocabulary import any_of, pattern, words
from pytest_pet2rep.findings.normalise import fold
from pytest_pet2rep.types import Case, Flag, Language

_REACH = 16
"""Characters before a comparison in which its denial may stand."""


def patient_data(
    text: str, *, instructions: str, reference: str | None, case: Case | None
) -> list[Flag]:
    """Flag names, ages, sex, numbers, dates, places and values that were not in the input.

    Whatever the instructions, the reference or the facts of the case hold is no invention, nor
    is a field left blank.  The date of an earlier examination belongs to ``prior_mentioned``.
    """
    compared = list(_comparisons(text))
    allowed = _known_data(instructions) | _known_data(reference or "") | _facts_of(case)
    invented = {
        (start, end): f"{kind}: {text[start:end]}"
        for kind, value, start, end in _data_in(text)
        if (kind, value) not in allowed
        and not (kind == "date" and any(a < end and start < b for a, b in compared))
    }
    return [
        Flag(name="patient_data", start=start, end=end, detail=detail)
        for (start, end), detail in sorted(invented.items())
    ]


def prior_mentioned(text: str, *, reference: str | None, prior: bool) -> list[Flag]:
    """Flag comparisons with an earlier examination, if none was supplied.

    A comparison is no invention where the reference makes one too.
    """
    if prior or any(_comparisons(reference or "")):
        return []
    return [
        Flag(name="prior_mentioned", start=start, end=end, detail=text[start:end])
        for start, end in _comparisons(text)
    ]


def _comparisons(text: str) -> Iterator[tuple[int, int]]:
    folded = fold(text)
    for language in Language:
        denied = pattern(language, "no_prior")
        for match in pattern(language, "prior").finditer(folded):
            before = folded[max(0, match.start() - _REACH) : match.end()]
            if not denied.search(before):
                yield match.span()


@lru_cache(maxsize=256)
def _known_data(source: str) -> frozenset[tuple[str, str]]:
    return frozenset((kind, value) for kind, value, _, _ in _data_in(source))


def _data_in(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield (kind, value in one spelling, start, end) of every piece of patient data."""
    sources = {Language.ZH: fold(text), Language.EN: text}
    for language, source in sources.items():
        for kind, found in _patterns(language).items():
            for match in found.finditer(source):
                value = next(v for name, v in match.groupdict().items() if v is not None)
                plain = _plain(kind, value)
                if plain not in _blanks():
                    yield kind, plain, match.start(), match.end()


def _plain(kind: str, value: str) -> str:
    value = " ".join(fold(value).split())
    if kind == "sex":
        for sex, names in words("common")["sex"].items():
            if value in names:
                return str(sex)
    if kind in _NUMBERS:
        return f"{float(value):g}"
    return value


_NUMBERS = frozenset({"age", "glucose", "activity", "body"})


def _facts_of(case: Case | None) -> set[tuple[str, str]]:
    if case is None:
        return set()
    facts = {("sex", case.sex)} if case.sex else set()
    if case.age is not None:
        facts.add(("age", f"{int(case.age):g}"))
    facts |= {("body", f"{x:g}") for x in (case.weight_kg, case.height_cm) if x is not None}
    return facts


@cache
def _blanks() -> frozenset[str]:
    return frozenset(words("common")["blank_values"])


@cache
def _patterns(language: Language) -> Mapping[str, re.Pattern[str]]:
    """Kind -> one alternation; each expression keeps its own ``value`` group."""
    return {
        kind: any_of(
            expression.replace("(?P<value>", f"(?P<value{number}>")
            for number, expression in enumerate(expressions)
        )
        for kind, expressions in words(language.value)["patient_data"].items()
    }

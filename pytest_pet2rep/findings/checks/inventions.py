"""What nobody told the model: names, ages, dates, laboratory values, an earlier examination."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from operator import itemgetter

from pytest_pet2rep.findings.checks.facts import implied, meanings
from pytest_pet2rep.findings.checks.vocabulary import any_of, pattern, sentences, words
from pytest_pet2rep.findings.normalise import fold
from pytest_pet2rep.types import Case, Flag, Language

_REACH = 16
"""Characters before a comparison in which its denial may stand."""


def patient_data(
    text: str, *, instructions: str, reference: str | None, case: Case | None
) -> list[Flag]:
    """Flag names, ages, sex, numbers, dates, places and values that were not in the input.

    Whatever the instructions, the reference or the facts of the case hold is no invention in
    whichever spelling, nor is a field left blank.  A date in the sentence of a comparison is that
    of an earlier examination and belongs to ``prior_mentioned``.
    """
    comparing = _comparing_sentences(text)
    known = _known_data(instructions) | _known_data(reference or "") | _facts_of(case)
    invented = {
        (start, end): f"{kind}: {text[start:end]}"
        for kind, value, start, end in _data_in(text)
        if (meant := meanings(kind, value))
        and not any((kind, meaning) in known for meaning in meant)
        and not (kind == "date" and _is_inside(start, comparing))
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


def _comparing_sentences(text: str) -> list[tuple[int, int]]:
    """Sentences in which a comparison begins, in order."""
    starts = sorted(start for start, _ in _comparisons(text))
    found = []
    for start, end in sentences(fold(text)):
        at = bisect_left(starts, start)
        if at < len(starts) and starts[at] < end:
            found.append((start, end))
    return found


def _is_inside(place: int, spans: list[tuple[int, int]]) -> bool:
    at = bisect_right(spans, place, key=itemgetter(0))
    return at > 0 and place < spans[at - 1][1]


@lru_cache(maxsize=256)
def _known_data(source: str) -> frozenset[tuple[str, str]]:
    return frozenset(
        (kind, meaning)
        for kind, value, _, _ in _data_in(source)
        for meaning in implied(kind, value)
    )


def _data_in(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield (kind, value as written, start, end) of every piece of patient data."""
    sources = {Language.ZH: fold(text), Language.EN: text}
    for language, source in sources.items():
        for kind, found in _patterns(language).items():
            for match in found.finditer(source):
                value = next(v for v in match.groupdict().values() if v is not None)
                yield kind, value, match.start(), match.end()


def _facts_of(case: Case | None) -> set[tuple[str, str]]:
    if case is None:
        return set()
    facts = {("sex", case.sex)} if case.sex else set()
    if case.age is not None:
        facts |= {("age", f"{years:g}") for years in (int(case.age), round(case.age))}
    facts |= {("body", f"{x:g}") for x in (case.weight_kg, case.height_cm) if x is not None}
    return facts


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

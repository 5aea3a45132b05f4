"""The facts behind the spellings of patient data: the same day, age, sex or person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from pytest_pet2rep.findings.checks.vocabulary import words
from pytest_pet2rep.findings.normalise import fold

Day = tuple[int, int, int]
"""Year, month, day; 0 where the date does not say."""

_NUMBERS = frozenset({"age", "glucose", "activity", "body"})
_DATE_FIELD = re.compile(r"\d+|[a-z]{3,}")
_DAY_OR_MONTH_FIRST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}")
_LONGEST_DAY = 31


def meanings(kind: str, value: str) -> frozenset[str]:
    """Return all that a piece of data can mean, none if the field is left blank.

    Only 05/12/2023 has two meanings.
    """
    value = plain(value)
    if value in _blanks():
        return frozenset()
    if kind == "date":
        return frozenset(map(_key, days_of(value)))
    return frozenset({_meaning(kind, value)})


def implied(kind: str, value: str) -> frozenset[str]:
    """Return the meanings that a known piece of data covers: its own and all coarser ones.

    A day covers its month and year and its year left out, a full name the surname alone.
    """
    value = plain(value)
    if kind == "date":
        return frozenset(_key(coarser) for day in days_of(value) for coarser in _coarser(day))
    whole = _meaning(kind, value)
    return frozenset({whole, *(_shorter_names(whole) if kind == "name" else ())})


def days_of(date: str) -> frozenset[Day]:
    """Return the days that ``date`` (folded) can mean: two where day and month may be swapped.

    Chinese, ISO, American and British spellings; a year of two digits is read as POSIX
    ``strptime`` does (69 to 99 are 1969 to 1999).
    """
    fields = _DATE_FIELD.findall(date)
    numbers = [int(field) for field in fields if field.isdigit()]
    if _DAY_OR_MONTH_FIRST.fullmatch(date):
        first, second, year = numbers
        year += (1900 if year >= 69 else 2000) if year < 100 else 0
        return frozenset({(year, first, second), (year, second, first)})
    months = words("common")["months"]
    if named := next((months[word[:3]] for word in fields if word[:3] in months), 0):
        year = next((number for number in numbers if number > _LONGEST_DAY), 0)
        return frozenset({(year, named, next((n for n in numbers if n <= _LONGEST_DAY), 0))})
    if numbers and numbers[0] <= _LONGEST_DAY:
        numbers = [0, *numbers]
    year, month, day = [*numbers, 0, 0, 0][:3]
    return frozenset({(year, month, day)})


def plain(value: str) -> str:
    """One width, case and spacing."""
    return " ".join(fold(value).split())


def _meaning(kind: str, value: str) -> str:
    if kind in _NUMBERS:
        return f"{float(value):g}"
    if kind == "sex":
        return next((sex for sex, names in words("common")["sex"].items() if value in names), value)
    if kind == "number":
        return "".join(filter(str.isalnum, value))
    return _untitled(value) if kind == "name" else value


def _untitled(name: str) -> str:
    titles = words("common")["titles"]
    for title in titles["zh"]:
        name = name.removesuffix(title)
    parts = name.replace(".", " ").split()
    return " ".join(part for part in parts if part not in titles["en"])


def _shorter_names(name: str) -> Iterable[str]:
    """Surname or forename alone, and all but the middle; the surname comes first in Chinese."""
    parts = name.split()
    if len(parts) == 1:
        return () if name.isascii() else (name[:1], name[:2])
    return *parts, f"{parts[0]} {parts[-1]}"


def _coarser(day: Day) -> Iterable[Day]:
    year, month, of_month = day
    return day, (year, month, 0), (year, 0, 0), (0, month, of_month)


def _key(day: Day) -> str:
    return "{}-{}-{}".format(*day)


@cache
def _blanks() -> frozenset[str]:
    return frozenset(words("common")["blank_values"])

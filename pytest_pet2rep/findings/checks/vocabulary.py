"""The word lists of the report checks, compiled once per language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.types import Language


@cache
def words(name: str) -> dict[str, Any]:
    """Load one word list: ``zh``, ``en`` or ``common``."""
    source = resources.files(__package__).joinpath(f"words/{name}.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def pattern(language: Language, key: str) -> re.Pattern[str]:
    """Return one alternation of all expressions of a list of ``language``."""
    return any_of(words(language.value)[key])


def any_of(expressions: Iterable[str] | str) -> re.Pattern[str]:
    """Compile one alternation; it runs over text after ``fold``, line by line for ``^``."""
    listed = [expressions] if isinstance(expressions, str) else expressions
    return re.compile("|".join(f"(?:{expression})" for expression in listed), re.MULTILINE)


@cache
def sentence_end() -> re.Pattern[str]:
    """Where a sentence of either language ends: after 。 ! ? or a line break, or ``. ``."""
    return re.compile(r"[。!?！？\n]+|(?<!\d)\.(?=\s|$)")


def sentences(text: str) -> Iterable[tuple[int, int]]:
    """Yield (start, end) of every sentence of ``text`` that is not blank, end mark excluded."""
    start = 0
    for match in sentence_end().finditer(text):
        if text[start : match.start()].strip():
            yield start, match.start()
        start = match.end()
    if text[start:].strip():
        yield start, len(text)

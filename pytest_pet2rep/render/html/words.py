"""The words of the interface in Chinese and English, from a data file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

LANGUAGES = ("en", "zh")


@cache
def interface_words() -> Mapping[str, Mapping[str, str]]:
    """Return key -> language -> word; every key has both languages.

    Raises ``ValueError`` for a key that lacks one: a mistake in the data file.
    """
    text = resources.files("pytest_pet2rep").joinpath("data/report/words.toml").read_text("utf-8")
    found = dict(_entries(tomllib.loads(text), ""))
    for key, word in found.items():
        if set(word) != set(LANGUAGES):
            raise ValueError(f"words.toml: {key} needs en and zh, has {sorted(word)}")
    return found


def _entries(table: Mapping[str, object], prefix: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    for name, value in table.items():
        if not isinstance(value, dict):
            raise ValueError(f"words.toml: {prefix}{name} is no table")
        if all(isinstance(inner, str) for inner in value.values()):
            found.append((f"{prefix}{name}", value))
        else:
            found += _entries(value, f"{prefix}{name}.")
    return found

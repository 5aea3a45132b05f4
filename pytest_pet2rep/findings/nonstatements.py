"""Sentences that say nothing of the patient: questions, conditions, instructions, refusals.

Policy 15: they give no label.  The patterns stand in ``lexicon/nonstatements.toml``.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib import resources
from typing import Any


@lru_cache(maxsize=4096)
def is_statement(sentence: str) -> bool:
    """Whether a normalised sentence states anything about the patient."""
    return _patterns().search(sentence) is None


def blanks(text: str) -> list[int]:
    """Where slots were left open in normalised ``text``: ``____``, ``[ ]``, ``<organ>``."""
    return [match.start() for match in _unfilled().finditer(text)]


@cache
def _patterns() -> re.Pattern[str]:
    """All patterns as one alternation, in which every branch begins with a plain character.

    Such an alternation is searched by its set of first characters, many times faster than one
    whose branches begin with an anchor; the anchors are therefore looked up backwards.
    """
    branches = []
    for lists in _tables().values():
        branches += [_anchored(p, "(?<=^{0})|(?<=[,:;] {0})|(?<=[,:;]{0})") for p in lists["opens"]]
        branches += [_anchored(p, "(?<=^{0})") for p in lists["starts"]]
        branches += [_anchored(p, "(?<![a-z0-9]{0})") for p in lists["holds"]]
    return re.compile("|".join(branches))


def _anchored(pattern: str, behind: str) -> str:
    """``pattern`` with a look behind its first character instead of an anchor before it."""
    first = re.escape(pattern[0])
    return f"{first}(?:{behind.format(first)}){pattern[1:]}"


@cache
def _unfilled() -> re.Pattern[str]:
    return re.compile("|".join(p for lists in _tables().values() for p in lists["unfilled"]))


@cache
def _tables() -> dict[str, Any]:
    source = resources.files(__package__).joinpath("lexicon/nonstatements.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))

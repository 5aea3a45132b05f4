"""From the states that can be seen to the report that says them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WRITTEN_FIRST = ("increased", "absent", "decreased")
"""An organ has one sentence; of several states it tells the first of these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """``words.toml``: what every sentence is made of."""

    heading: str
    endings: Mapping[str, str]
    organs: Mapping[str, Mapping[str, str]]


@cache
def words() -> Words:
    """The words, read once."""
    text = Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
    return Words(**tomllib.loads(text))


def pieces(states: Mapping[str, set[str]], *, male: bool) -> list[str]:
    """The report as pieces: heading, then words and ending of each organ.

    ``states`` holds the abnormal states of fine organs; whoever is missing is normal.
    """
    found = [words().heading]
    for organ, table in words().organs.items():
        if table.get("sex", "") not in ("", "M" if male else "F"):
            continue
        own = states.get(organ, set())
        state = next((s for s in WRITTEN_FIRST if s in own), table.get("always", "normal"))
        found += [table["words"], words().endings[state]]
    return found


def all_pieces() -> list[str]:
    """Every piece that a report can have, in a fixed order."""
    organs = [table["words"] for table in words().organs.values()]
    return [words().heading, *organs, *words().endings.values()]

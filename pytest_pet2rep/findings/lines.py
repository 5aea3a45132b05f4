"""The output line of ``pet2rep read --jsonl``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_pet2rep.anatomy import Profile, roll_up
from pytest_pet2rep.findings.checks import check_report
from pytest_pet2rep.findings.petrg import petrg_status
from pytest_pet2rep.findings.reader import default_section, read, states_of
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    Flag,
    Language,
    Mention,
    Reading,
    States,
    UptakeState,
)

_ORDER = (*ABNORMAL_STATES, UptakeState.NORMAL, UptakeState.UNSTATED)


def read_line(line: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """Read the text of one input line ``{"id", "text", "lang"?}`` into one output line.

    ``states`` are those of the findings (of the impression where there is nothing else).
    With the profile ``petrg24`` the values of ``profile_states`` are its statuses ``"1"`` to
    ``"5"``; else sorted lists of states.
    """
    text = str(line["text"])
    language = Language(line["lang"]) if line.get("lang") in set(Language) else script_of(text)
    return line_of(
        line.get("id"),
        read(text, language=language),
        profile,
        check_report(text, language=language),
    )


def script_of(text: str) -> Language:
    """Chinese if Chinese characters stand in the text more often than one per Latin word."""
    chinese = len(_CHINESE.findall(text))
    return Language.ZH if chinese > len(_LATIN_WORD.findall(text)) else Language.EN


_CHINESE = re.compile("[\u4e00-\u9fff]")
_LATIN_WORD = re.compile("[A-Za-z]{2,}")


def line_of(
    id_: object, reading: Reading, profile: Profile, checks: Iterable[Flag] = ()
) -> dict[str, Any]:
    """The output line of one reading; ``flags`` are those of reading and of the report checks."""
    section = default_section(reading)
    states = states_of(reading, section)
    profile_states: dict[str, Any] = (
        dict(petrg_status(reading, section))
        if profile.id == "petrg24"
        else {organ: _names(s) for organ, s in roll_up(states, profile).items()}
    )
    return {
        "id": id_,
        "states": {organ: _names(s) for organ, s in states.items()},
        "profile_states": profile_states,
        "mentions": [_mention(mention) for mention in reading.mentions],
        "flags": sorted({flag.name for flag in (*reading.flags, *checks)}),
    }


def _names(states: States) -> list[str]:
    return [state.value for state in _ORDER if state in states]


def _mention(mention: Mention) -> dict[str, Any]:
    return {
        "organ": mention.organ,
        "part": mention.part,
        "side": mention.side.value,
        "state": mention.state.value,
        "degree": mention.degree,
        "certainty": mention.certainty.value,
        "suvmax": mention.suvmax,
        "section": mention.section.value,
        "start": mention.start,
        "end": mention.end,
    }

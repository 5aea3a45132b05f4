"""What the second reader is asked, and what counts as an answer."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.anatomy import Profile
from pytest_pet2rep.types import UNSTATED, States, UptakeState


class UnusableAnswer(ValueError):
    """An answer that is no reading; its text says why, as the end of a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """The prompt and the JSON schema for one organ list."""

    profile: Profile

    @property
    def schema(self) -> dict[str, Any]:
        """Strict JSON schema: every organ of the list, each with a list of states."""
        states = {
            "type": "array",
            "items": {"type": "string", "enum": [str(s) for s in UptakeState]},
        }
        organs = [organ.id for organ in self.profile.organs]
        return {
            "type": "object",
            "properties": dict.fromkeys(organs, states),
            "required": organs,
            "additionalProperties": False,
        }

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of everything that is asked beside the report itself."""
        asked = [self.schema, self.messages(""), _prompt()["again"]]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    def messages(self, report: str) -> list[dict[str, str]]:
        """The conversation that asks for a reading of ``report``."""
        organs = "\n".join(f"{o.id}: {o.zh}, {o.en}" for o in self.profile.organs)
        user = _prompt()["user"].replace("{organs}", organs).replace("{report}", report)
        return [
            {"role": "system", "content": _prompt()["system"].strip()},
            {"role": "user", "content": user.strip()},
        ]

    def messages_again(self, report: str, answer: str, why: str) -> list[dict[str, str]]:
        """The conversation that goes on after an unusable ``answer``."""
        return [
            *self.messages(report),
            {"role": "assistant", "content": answer},
            {"role": "user", "content": _prompt()["again"].replace("{why}", why).strip()},
        ]

    def states_in(self, answer: str) -> dict[str, States]:
        """Organ id -> states, for every organ of the list; raises ``UnusableAnswer``.

        An empty list says nothing of the organ, which is ``unstated``.
        """
        table = _json_object(answer)
        wanted = [organ.id for organ in self.profile.organs]
        unknown = sorted(set(table) - set(wanted))
        missing = [organ for organ in wanted if organ not in table]
        if unknown:
            raise UnusableAnswer(f"it names no organ of the list: {', '.join(unknown[:3])}")
        if missing:
            raise UnusableAnswer(f"it leaves out {', '.join(missing[:3])}")
        return {organ: _states(organ, table[organ]) for organ in wanted}


def _states(organ: str, value: Any) -> States:
    if not isinstance(value, list):
        raise UnusableAnswer(f"{organ} has no list of states")
    known = [str(state) for state in UptakeState]
    unknown = [state for state in value if state not in known]
    if unknown:
        raise UnusableAnswer(f"{organ} has the unknown state {unknown[0]!r}")
    states = frozenset(UptakeState(state) for state in value) or UNSTATED
    if len(states) > 1 and states & {UptakeState.NORMAL, UptakeState.UNSTATED}:
        raise UnusableAnswer(f"{organ} has states that exclude each other")
    return states


def _json_object(answer: str) -> Mapping[str, Any]:
    """The JSON object of an answer, behind thoughts and inside a code fence."""
    said = answer.rpartition("</think>")[2]
    start, end = said.find("{"), said.rfind("}")
    try:
        table = json.loads(said[start : end + 1], object_pairs_hook=_without_duplicates)
    except (json.JSONDecodeError, RecursionError):
        raise UnusableAnswer("it holds no JSON object") from None
    if not isinstance(table, dict):
        raise UnusableAnswer("it holds no JSON object")
    return table


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise UnusableAnswer("it names an organ twice")
    return table


@cache
def _prompt() -> Mapping[str, str]:
    source = resources.files("pytest_pet2rep").joinpath("data/second_reader/prompt.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))

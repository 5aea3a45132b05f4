"""What one line of the journal says: a generation, or the failure that took its place."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_pet2rep.store.journal import Entry
from pytest_pet2rep.types import FinishReason, Generation, Outcome, Usage

USABLE = "usable"
"""The outcome of an entry whose text can be scored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A stored answer: a generation, or the failure that took its place in this run."""

    key: str
    path: Path
    """The text file (raw text) of the generation, or the journal file of a failure."""
    generation: Generation | None = None
    failure: Outcome | None = None
    reason: str = ""
    made_now: bool = False
    skipped: tuple[str, ...] = ()
    """Damaged places of the store that were met on the way (``file:offset``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """By whom an entry is written."""

    run: str
    take: int
    facts: Mapping[str, Any]


def generation_entry(
    key: str,
    generation: Generation,
    origin: Origin,
    *,
    text: str,
    shared: bool,
    outcome: str,
) -> dict[str, Any]:
    """Return the entry of a generation whose raw text is kept under the digest ``text``."""
    return {
        **_common(key, origin),
        "shared": shared,
        "outcome": outcome,
        "text": text,
        "characters": len(generation.raw),
        "finish_reason": str(generation.finish_reason),
        "usage": {
            "prompt_tokens": generation.usage.prompt_tokens,
            "completion_tokens": generation.usage.completion_tokens,
        },
        "images_sent": generation.images_sent,
        "images_consumed": generation.images_consumed,
        "seconds": generation.seconds,
        "origin": generation.origin,
    }


def failure_entry(
    key: str, failure: Outcome, reason: str, origin: Origin, *, died: bool = False
) -> dict[str, Any]:
    """Return the entry of a failure; ``died``: of the process, not of the model."""
    return {
        **_common(key, origin),
        "shared": False,
        "outcome": str(failure),
        "reason": reason,
        "died": died,
    }


def generation_of(entry: Entry, raw: str) -> Generation:
    """Return the generation that an entry with the raw text ``raw`` stands for."""
    return Generation(
        raw=raw,
        finish_reason=FinishReason(entry["finish_reason"]),
        usage=Usage(**entry["usage"]),
        images_sent=entry["images_sent"],
        images_consumed=entry["images_consumed"],
        seconds=entry["seconds"],
        origin=entry["origin"],
    )


def _common(key: str, origin: Origin) -> dict[str, Any]:
    return {
        "key": key,
        "run": origin.run,
        "take": origin.take,
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "facts": dict(origin.facts),
    }

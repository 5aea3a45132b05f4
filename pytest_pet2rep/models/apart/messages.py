"""What a worker and the process that holds the model say to each other.

Messages are pickled by ``multiprocessing.connection``, over a socket in a private folder and
only after both sides have proved that they know the key in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import DataProblem, GenerationFailed, GenerationTimeout, UsageProblem
from pytest_pet2rep.models.provider import Reply
from pytest_pet2rep.types import Generation


class Sign(StrEnum):
    """First half of every message to a worker."""

    BEGUN = "begun"
    """Its requests are with the model now; nothing else is said."""
    REPLIES = "replies"
    USAGE_PROBLEM = "usage problem"
    DATA_PROBLEM = "data problem"
    DEFECT = "defect"


def key_of(folder: Path) -> bytes:
    """The secret that both sides must know."""
    return (folder / "key").read_bytes()


def encoded(replies: Sequence[Reply]) -> list[Any]:
    """Replies as plain values: an error keeps its text and whether it was a timeout."""
    return [
        (isinstance(reply, GenerationTimeout), str(reply))
        if isinstance(reply, GenerationFailed)
        else reply
        for reply in replies
    ]


def decoded(replies: Sequence[Any]) -> list[Reply]:
    """The inverse of :func:`encoded`."""
    return [
        reply
        if isinstance(reply, Generation)
        else (GenerationTimeout if reply[0] else GenerationFailed)(reply[1])
        for reply in replies
    ]


def sign_of(why: Exception) -> Sign:
    """How an exception of ``generate`` is announced."""
    if isinstance(why, UsageProblem):
        return Sign.USAGE_PROBLEM
    return Sign.DATA_PROBLEM if isinstance(why, DataProblem) else Sign.DEFECT


def error_of(sign: Sign, text: str) -> Exception:
    """The exception that a sign announces."""
    kinds = {Sign.USAGE_PROBLEM: UsageProblem, Sign.DATA_PROBLEM: DataProblem}
    return kinds.get(sign, RuntimeError)(text)

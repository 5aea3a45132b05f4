"""The labelled sets that the extractor is measured on, checked before they are used.

``data/audit`` holds one JSON line per text: ``id``, ``lang``, ``text``, ``gold`` (fine organ id
-> states), ``alt_gold`` (further complete answers that are right too), ``mentions`` (each with
``organ``, ``state`` and ``side``), and for sentences ``difficulty`` and ``phenomenon`` (a list).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.types import Language, Side, States, UptakeState

CHECKSUMS = "SHA256SUMS"
_KINDS = ("zh", "en", "reports")


class Half(StrEnum):
    """Which half of the labelled sets: only the frozen one says how the extractor generalises."""

    TUNED = "tuned"
    FROZEN = "frozen"


Answer = Mapping[str, States]
"""Fine organ id -> states; an organ without a key has no label at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledText:
    """One sentence or whole report with the labels that a person gave it."""

    id: str
    half: Half
    language: Language
    text: str
    is_report: bool
    answers: tuple[Answer, ...]
    """The right answer first, then alternatives; each is complete."""
    sides: tuple[tuple[tuple[str, UptakeState], Side], ...] = ()
    """((fine organ id, state), side) of each labelled statement."""
    difficulty: str = ""
    phenomena: tuple[str, ...] = ()


def audit_folder() -> Traversable:
    """Where the labelled sets of this installation lie."""
    return resources.files("pytest_pet2rep").joinpath("data/audit")


def load_half(half: Half, folder: Traversable | None = None) -> tuple[LabelledText, ...]:
    """Load all texts of one half, sentences first, in the order of the files.

    Raises ``DataProblem`` for a missing or broken file, and for a frozen file whose SHA-256 is
    not the one that was written down before the first run.
    """
    folder = folder or audit_folder()
    loaded: list[LabelledText] = []
    for kind in _KINDS:
        name = f"{half}_{kind}.jsonl"
        raw = _bytes_of(folder, name)
        if half is Half.FROZEN:
            _check_unchanged(raw, name, folder)
        loaded += _parsed(raw, name, half, is_report=kind == "reports")
    return tuple(loaded)


def _bytes_of(folder: Traversable, name: str) -> bytes:
    try:
        return folder.joinpath(name).read_bytes()
    except OSError as why:
        raise DataProblem(
            f"{folder.joinpath(name)} cannot be read ({why.strerror or why}): install the package "
            f"again"
        ) from None


def _check_unchanged(raw: bytes, name: str, folder: Traversable) -> None:
    lines = _bytes_of(folder, CHECKSUMS).decode().splitlines()
    listed = {file: digest for digest, file in (line.split() for line in lines)}
    found = hashlib.sha256(raw).hexdigest()
    if found != listed.get(name):
        raise DataProblem(
            f"{folder.joinpath(name)} has the SHA-256 {found}, not {listed.get(name, 'any')} as in "
            f"{CHECKSUMS}: a frozen set that was changed measures nothing; restore the file"
        )


def _parsed(raw: bytes, name: str, half: Half, *, is_report: bool) -> list[LabelledText]:
    rows = []
    for number, line in enumerate(raw.decode("utf-8").splitlines(), start=1):
        try:
            rows.append(_labelled(json.loads(line), half, is_report=is_report))
        except (ValueError, KeyError, TypeError, AttributeError) as why:
            raise DataProblem(
                f"{name}:{number}: not a labelled text ({type(why).__name__}: {why})"
            ) from why
    return rows


def _labelled(row: Mapping[str, Any], half: Half, *, is_report: bool) -> LabelledText:
    return LabelledText(
        id=row["id"],
        half=half,
        language=Language(row["lang"]),
        text=row["text"],
        is_report=is_report,
        answers=tuple(_answer(gold) for gold in (row["gold"], *row.get("alt_gold", ()))),
        sides=tuple(
            ((mention["organ"], UptakeState(mention["state"])), Side(mention["side"]))
            for mention in row.get("mentions", ())
        ),
        difficulty=row.get("difficulty", ""),
        phenomena=tuple(row.get("phenomenon", ())),
    )


def _answer(gold: Mapping[str, list[str]]) -> Answer:
    return {organ: frozenset(UptakeState(s) for s in states) for organ, states in gold.items()}

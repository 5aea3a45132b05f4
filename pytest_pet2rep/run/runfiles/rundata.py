"""What a stored run is made of: its card, its plan, its records and its texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_pet2rep.anatomy import Profile
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.shards import ShardSet
from pytest_pet2rep.types import Expectation, Flag, Language, Outcome, Record

RUN_SCHEMA = "pet2rep/run/1"
CASE_SCHEMA = "pet2rep/case/1"
PLANNED_SCHEMA = "pet2rep/planned/1"
BASELINE_SCHEMA = "pet2rep/baseline/1"
RUN_FILE, CASES_FILE, PLANNED_FILE = "run.json", "cases.jsonl", "planned.json"

CaseKey = tuple[str, int]
"""Case id, repeat."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseText:
    """One report of a run: what is known of its case, both texts, and what came of the attempt.

    Texts are ``None`` where the run keeps none: under redaction, in a baseline, and a generated
    text that there never was.
    """

    case: str
    repeat: int = 0
    language: Language = Language.ZH
    cohort: str = ""
    digest: str = ""
    """SHA-256 of case.toml and the reference reports."""
    sex: str = ""
    age: float | None = None
    """Years."""
    private: bool = True
    images: str = ""
    """``volumes``, ``slices``, ``phantom`` or ``none``."""
    expectations: tuple[Expectation, ...] = ()
    """Those of the case file; what is extracted from the reference is not kept."""
    reference: str | None = None
    generated: str | None = None
    """The cleaned text."""
    raw: str | None = None
    """What the model returned, only where cleaning changed it."""
    raw_differs: bool = False
    outcome: Outcome | None = None
    """``None`` for a usable report."""
    reason: str = ""
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingItem:
    """A planned item without a record, and why."""

    item: PlannedItem
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunData:
    """A run as it was stored; ``summary`` is the mapping that ``--pet2rep-json`` writes.

    A run read from a baseline file has no texts, and of its summary only the scores.
    """

    run_id: str
    card: Mapping[str, Any]
    profile: Profile
    """The organ list, as it was when the run was made."""
    planned: tuple[PlannedItem, ...]
    holes: tuple[MissingItem, ...]
    records: tuple[Record, ...]
    texts: Mapping[CaseKey, CaseText] = field(default_factory=dict)
    floors: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    """Baseline that sees no image -> its records on the same items."""
    summary: Mapping[str, Any] = field(default_factory=dict)
    gates: tuple[Mapping[str, Any], ...] = ()
    verdict: str = ""
    """``pass``, ``fail``, ``undecided``, ``not_measured``; empty without gates."""
    exit: Mapping[str, Any] = field(default_factory=dict)
    """``code`` and ``reason``."""
    timing: Mapping[str, Any] = field(default_factory=dict)
    shards: ShardSet | None = None
    """Which parts of a sharded run these are; ``None`` for a whole one."""
    path: Path | None = None

    @property
    def complete(self) -> bool:
        """Every item of every case of the cohort was planned, and has a record.

        What the card says of it is held against the plan itself.
        """
        cohort = self.card.get("cohort", {})
        if not cohort.get("complete", False) or self.holes or self.shards is not None:
            return False
        by_report: dict[CaseKey, set[tuple[str, str]]] = {}
        for item in self.planned:
            by_report.setdefault((item.case, item.repeat), set()).add((item.check, item.organ))
        every = {("uptake", organ.id) for organ in self.profile.organs} | {("text", "")}
        for items in by_report.values():
            every |= {item for item in items if item[0].startswith("report:")}
        wanted = {
            (case, repeat)
            for case in cohort.get("case_list", {})
            for repeat in range(self.card.get("epochs", 1))
        }
        return by_report.keys() == wanted and all(every <= found for found in by_report.values())


def records_by_case(records: Sequence[Record]) -> dict[CaseKey, list[Record]]:
    """Group records by report, in order of case id and repeat; within, in order of identity."""
    grouped: dict[CaseKey, list[Record]] = {}
    for record in sorted(records, key=record_order):
        grouped.setdefault((record.case, record.repeat), []).append(record)
    return grouped


def record_order(record: Record) -> tuple[str, int, str, str]:
    """Sort key: the identity of a record within its cohort."""
    return (record.case, record.repeat, record.check, record.organ)

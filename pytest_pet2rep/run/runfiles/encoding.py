"""What is stored of a run, as plain JSON values and back.

A record leaves out what has its default, and what its line says already: the same encoding serves
``cases.jsonl`` and baseline files.  What may differ between equal runs (seconds, where a text
lies) stands under ``timing`` of its line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_pet2rep.anatomy import Profile, ProfileOrgan
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.records import record_from_plain, record_to_plain
from pytest_pet2rep.run.runfiles.rundata import CaseText, MissingItem
from pytest_pet2rep.types import (
    Expectation,
    ExpectationSource,
    Flag,
    Language,
    Outcome,
    Record,
    Side,
    UptakeState,
)

_DEFAULTS: Mapping[str, Any] = {
    field.name: field.default
    for field in dataclasses.fields(Record)
    if field.default is not dataclasses.MISSING
}
SHARED_FACTS = ("language", "sex")
"""Facts of a record that its line has."""
_OF_THE_LINE = frozenset({"cohort", "case", "repeat", "where"})


def record_plain(record: Record) -> dict[str, Any]:
    """Return ``record`` without its line's facts, without defaults, and without its timing."""
    plain = record_to_plain(record)
    facts = {
        name: value
        for name, value in plain["facts"].items()
        if name != "timing" and name not in SHARED_FACTS
    }
    kept = {
        name: value
        for name, value in plain.items()
        if name not in _OF_THE_LINE and name != "facts" and not _is_default(name, value)
    }
    return kept | ({"facts": facts} if facts else {})


def record_of(plain: Mapping[str, Any], line: Mapping[str, Any], *, floor: bool = False) -> Record:
    """Return the record that ``record_plain`` took apart; ``line`` is the object it stands in.

    That of a ``floor`` has no timing and no place.
    """
    timing = {} if floor else line.get("timing", {})
    facts = {name: line[name] for name in SHARED_FACTS if name in line}
    facts |= plain.get("facts", {})
    if plain["check"] == "text" and "made_now" in timing:
        facts["timing"] = {name: value for name, value in timing.items() if name != "where"}
    whole = {
        **_DEFAULTS,
        **plain,
        "facts": facts,
        "where": timing.get("where", ""),
        **{name: line[name] for name in ("cohort", "case", "repeat")},
    }
    return record_from_plain(whole)


def _is_default(name: str, value: Any) -> bool:
    if name not in _DEFAULTS:
        return False
    default = _DEFAULTS[name]
    return bool(value == (list(default) if isinstance(default, tuple) else default))


def bare_record(record: Record) -> Record:
    """Return ``record`` with what scores are computed from, without reason, evidence and place."""
    facts = {name: value for name, value in record.facts.items() if name != "timing"}
    return dataclasses.replace(record, reason="", evidence=("", ""), where="", facts=facts)


def line_plain(
    text: CaseText, records: Sequence[Record], floors: Mapping[str, Sequence[Record]]
) -> dict[str, Any]:
    """Return the line of one report in ``cases.jsonl``, without its schema."""
    plain = {
        field.name: getattr(text, field.name)
        for field in dataclasses.fields(text)
        if field.name not in ("expectations", "flags")
    }
    return {
        **plain,
        "expectations": [expectation_plain(found) for found in text.expectations],
        "flags": [dataclasses.asdict(flag) for flag in text.flags],
        "records": [record_plain(record) for record in records],
        "floors": {
            name: [record_plain(bare_record(record)) for record in found]
            for name, found in floors.items()
        },
        "timing": line_timing(records),
    }


def line_timing(records: Sequence[Record]) -> dict[str, Any]:
    """Return what may differ between equal runs: where the text lies, how long it took."""
    timing: dict[str, Any] = {"where": next((r.where for r in records if r.where), "")}
    for record in records:
        timing |= record.facts.get("timing", {})
    return timing


def text_of(line: Mapping[str, Any]) -> CaseText:
    """Return the texts and facts of one line."""
    names = {field.name for field in dataclasses.fields(CaseText)}
    values: dict[str, Any] = {name: value for name, value in line.items() if name in names}
    values["language"] = Language(values["language"])
    if values.get("outcome") is not None:
        values["outcome"] = Outcome(values["outcome"])
    values["expectations"] = tuple(map(expectation_of, line.get("expectations", ())))
    values["flags"] = tuple(Flag(**flag) for flag in line.get("flags", ()))
    return CaseText(**values)


def expectation_plain(found: Expectation) -> dict[str, Any]:
    """Return an expectation of a case file without defaults; states in the order of the enum."""
    plain = {
        field.name: value
        for field in dataclasses.fields(found)
        if (value := getattr(found, field.name)) != field.default
    }
    states = [str(state) for state in UptakeState if state in found.states]
    return plain | {"states": states, "source": str(found.source)}


def expectation_of(plain: Mapping[str, Any]) -> Expectation:
    """Return the expectation that ``expectation_plain`` took apart."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
    }
    values["states"] = frozenset(map(UptakeState, plain["states"]))
    values["source"] = ExpectationSource(plain["source"])
    values["side"] = Side(plain.get("side", Side.NONE))
    return Expectation(**values)


def planned_plain(items: Iterable[PlannedItem]) -> list[dict[str, Any]]:
    """Return the plan: reports of which the same items are planned stand together."""
    by_report: dict[tuple[str, int], list[str]] = {}
    for item in sorted(items):
        by_report.setdefault((item.case, item.repeat), []).append(_item_name(item))
    groups: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for (case, repeat), names in sorted(by_report.items()):
        groups.setdefault((repeat, tuple(names)), []).append(case)
    return [
        {"repeat": repeat, "cases": cases, "items": list(names)}
        for (repeat, names), cases in sorted(groups.items())
    ]


def planned_of(groups: Iterable[Mapping[str, Any]]) -> tuple[PlannedItem, ...]:
    """Return the items of a plan, sorted."""
    found = {
        _item(case, group["repeat"], name)
        for group in groups
        for case in group["cases"]
        for name in group["items"]
    }
    return tuple(sorted(found))


def item_of(record: Record) -> PlannedItem:
    """Return the item that a record is of."""
    return PlannedItem(
        case=record.case, check=record.check, organ=record.organ, repeat=record.repeat
    )


def _item_name(item: PlannedItem) -> str:
    return f"{item.check}/{item.organ}" if item.organ else item.check


def _item(case: str, repeat: int, name: str) -> PlannedItem:
    check, _, organ = name.partition("/")
    return PlannedItem(case=case, check=check, organ=organ, repeat=repeat)


def holes_plain(holes: Iterable[MissingItem]) -> list[dict[str, Any]]:
    """Return holes as plain data."""
    return [dataclasses.asdict(hole.item) | {"reason": hole.reason} for hole in holes]


def hole_of(plain: Mapping[str, Any]) -> MissingItem:
    """Return one hole."""
    item = {name: plain[name] for name in ("case", "check", "organ", "repeat")}
    return MissingItem(item=PlannedItem(**item), reason=plain["reason"])


def profile_of(plain: Mapping[str, Any]) -> Profile:
    """Return the organ list that was written as a plain ``Profile``."""
    return Profile(
        id=plain["id"],
        version=plain["version"],
        digest=plain["digest"],
        organs=tuple(
            ProfileOrgan(id=o["id"], en=o["en"], zh=o["zh"], fine=tuple(o["fine"]))
            for o in plain["organs"]
        ),
    )

"""Cases on the page: the list, and what the page of each case is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.report_page.texts import excerpt, marked_text
from pytest_pet2rep.run.runfiles import CaseKey, CaseText, RunData
from pytest_pet2rep.run.slices import is_abnormal
from pytest_pet2rep.types import UNUSABLE, Kind, Outcome, Record

if TYPE_CHECKING:
    from pytest_pet2rep.anatomy import Profile
    from pytest_pet2rep.run.report_page.pictures import Picture

MOST_LETTERS = 40_000
"""Of one text on the page; what is longer is no report of one examination and is cut off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseLine:
    """One report in the list of cases; organs by id."""

    element: str
    case: str
    repeat: int
    language: str
    sex: str
    age: float | None
    outcome: str
    """``usable``, or why there is no report."""
    abnormal: int
    hit: int
    missed: tuple[str, ...]
    wrong: tuple[str, ...]
    false_alarms: tuple[str, ...]
    unstated: tuple[str, ...]
    ambiguous: tuple[str, ...]
    failed_checks: tuple[str, ...]
    """Of a usable report: of none, every check fails for the one reason that ``outcome`` names."""
    risk: int
    """Sum of the weights of its errors (as in ``risk_per_case``)."""

    @property
    def troubled(self) -> tuple[str, ...]:
        """Organs with any error, once each."""
        found = (*self.missed, *self.wrong, *self.false_alarms, *self.unstated, *self.ambiguous)
        return tuple(dict.fromkeys(found))

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the list can be filtered by."""
        present = {
            "missed": self.missed,
            "wrong_state": self.wrong,
            "false_alarm": self.false_alarms,
            "unstated": self.unstated,
            "ambiguous": self.ambiguous,
            "check": self.failed_checks,
        }
        words = tuple(word for word, found in present.items() if found)
        if self.outcome != "usable":
            return (*words, "no_report", self.outcome)
        return words or ("clean",)


def case_lines(run: RunData, grouped: Mapping[CaseKey, Sequence[Record]]) -> tuple[CaseLine, ...]:
    """Return every report, the riskiest first."""
    lines = [
        _line(f"case-{number}", key, records, run)
        for number, (key, records) in enumerate(grouped.items())
    ]
    return tuple(sorted(lines, key=lambda line: (-line.risk, line.case, line.repeat)))


def _line(element: str, key: CaseKey, records: Sequence[Record], run: RunData) -> CaseLine:
    case, repeat = key
    text = run.texts.get(key) or CaseText(case=case, repeat=repeat)
    uptake = _head_to_toe(records, run.profile)
    ended = [str(record.outcome) for record in records if record.outcome in UNUSABLE]
    abnormal = [record for record in uptake if is_abnormal(record)]
    return CaseLine(
        element=element,
        case=case,
        repeat=repeat,
        language=str(text.language),
        sex=text.sex,
        age=text.age,
        outcome=ended[0] if ended else "usable",
        abnormal=len(abnormal),
        hit=sum(record.outcome is Outcome.HIT for record in abnormal),
        missed=_organs(r for r in uptake if _is_missed(r)),
        wrong=_organs(r for r in uptake if r.kind in (Kind.WRONG_STATE, Kind.PARTIAL)),
        false_alarms=_organs(r for r in uptake if r.kind is Kind.FALSE_ALARM),
        unstated=_organs(r for r in uptake if r.outcome is Outcome.UNSTATED and not _is_missed(r)),
        ambiguous=_organs(r for r in uptake if r.outcome is Outcome.AMBIGUOUS),
        failed_checks=tuple(
            record.check.removeprefix("report:")
            for record in records
            if record.check.startswith("report:")
            and record.failed
            and record.outcome not in UNUSABLE
        ),
        risk=_risk(records, run.profile),
    )


def _head_to_toe(records: Sequence[Record], profile: Profile) -> list[Record]:
    """Return the uptake records of one report in the order in which its organs are listed."""
    found = {record.organ: record for record in records if record.check == "uptake"}
    return [found[organ.id] for organ in profile.organs if organ.id in found]


def _is_missed(record: Record) -> bool:
    """An abnormal state of the reference that the report calls normal or leaves out."""
    silent = record.outcome is Outcome.UNSTATED or record.outcome in UNUSABLE
    return record.kind is Kind.MISSED or (silent and is_abnormal(record))


def _organs(records: Any) -> tuple[str, ...]:
    return tuple(record.organ for record in records)


def _risk(records: Sequence[Record], profile: Profile) -> int:
    from pytest_pet2rep.metrics.risk import risk_counts, risk_row, risk_table

    uptake = [record for record in records if record.check == "uptake"]
    flags: set[str] = set()
    for record in records:
        if record.check == "text":
            flags.update(record.facts.get("flags", ()))
            if record.facts.get("lesions", {}).get("suv_invented"):
                flags.add("invented_suv")
    rows = [risk_row(record, profile[record.organ].fine) for record in uptake]
    return sum(risk_table(risk_counts(rows, flags=flags)).weighted.values())


def case_detail(
    run: RunData, line: CaseLine, records: Sequence[Record], pictures: Sequence[Picture]
) -> dict[str, Any]:
    """Return what the script of the page makes the page of one case from: plain data for JSON.

    Every text is cut into pieces at the mentions that the extractor reads in it, and shows its
    invisible characters as escapes.
    """
    text = run.texts.get((line.case, line.repeat)) or CaseText(case=line.case)
    section = str(run.card.get("section", "findings"))
    return {
        "case": terminal_safe(line.case),
        "repeat": line.repeat,
        "language": line.language,
        "sex": line.sex,
        "age": line.age,
        "outcome": line.outcome,
        "reason": excerpt(text.reason, 2000),
        "risk": line.risk,
        "organs": [_organ(record) for record in _head_to_toe(records, run.profile)],
        "checks": [
            [
                record.check.removeprefix("report:"),
                str(record.outcome),
                excerpt(record.reason),
            ]
            for record in records
            if record.check.startswith("report:")
        ],
        "reference": _text(text.reference, run.profile, section),
        "generated": _text(text.generated, run.profile, section),
        "raw": _shortened(text.raw),
        "images": [asdict(picture) for picture in pictures],
    }


def _organ(record: Record) -> dict[str, Any]:
    return {
        "organ": record.organ,
        "expected": list(record.expected),
        "generated": list(record.generated),
        "outcome": str(record.outcome),
        "kind": str(record.kind),
        "failed": record.failed,
        "source": record.source,
        "visible": record.visible,
        "evidence": [excerpt(side) for side in record.evidence],
    }


def _text(text: str | None, profile: Profile, section: str) -> dict[str, Any] | None:
    if text is None:
        return None
    found = marked_text(text[:MOST_LETTERS], profile, section)
    return {**found, "cut": max(0, len(text) - MOST_LETTERS)}


def _shortened(text: str | None) -> str | None:
    if text is None:
        return None
    return terminal_safe(text[:MOST_LETTERS], line_feeds=True)

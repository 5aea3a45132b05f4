"""Weighted clinical risk: errors by what they may do to a patient, misses apart from false alarms.

Clinical efficacy treats a missed tumour and a missed cyst alike; this does not.  Weights, groups
and lists of fine organs are in ``data/risk.toml``.  What an error weighs depends on the fine organs
that carry the state, never on the organ list: only what counts as one (case, organ) pair does.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import Counts, Ratio
from pytest_pet2rep.metrics.judgement import abnormal, states_named
from pytest_pet2rep.types import (
    NORMAL,
    UNSTATED,
    UNUSABLE,
    Level,
    Record,
    Score,
    Side,
    States,
    UptakeState,
)

_HOT = UptakeState.INCREASED
GROUPS = ("miss", "wrong", "false_alarm", "silence", "report")


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorWeight:
    """What one error of a kind weighs, and where it is counted."""

    weight: int
    group: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskModel:
    """The shipped table of weights."""

    version: int
    malignancy_relevant: frozenset[str]
    """Fine organs."""
    physiological_sites: frozenset[str]
    """Fine organs."""
    must_find_mm: float
    errors: Mapping[str, ErrorWeight]


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskRow:
    """One (case, organ) pair; ``generated`` is ``None`` without a usable report."""

    expected: States
    generated: States | None
    expected_fine: frozenset[str] = frozenset()
    """Fine organs that carry what is expected."""
    generated_fine: frozenset[str] = frozenset()
    """Fine organs that carry what the report says."""
    visible: bool | None = None
    """Whether the increased lesion, where there is one, can be seen in the pixels sent."""
    diameter_mm: float | None = None
    expected_side: Side = Side.NONE
    """Side of the increased lesion in the reference, where there is one."""
    generated_side: Side = Side.NONE


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskTable:
    """Errors of a cohort and what they weigh."""

    cases: int
    errors: Mapping[str, int]
    """Error -> how often, in the order of the table, zeros included."""
    weighted: Mapping[str, int]
    """Group (``miss``, ``wrong``, ``false_alarm``, ``silence``, ``report``) -> sum of weights."""
    critical: Ratio
    """Missed of all increased lesions of a malignancy-relevant organ that must be found."""


def risk_row(record: Record, fine: Collection[str]) -> RiskRow:
    """Turn the record of one uptake item into a row.

    ``fine`` are the fine organs of its organ.  ``facts`` may narrow them to those that carry the
    states (``expected_fine``, ``generated_fine``), and may hold ``increased_visible``,
    ``diameter_mm``, ``expected_side`` and ``generated_side``.
    """
    facts = record.facts
    return RiskRow(
        expected_fine=frozenset(facts.get("expected_fine", fine)),
        generated_fine=frozenset(facts.get("generated_fine", fine)),
        expected=states_named(record.expected),
        generated=None if record.outcome in UNUSABLE else states_named(record.generated),
        visible=facts.get("increased_visible", record.visible),
        diameter_mm=facts.get("diameter_mm"),
        expected_side=Side(facts.get("expected_side", Side.NONE)),
        generated_side=Side(facts.get("generated_side", Side.NONE)),
    )


def risk_counts(rows: Iterable[RiskRow], *, flags: Collection[str] = ()) -> dict[str, Any]:
    """Count the errors of one case: those of its organs, and its flags, each flag once.

    ``flags`` are names of report checks, and ``invented_suv`` where a stated SUVmax is more than
    25 % off or has no basis; names that the table does not weigh are ignored.  Two organs of a list
    that share a fine organ (bone, in two regions of ``petrg24``) and say the same count once.
    """
    model = risk_model()
    listed = list({_statement(row): row for row in rows}.values())
    errors = Counter(error for row in listed for error in _errors_of(row, model))
    must_find = [row for row in listed if _must_find(row, model)]
    if any(row.generated is None for row in listed):
        errors["no_report"] += 1
    else:
        errors.update(name for name in set(flags) if _is_flag(name, model))
    return {
        "cases": 1,
        "errors": dict(sorted(errors.items())),
        "must_find": len(must_find),
        "critical": sum(_is_missed(row) for row in must_find),
    }


def risk_table(counts: Counts) -> RiskTable:
    """Weigh (added) counts."""
    model, found = risk_model(), counts.get("errors", {})
    return RiskTable(
        cases=counts.get("cases", 0),
        errors={name: found.get(name, 0) for name in model.errors},
        weighted={
            group: sum(
                found.get(name, 0) * error.weight
                for name, error in model.errors.items()
                if error.group == group
            )
            for group in GROUPS
        },
        critical=Ratio(events=counts.get("critical", 0), of=counts.get("must_find", 0)),
    )


def risk_signature(basis: Basis, *, checks: str) -> str:
    """Spell out what the risk depends on; ``checks`` is a digest of the report checks' words."""
    return f"risk|weights:{risk_model().version}|{basis.signature()}|checks:{checks}"


def risk_scores(table: RiskTable, *, signature: str) -> tuple[Score, ...]:
    """Return risk per case (sum of weights / cases, 0 upwards), its parts, and critical misses.

    ``risk_per_case`` is the sum of all groups; ``risk_per_case_miss`` and
    ``risk_per_case_false_alarm`` stand apart.  ``critical_miss_rate`` is the share of must-find
    lesions that were called normal or left out; its ``n`` is their number.
    """
    cases = table.cases
    sums = {
        "risk_per_case": sum(table.weighted.values()),
        "risk_per_case_miss": table.weighted["miss"],
        "risk_per_case_false_alarm": table.weighted["false_alarm"],
    }
    scores = [
        Score(
            name=name,
            value=total / cases if cases else None,
            signature=signature,
            n=cases,
            level=Level.MEAN_OF_CASES,
            higher_is_better=False,
            reason="" if cases else "no cases",
        )
        for name, total in sums.items()
    ]
    critical = Score(
        name="critical_miss_rate",
        value=table.critical.value,
        signature=signature,
        n=table.critical.of,
        level=Level.RATE,
        higher_is_better=False,
        reason="" if table.critical.of else "no lesion that must be found",
    )
    return (*scores, critical)


@cache
def risk_model() -> RiskModel:
    """Load the shipped table."""
    source = resources.files(__package__).joinpath("data/risk.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    return RiskModel(
        version=table["version"],
        malignancy_relevant=frozenset(table["malignancy_relevant"]),
        physiological_sites=frozenset(table["physiological_sites"]),
        must_find_mm=table["must_find_mm"],
        errors={name: ErrorWeight(**entry) for name, entry in table["errors"].items()},
    )


def _statement(row: RiskRow) -> tuple[object, ...]:
    """What makes two rows one: the same fine organs with the same states; silence has no organ."""
    return (
        row.expected,
        row.expected_fine if row.expected != UNSTATED else (),
        row.generated,
        row.generated_fine if row.generated != UNSTATED else (),
    )


def _errors_of(row: RiskRow, model: RiskModel) -> Iterator[str]:
    generated = UNSTATED if row.generated is None else row.generated
    expected, found = abnormal(row.expected), abnormal(generated)
    missed, invented = set(expected - found), set(found - expected)
    yield from _swapped(missed, invented)
    for state in missed:
        yield _missed_error(state, row.expected_fine, model)
    for state in invented:
        if state is not _HOT:
            yield "false_cold"
        elif row.generated_fine and row.generated_fine <= model.physiological_sites:
            yield "physiological_as_increased"
        else:
            yield "false_increased"
    if _HOT in expected & found and {row.expected_side, row.generated_side} == _OPPOSITE:
        yield "wrong_side"
    if row.generated is not None and row.expected == NORMAL and generated == UNSTATED:
        yield "unstated_normal"


_OPPOSITE = {Side.LEFT, Side.RIGHT}


def _swapped(missed: set[UptakeState], invented: set[UptakeState]) -> Iterator[str]:
    """Pair what was said instead of what is true, and take it out of both sets."""
    for wrong, right in ((missed, invented), (invented, missed)):
        if _HOT in wrong and right - {_HOT}:
            yield "wrong_polarity"
            wrong.discard(_HOT)
            right.intersection_update({_HOT})
    if missed - {_HOT} and invented - {_HOT}:
        yield "wrong_cold_state"
        missed.intersection_update({_HOT})
        invented.intersection_update({_HOT})


def _missed_error(state: UptakeState, fine: frozenset[str], model: RiskModel) -> str:
    if state is not _HOT:
        return "missed_cold_brain" if "brain" in fine else "missed_cold"
    critical = not fine.isdisjoint(model.malignancy_relevant)
    return "missed_increased_critical" if critical else "missed_increased"


def _must_find(row: RiskRow, model: RiskModel) -> bool:
    """Whether a lesion must be found; what is unknown of it does not excuse."""
    return (
        _HOT in row.expected
        and not row.expected_fine.isdisjoint(model.malignancy_relevant)
        and row.visible is not False
        and (row.diameter_mm is None or row.diameter_mm >= model.must_find_mm)
    )


def _is_missed(row: RiskRow) -> bool:
    """Called normal, left out, or without a report: the report has no abnormal state there."""
    return row.generated is None or not abnormal(row.generated)


def _is_flag(name: str, model: RiskModel) -> bool:
    return name in model.errors and model.errors[name].group == "report"

"""What the controls of a run say: whether answers are stable, and hang on the images.

*Image reliance* is what clinical efficacy (``ce_f1``, convention ``paper``) loses on the sample
when the images tell nothing: near zero for a model that writes what such reports usually say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pytest_pet2rep.metrics.efficacy import EfficacyRow, efficacy_counts, efficacy_table
from pytest_pet2rep.metrics.efficacy_scores import ce_values
from pytest_pet2rep.metrics.judgement import judge
from pytest_pet2rep.run.control_plan import CONTROL
from pytest_pet2rep.types import Record, States, UptakeState


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlResult:
    """One control over its sample; shares are 0..1, ``None`` where there is nothing to count."""

    name: str
    language: str
    cases: int
    unusable: int
    """Cases of the sample without a usable report on one of the two sides; counted apart."""
    same_text: float | None
    """Share of the usable cases whose text is identical, character by character."""
    pairs: int
    """(case, organ) pairs of the usable cases."""
    changed_states: float | None
    """Share of the pairs of which the two reports state something else."""
    flipped_verdicts: float | None
    """Share of the pairs that pass in one report and fail in the other."""
    ce_f1: float | None
    """Of the scored reports, on the sample."""
    ce_f1_control: float | None
    """Of the reports of the control, on the sample."""

    @property
    def reliance(self) -> float | None:
        """``ce_f1`` minus ``ce_f1_control``."""
        if self.ce_f1 is None or self.ce_f1_control is None:
            return None
        return self.ce_f1 - self.ce_f1_control


def control_results(records: Iterable[Record]) -> tuple[ControlResult, ...]:
    """Fold the records of controls, by name and language, in order."""
    grouped: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record.check.startswith(f"{CONTROL}:"):
            name = record.check.removeprefix(f"{CONTROL}:")
            grouped.setdefault((name, str(record.facts["language"])), []).append(record)
    return tuple(_result(*key, grouped[key]) for key in sorted(grouped))


def control_plain(result: ControlResult) -> dict[str, Any]:
    """Return one result as plain data."""
    return {**asdict(result), "reliance": result.reliance}


def _result(name: str, language: str, records: Sequence[Record]) -> ControlResult:
    usable = [record for record in records if all(record.facts["usable"])]
    pairs = [
        tuple(frozenset(map(UptakeState, side)) for side in sides)
        for record in usable
        for sides in record.facts["organs"].values()
    ]
    return ControlResult(
        name=name,
        language=language,
        cases=len(records),
        unusable=len(records) - len(usable),
        same_text=_share([bool(record.facts["same_text"]) for record in usable]),
        pairs=len(pairs),
        changed_states=_share([scored != control for _, scored, control in pairs]),
        flipped_verdicts=_share(
            [
                _passes(wanted, scored) != _passes(wanted, control)
                for wanted, scored, control in pairs
            ]
        ),
        ce_f1=_ce_f1(records, side=0),
        ce_f1_control=_ce_f1(records, side=1),
    )


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _passes(expected: States, generated: States) -> bool:
    return not judge(expected, generated).failed


def _ce_f1(records: Sequence[Record], *, side: int) -> float | None:
    """Score one side of the sample; a missing report is a miss of everything, as in the run."""
    rows = [
        EfficacyRow(
            case=f"{record.case}#{record.repeat}",
            organ=organ,
            expected=frozenset(map(UptakeState, sides[0])),
            generated=frozenset(map(UptakeState, sides[1 + side]))
            if record.facts["usable"][side]
            else None,
        )
        for record in records
        for organ, sides in record.facts["organs"].items()
    ]
    return ce_values(efficacy_table(efficacy_counts(rows)).per_class)["ce_f1"]

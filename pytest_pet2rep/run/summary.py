"""The summary of a run: a pure fold over its records.

A serial run, an xdist run, a rescoring of stored outputs and a test share it.  Records are put in
order by their identity first, so the result does not depend on who ran what when.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.run.lift import Lift, lifts_by_language
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.reliance import ControlResult, control_results
from pytest_pet2rep.run.repeats import RepeatRow, repeat_rows
from pytest_pet2rep.run.scoreboard import ScoreSet, Scoring, score_sets
from pytest_pet2rep.types import UNUSABLE, Kind, Outcome, Record

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.resampling import Interval


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganRow:
    """One organ over all cases."""

    organ: str
    en: str
    zh: str
    items: int
    passed: int
    """Items that do not fail in ``strict`` mode."""
    expected_abnormal: int
    found: int
    """Of these, the ones whose abnormal states were named exactly."""
    false_alarms: int
    unstated: int
    nothing_invented: int
    """Hits on organs that the reference does not mention."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseRow:
    """One case: what became of its items."""

    case: str
    repeat: int
    items: int
    passed: int
    outcome: str
    """``usable``, or why there is no report."""
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]
    failed_checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hole:
    """A planned item without a record."""

    case: str
    check: str
    organ: str
    repeat: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """All that is said about a run; ``timing`` alone may differ between two equal runs."""

    planned: int
    recorded: int
    failed: int
    cases: int
    outcomes: Mapping[str, int]
    """Outcome of uptake items -> count, in the order of ``Outcome``, zeros included."""
    kinds: Mapping[str, int]
    checks: Mapping[str, Mapping[str, int]]
    """Report check -> outcome -> count."""
    scores: tuple[ScoreSet, ...]
    """One set per language: nothing averages over languages."""
    intervals: Mapping[str, Mapping[str, Interval]]
    """Language -> metric -> two-sided 95 % interval over the cases."""
    lifts: Mapping[str, tuple[Lift, ...]]
    """Language -> metrics beside the best baseline that saw no image; empty where not asked for."""
    controls: tuple[ControlResult, ...]
    """Stability and image reliance, where they were asked for."""
    repeats: tuple[RepeatRow, ...]
    """Items over several epochs; empty for one."""
    organs: tuple[OrganRow, ...]
    rows: tuple[CaseRow, ...]
    holes: tuple[Hole, ...]
    card: Mapping[str, Any]
    timing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """A limit or a selection left out cases or items of the cohort."""
        return not self.card.get("cohort", {}).get("complete", True)


def summarise(
    records: Iterable[Record],
    scoring: Scoring,
    *,
    card: Mapping[str, Any],
    holes: Sequence[tuple[PlannedItem, str]] = (),
    floors: Mapping[str, Sequence[Record]] | None = None,
    epochs: int = 1,
    seconds: float = 0.0,
    with_intervals: bool = True,
) -> Summary:
    """Fold records (in any order) and the holes of the plan into the summary.

    ``floors`` holds the records of the baselines on the same items, by name; ``epochs`` is how
    often every report was asked for.  Intervals take most of the time: a tenth of a second for 80
    cases.
    """
    ordered = sorted(records, key=_identity)
    scores = score_sets(ordered, scoring)
    uptake = [record for record in ordered if record.check == "uptake"]
    return Summary(
        planned=len(ordered) + len(holes),
        recorded=len(ordered),
        failed=sum(record.failed for record in ordered),
        cases=len({(record.case, record.repeat) for record in ordered}),
        outcomes=_counts(
            (str(r.outcome) for r in uptake), (str(o) for o in Outcome), _not_run(holes)
        ),
        kinds=_counts((str(r.kind) for r in uptake if r.kind), (str(k) for k in Kind if k)),
        checks=_checks(ordered),
        scores=scores,
        intervals=_intervals(ordered, scoring) if with_intervals else {},
        lifts=lifts_by_language(scores, floors or {}, scoring),
        controls=control_results(ordered),
        repeats=repeat_rows(ordered, epochs),
        organs=tuple(_organ_row(o.id, o.en, o.zh, uptake) for o in scoring.profile.organs),
        rows=_case_rows(ordered),
        holes=tuple(
            Hole(case=item.case, check=item.check, organ=item.organ, repeat=item.repeat, reason=why)
            for item, why in holes
        ),
        card=card,
        timing=_timing(ordered, seconds),
    )


def _intervals(records: Sequence[Record], scoring: Scoring) -> dict[str, Mapping[str, Interval]]:
    from pytest_pet2rep.run.estimands import headline_intervals

    scored = [r for r in records if r.check in ("uptake", "text")]
    return {str(lang): found for lang, found in headline_intervals(scored, scoring).items()}


def _identity(record: Record) -> tuple[str, str, int, str, str]:
    return (record.cohort, record.case, record.repeat, record.check, record.organ)


def _not_run(holes: Sequence[tuple[PlannedItem, str]]) -> int:
    return sum(item.check == "uptake" for item, _ in holes)


def _counts(found: Iterable[str], names: Iterable[str], not_run: int = 0) -> dict[str, int]:
    counter = Counter(found)
    counter[Outcome.NOT_RUN] += not_run
    return {name: counter.get(name, 0) for name in names}


def _checks(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for record in records:
        if record.check.startswith("report:"):
            found.setdefault(record.check.removeprefix("report:"), Counter())[record.outcome] += 1
    return {
        name: {str(outcome): counter[outcome] for outcome in Outcome if counter[outcome]}
        for name, counter in sorted(found.items())
    }


def _organ_row(organ: str, en: str, zh: str, uptake: Sequence[Record]) -> OrganRow:
    mine = [record for record in uptake if record.organ == organ]
    abnormal = [record for record in mine if _is_abnormal(record)]
    return OrganRow(
        organ=organ,
        en=en,
        zh=zh,
        items=len(mine),
        passed=sum(not record.failed for record in mine),
        expected_abnormal=len(abnormal),
        found=sum(not r.failed and r.expected == r.generated for r in abnormal),
        false_alarms=sum(record.kind is Kind.FALSE_ALARM for record in mine),
        unstated=sum(record.outcome is Outcome.UNSTATED for record in mine),
        nothing_invented=sum(record.kind is Kind.NOTHING_INVENTED for record in mine),
    )


def _is_abnormal(record: Record) -> bool:
    return not {"normal", "unstated"}.intersection(record.expected)


def _case_rows(records: Sequence[Record]) -> tuple[CaseRow, ...]:
    by_case: dict[tuple[str, str, int], list[Record]] = {}
    for record in records:
        by_case.setdefault((record.cohort, record.case, record.repeat), []).append(record)
    return tuple(_case_row(*key[1:], mine) for key, mine in by_case.items())


def _case_row(case: str, repeat: int, records: Sequence[Record]) -> CaseRow:
    unusable = [record.outcome for record in records if record.outcome in UNUSABLE]
    uptake = [record for record in records if record.check == "uptake"]
    return CaseRow(
        case=case,
        repeat=repeat,
        items=len(records),
        passed=sum(not record.failed for record in records),
        outcome=str(unusable[0]) if unusable else "usable",
        missed=tuple(r.organ for r in uptake if r.failed and _is_abnormal(r)),
        false_alarms=tuple(r.organ for r in uptake if r.kind is Kind.FALSE_ALARM),
        failed_checks=tuple(
            record.check.removeprefix("report:")
            for record in records
            if record.check.startswith("report:") and record.failed
        ),
    )


def _timing(records: Sequence[Record], seconds: float) -> dict[str, Any]:
    facts = [r.facts["timing"] for r in records if r.check == "text" and "timing" in r.facts]
    made = [fact for fact in facts if fact["made_now"]]
    return {
        "seconds": round(seconds, 3),
        "generated_now": len(made),
        "generation_seconds": round(sum(fact["seconds"] for fact in made), 3),
        "store_skipped": sorted({p for fact in facts for p in fact.get("store_skipped", ())}),
    }

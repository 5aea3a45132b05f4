"""The summary as tables for people, for the terminal of a run and for the command line alike."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import rate, score, share, signed
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.run.lift import Lift
from pytest_pet2rep.run.reliance import ControlResult
from pytest_pet2rep.run.repeats import RepeatRow
from pytest_pet2rep.run.scoreboard import ScoreSet
from pytest_pet2rep.run.summary import CaseRow, OrganRow
from pytest_pet2rep.types import Level, Score, UptakeState

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.resampling import Interval

RIGHT = Align.RIGHT
HEADLINE = ("overall", "bleu4", "meteor", "rouge_l", "ce_precision", "ce_recall", "ce_f1")


def organ_table(rows: Sequence[OrganRow]) -> Table:
    """Per organ: pass rate, abnormal expectations named exactly, false alarms, silence."""
    return Table(
        columns=(
            Column(title="organ", shrink_to=10),
            Column(title="", optional=True),
            Column(title="passed", align=RIGHT),
            Column(title="abnormal named", align=RIGHT),
            Column(title="false alarms", align=RIGHT),
            Column(title="unstated", align=RIGHT, optional=True),
        ),
        rows=tuple(
            (
                row.organ,
                row.zh,
                share(row.passed, row.items),
                f"{row.found}/{row.expected_abnormal}",
                str(row.false_alarms),
                str(row.unstated),
            )
            for row in rows
            if row.items
        ),
    )


def state_table(found: ScoreSet) -> Table:
    """Per state: in how many pairs the reference has it, the report has it, and how they agree."""
    rows = []
    for state in UptakeState:
        expected = _pairs_with(found, state, side=0)
        reported = _pairs_with(found, state, side=1)
        counts = found.efficacy.per_class.get(state)
        values: tuple[float | None, ...] = (None, None, None)
        if counts and (counts.support or counts.predicted):
            values = (counts.precision, counts.recall, counts.f1)
        shown = (score(value) for value in values)
        rows.append((str(state), str(expected), str(reported), *shown))
    return Table(
        columns=(
            Column(title="state"),
            Column(title="in reference", align=RIGHT),
            Column(title="in report", align=RIGHT),
            Column(title="precision", align=RIGHT),
            Column(title="recall", align=RIGHT),
            Column(title="F1", align=RIGHT),
        ),
        rows=tuple(rows),
    )


def _pairs_with(found: ScoreSet, state: UptakeState, *, side: int) -> int:
    """Pairs in which the reference (``side`` 0) or the report (1) has ``state``."""
    return sum(
        count
        for pairs in found.counts.values()
        for key, count in pairs.items()
        if state in key.split(">")[side].split("+")
    )


def score_table(
    found: ScoreSet,
    *,
    everything: bool = False,
    intervals: Mapping[str, Interval] | None = None,
) -> Table:
    """Each score with its n and its signature; the headline ones, or all of them.

    With ``intervals``, of which each is two-sided, they stand beside the scores.
    """
    scores = [s for s in found.all() if everything or s.name in HEADLINE or s in found.text]
    extra = {*found.sliced, *found.sklearn0}
    if everything:
        scores = [s for s in scores if s not in extra or _worth_a_row(s)]
    else:
        scores += found.rates
    beside = () if intervals is None else (Column(title="95 %", align=RIGHT, optional=True),)
    return Table(
        columns=(
            Column(title="score"),
            Column(title="x100", align=RIGHT),
            *beside,
            Column(title="n", align=RIGHT),
            Column(title="signature", shrink_to=24, optional=True),
        ),
        rows=tuple(
            (
                s.name,
                _value(s),
                *([interval_text(s, (intervals or {}).get(s.name))] if beside else []),
                str(s.n),
                s.signature if s.value is not None else f"({s.reason})",
            )
            for s in _unique(scores)
        ),
    )


def interval_text(found: Score, interval: Interval | None) -> str:
    """Write an interval as its limits; a question mark says that it is not reliable."""
    if interval is None or found.value is None or not math.isfinite(interval.high - interval.low):
        return ""
    if _by_case(found):
        limits = f"{interval.low:.2f} to {interval.high:.2f}"
    else:
        limits = f"{score(interval.low)} to {score(interval.high)}"
    return limits if interval.reliable else f"{limits} ?"


def lift_table(lifts: Sequence[Lift], *, everything: bool = False) -> Table:
    """Each metric beside the baselines that saw no image, and how far the model is above them."""
    shown = [lift for lift in lifts if everything or lift.metric in HEADLINE]
    floors = tuple(lifts[0].by_floor) if lifts else ()
    return Table(
        columns=(
            Column(title="x100"),
            Column(title="model", align=RIGHT),
            *(Column(title=name, align=RIGHT, optional=True) for name in floors),
            Column(title="best floor", align=RIGHT),
            Column(title="lift", align=RIGHT),
        ),
        rows=tuple(
            (
                lift.metric,
                score(lift.value),
                *(score(lift.by_floor[name]) for name in floors),
                score(lift.floor),
                signed(lift.lift),
            )
            for lift in shown
            if lift.floor is not None
        ),
    )


def control_table(results: Sequence[ControlResult]) -> Table:
    """Each control: how much of the report stays when it is asked for again."""
    return Table(
        columns=(
            Column(title="asked again"),
            Column(title="cases", align=RIGHT),
            Column(title="unusable", align=RIGHT, optional=True),
            Column(title="same text", align=RIGHT),
            Column(title="changed", align=RIGHT),
            Column(title="flipped", align=RIGHT),
            Column(title="ce_f1", align=RIGHT),
            Column(title="control", align=RIGHT),
            Column(title="reliance", align=RIGHT),
        ),
        rows=tuple(
            (
                f"{found.name} ({found.language})",
                str(found.cases),
                str(found.unusable),
                score(found.same_text),
                score(found.changed_states),
                score(found.flipped_verdicts),
                score(found.ce_f1),
                score(found.ce_f1_control),
                signed(found.reliance),
            )
            for found in results
        ),
    )


def repeat_table(rows: Sequence[RepeatRow], epochs: int) -> Table:
    """Items over several epochs: passed on average, at least once, every time."""
    return Table(
        columns=(
            Column(title="items"),
            Column(title="n", align=RIGHT),
            Column(title="mean", align=RIGHT),
            Column(title=f"pass@{epochs}", align=RIGHT),
            Column(title=f"pass^{epochs}", align=RIGHT),
            Column(title="incomplete", align=RIGHT, optional=True),
        ),
        rows=tuple(
            (
                row.items,
                str(row.count),
                score(row.mean),
                score(row.at_least_once),
                score(row.every_time),
                str(row.incomplete),
            )
            for row in rows
        ),
    )


def case_table(rows: Sequence[CaseRow]) -> Table:
    """Per case: what passed, what was missed, what was invented."""
    return Table(
        columns=(
            Column(title="case"),
            Column(title="report"),
            Column(title="passed", align=RIGHT),
            Column(title="missed", shrink_to=12),
            Column(title="false alarms", shrink_to=12),
            Column(title="checks failed", shrink_to=12, optional=True),
        ),
        rows=tuple(
            (
                row.case,
                row.outcome,
                f"{row.passed}/{row.items}",
                ", ".join(row.missed),
                ", ".join(row.false_alarms),
                ", ".join(row.failed_checks),
            )
            for row in rows
        ),
    )


def reference_coverage_table(found: ScoreSet) -> Table:
    """Per organ: how often the reference states it, as what, and how often the report agrees.

    An organ with two abnormal states counts in both columns, and once in the first.
    """
    shown = [state for state in UptakeState if state is not UptakeState.UNSTATED]
    rows = []
    for organ, pairs in found.counts.items():
        expected = Counter[str]()
        for key, count in pairs.items():
            expected[key.partition(">")[0]] += count
        total, unstated = sum(expected.values()), expected["unstated"]
        by_state = [sum(n for e, n in expected.items() if s in e.split("+")) for s in shown]
        right = sum(c.tp for c in found.efficacy.per_organ[organ].values())
        rows.append((organ, share(total - unstated, total), *map(str, by_state), str(right)))
    return Table(
        columns=(
            Column(title="organ", shrink_to=10),
            Column(title="reference states it", align=RIGHT),
            *(Column(title=str(state), align=RIGHT) for state in shown),
            Column(title="abnormal found", align=RIGHT),
        ),
        rows=tuple(rows),
    )


def outcome_line(outcomes: Mapping[str, int]) -> str:
    """Count the outcomes that occurred, with their total: the one fixed denominator."""
    total = sum(outcomes.values())
    parts = [f"{count} {name}" for name, count in outcomes.items() if count]
    return f"{total} (case, organ) items: " + ", ".join(parts)


def check_line(checks: Mapping[str, Mapping[str, int]]) -> str:
    """Name the report checks that failed, with counts; or say that none did."""
    parts = []
    for name, outcomes in checks.items():
        total, hits = sum(outcomes.values()), outcomes.get("hit", 0)
        if hits < total:
            parts.append(f"{name} {hits}/{total}")
    if not checks:
        return "report checks: none ran"
    return "report checks: " + ("passed only " + ", ".join(parts) if parts else "all passed")


def coverage_line(found: ScoreSet) -> str:
    """Say how many organs reference and report state at all."""
    table = found.efficacy
    return (
        f"stated organs: reference {share(table.stated_reference, table.pairs)}, "
        f"report {share(table.stated_generated, table.pairs)}; "
        f"silence about a normal organ counts as passed"
    )


def one_line(sets: Sequence[ScoreSet], passed: int, items: int) -> str:
    """Say the run in one line."""
    parts = [f"passed {passed}/{items} ({rate(passed, items)} %)"]
    for found in sets:
        by_name = {s.name: s for s in found.all()}
        shown = [f"{name} {score(by_name[name].value)}" for name in HEADLINE if name in by_name]
        parts.append(f"{found.language}: " + ", ".join(shown))
    return "pet2rep: " + "; ".join(parts)


def _worth_a_row(sliced: Score) -> bool:
    """Say whether a score of a slice is shown to people; the JSON has them all."""
    return sliced.value is not None and "micro" not in sliced.name


def _value(found: Score) -> str:
    if found.value is not None and _by_case(found):
        return f"{found.value:.2f} a case"
    return score(found.value)


def _by_case(found: Score) -> bool:
    """Say whether a score is a weight for each case, not a share."""
    return found.signature.startswith("risk|") and found.level is not Level.RATE


def _unique(scores: Sequence[Score]) -> list[Score]:
    return list({s.name: s for s in scores}.values())

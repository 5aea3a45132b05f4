"""The summary as tables for people, for the terminal of a run and for the command line alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import rate, score, share, unscored
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.run.scoreboard import ScoreSet
from pytest_pet2rep.run.summary import CaseRow, OrganRow, StateRow
from pytest_pet2rep.types import ABNORMAL_STATES, Score, UptakeState

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
        ),
    )


def state_table(found: ScoreSet, rows: Sequence[StateRow]) -> Table:
    """Per state: how often expected, named, and precision, recall and F1 of the three classes."""
    classes = found.efficacy.per_class
    lines = []
    for row in rows:
        counts = next((classes[s] for s in ABNORMAL_STATES if s == row.state), None)
        values = (counts.precision, counts.recall, counts.f1) if counts else (None, None, None)
        lines.append((row.state, str(row.items), str(row.named), *(score(v) for v in values)))
    return Table(
        columns=(
            Column(title="expected state"),
            Column(title="items", align=RIGHT),
            Column(title="named", align=RIGHT),
            Column(title="precision", align=RIGHT),
            Column(title="recall", align=RIGHT),
            Column(title="F1", align=RIGHT),
        ),
        rows=tuple(lines),
    )


def score_table(found: ScoreSet, *, everything: bool = False) -> Table:
    """Each score with its n and its signature; the headline ones, or all of them."""
    scores = [s for s in found.all() if everything or s.name in HEADLINE or s in found.text]
    if not everything:
        scores += found.rates
    return Table(
        columns=(
            Column(title="score"),
            Column(title="x100", align=RIGHT),
            Column(title="n", align=RIGHT),
            Column(title="signature", shrink_to=24, optional=True),
        ),
        rows=tuple((s.name, _value(s), str(s.n), s.signature) for s in _unique(scores)),
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
    """Per organ: how often the reference states it, with which states, and what the report says."""
    rows = []
    for organ, cells in found.efficacy.confusion.items():
        by_state = {state: sum(columns.values()) for state, columns in cells.items()}
        total = sum(by_state.values())
        stated = total - by_state[UptakeState.UNSTATED]
        right = sum(cells[state][state] for state in ABNORMAL_STATES)
        rows.append(
            (
                organ,
                share(stated, total),
                *(str(by_state[state]) for state in UptakeState if state != "unstated"),
                str(right),
            )
        )
    return Table(
        columns=(
            Column(title="organ", shrink_to=10),
            Column(title="reference states it", align=RIGHT),
            *(Column(title=str(s), align=RIGHT) for s in UptakeState if s != "unstated"),
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
        f"pass rate of both counts silence about a normal organ as passed"
    )


def one_line(sets: Sequence[ScoreSet], passed: int, items: int) -> str:
    """Say the run in one line."""
    parts = [f"passed {passed}/{items} ({rate(passed, items)} %)"]
    for found in sets:
        by_name = {s.name: s for s in found.all()}
        shown = [f"{name} {score(by_name[name].value)}" for name in HEADLINE if name in by_name]
        parts.append(f"{found.language}: " + ", ".join(shown))
    return "pet2rep: " + "; ".join(parts)


def _value(found: Score) -> str:
    return score(found.value) if found.value is not None else unscored(found.reason)


def _unique(scores: Sequence[Score]) -> list[Score]:
    return list({s.name: s for s in scores}.values())

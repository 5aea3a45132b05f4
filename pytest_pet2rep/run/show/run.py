"""``pet2rep show RUN``: a stored run as a person reads it, the verdict first and last."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_pet2rep.render.numbers import count, duration
from pytest_pet2rep.render.screen import Screen, Tone
from pytest_pet2rep.run.gates.stored import stored_gate_table
from pytest_pet2rep.run.merge import summary_of
from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.run.show.worst import worst_cases
from pytest_pet2rep.run.summary import CaseRow, OrganRow, Summary
from pytest_pet2rep.run.summary_tables import (
    case_table,
    check_line,
    control_table,
    coverage_line,
    lift_table,
    organ_table,
    outcome_line,
    repeat_table,
    score_table,
    state_table,
)
from pytest_pet2rep.run.verdict import Verdict

SHOWN_CASES = 10
SHOWN_HOLES = 10
TONES = {
    Verdict.PASS: Tone.GOOD,
    Verdict.FAIL: Tone.BAD,
    Verdict.UNDECIDED: Tone.DOUBT,
    Verdict.NOT_MEASURED: Tone.DOUBT,
}


def run_lines(run: RunData, screen: Screen, *, everything: bool = False) -> Iterator[str]:
    """Yield the lines of a run; ``everything``: all scores and all cases."""
    summary = summary_of(run)
    yield from screen.folded(run_title(run), Tone.STRONG)
    yield from screen.folded(run_facts(run), Tone.QUIET)
    yield ""
    if run.gates:
        tones = [TONES.get(Verdict(gate["verdict"]), Tone.PLAIN) for gate in run.gates]
        yield from screen.table(stored_gate_table(run.gates), tones)
    yield from screen.table(
        organ_table(summary.organs), [_organ_tone(row) for row in summary.organs if row.items]
    )
    yield from screen.folded(outcome_line(summary.outcomes))
    yield from screen.folded(check_line(summary.checks))
    yield ""
    yield from _score_lines(summary, screen, everything)
    yield from _asked_again(summary, screen)
    yield from _case_lines(run, summary, screen, everything)
    yield from _hole_lines(summary, screen)
    yield screen.line(verdict_line(run), _verdict_tone(run))


def run_title(run: RunData) -> str:
    """Say which model was scored on which cohort."""
    card = run.card
    cohort = card.get("cohort", {})
    model = card.get("model", {}).get("spec", "unknown model")
    partial = "" if run.complete else ", partial"
    cases = count(len({record.case for record in run.records}), "case")
    return f"{model} on {cohort.get('name', 'unknown cohort')} ({cases}{partial})"


def run_facts(run: RunData) -> str:
    """Say when it ran, for how long, under which conventions."""
    card, timing = run.card, run.timing
    parts = [
        str(timing.get("started", "")),
        duration(float(timing["seconds"])) if "seconds" in timing else "",
        f"organs {card.get('organs', '?')}",
        f"section {card.get('section', '?')}",
        f"run {run.run_id[:8]}",
    ]
    return ", ".join(part for part in parts if part)


def verdict_line(run: RunData) -> str:
    """Say how the run ended: the last line that its terminal had."""
    if not run.exit:
        return "kept as a baseline: it has no exit code"
    word = Verdict(run.verdict).words if run.verdict else "no verdict"
    return f"pet2rep: exit {run.exit['code']} ({word}): {run.exit['reason']}"


def _organ_tone(row: OrganRow) -> Tone:
    if row.passed == row.items:
        return Tone.GOOD
    return Tone.BAD if row.found < row.expected_abnormal or row.false_alarms else Tone.DOUBT


def _score_lines(summary: Summary, screen: Screen, everything: bool) -> Iterator[str]:
    for found in summary.scores:
        language = str(found.language)
        yield screen.line(f"{language}: {count(found.cases, 'case')}", Tone.STRONG)
        yield from screen.table(state_table(found))
        yield from screen.folded(coverage_line(found))
        yield ""
        limits = summary.intervals.get(language, {})
        yield from screen.table(score_table(found, everything=everything, intervals=limits))
        if lifts := summary.lifts.get(language):
            yield from screen.table(lift_table(lifts, everything=everything))


def _asked_again(summary: Summary, screen: Screen) -> Iterator[str]:
    if summary.controls:
        yield from screen.table(control_table(summary.controls))
    if summary.repeats:
        epochs = int(summary.card.get("epochs", 1))
        yield from screen.table(repeat_table(summary.repeats, epochs))


def _case_lines(run: RunData, summary: Summary, screen: Screen, everything: bool) -> Iterator[str]:
    rows = worst_cases(run, summary.rows)
    shown = rows if everything else rows[:SHOWN_CASES]
    if not shown:
        return
    yield screen.line("worst cases first", Tone.STRONG)
    yield from screen.table(case_table(shown), [_case_tone(row) for row in shown])
    if len(shown) < len(rows):
        yield screen.line(f"... and {len(rows) - len(shown)} more: pet2rep show RUN --all")
    yield screen.line("one case with its texts: pet2rep show RUN CASE", Tone.QUIET)
    yield ""


def _case_tone(row: CaseRow) -> Tone:
    if row.outcome != "usable" or row.missed:
        return Tone.BAD
    return Tone.PLAIN if row.passed == row.items else Tone.DOUBT


def _hole_lines(summary: Summary, screen: Screen) -> Iterator[str]:
    for hole in summary.holes[:SHOWN_HOLES]:
        name = f"{hole.case} {hole.check} {hole.organ}".rstrip()
        yield screen.line(f"no result: {name}: {hole.reason}", Tone.BAD)
    if len(summary.holes) > SHOWN_HOLES:
        rest = len(summary.holes) - SHOWN_HOLES
        yield screen.line(f"... and {rest} more without a result", Tone.BAD)


def _verdict_tone(run: RunData) -> Tone:
    if not run.exit:
        return Tone.QUIET
    if run.verdict == Verdict.UNDECIDED:
        return Tone.DOUBT
    return Tone.GOOD if run.exit["code"] == 0 else Tone.BAD

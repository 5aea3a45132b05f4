"""The summary in the terminal: one line with -q, tables, per case with -vv."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pet2rep.adapter.terminal_table import write_folded, write_table
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.summary_tables import (
    case_table,
    check_line,
    control_table,
    coverage_line,
    lift_table,
    one_line,
    organ_table,
    outcome_line,
    repeat_table,
    score_table,
    state_table,
)

if TYPE_CHECKING:
    import pytest

    from pytest_pet2rep.adapter.options import Options
    from pytest_pet2rep.run.summary import Summary

SHOWN_HOLES = 10


def show(
    reporter: pytest.TerminalReporter,
    summary: Summary,
    options: Options,
    exit_reason: str,
    folder: Path | None = None,
) -> None:
    """Write the summary at the verbosity that was asked for; ``folder`` holds the run's files."""
    verbosity = reporter.config.get_verbosity()
    passed = summary.recorded - summary.failed
    line = one_line(summary.scores, passed, summary.planned)
    if verbosity < 0:
        reporter.write_line(line)
    else:
        reporter.section("pet2rep summary", "=")
        _show_tables(reporter, summary, verbosity)
        _show_asked_again(reporter, summary, options)
    _show_holes(reporter, summary)
    for note in summary.card["notes"]:
        reporter.write_line(terminal_safe(note), yellow=True)
    skipped = summary.timing.get("store_skipped", ())
    if skipped:
        note = f"pet2rep: {len(skipped)} damaged places of the store were skipped: {skipped[0]} ..."
        reporter.write_line(note, yellow=True)
    if summary.partial:
        reporter.write_line("pet2rep: partial: not every item of the cohort was run", yellow=True)
    if verbosity >= 0:
        if options.json is not None:
            reporter.write_line(f"summary written to {options.json}")
        if folder is not None:
            reporter.write_line(f"run stored in {folder}")
        reporter.write_line(line, bold=True)
    if exit_reason:
        reporter.write_line(f"pet2rep: {exit_reason}", red=True)


def _show_tables(reporter: pytest.TerminalReporter, summary: Summary, verbosity: int) -> None:
    if verbosity >= 2:
        write_table(reporter, case_table(summary.rows))
    write_table(reporter, organ_table(summary.organs))
    write_folded(reporter, outcome_line(summary.outcomes))
    write_folded(reporter, check_line(summary.checks))
    for found in summary.scores:
        reporter.write_line("")
        reporter.write_line(f"{found.language}: {found.cases} cases", bold=True)
        write_table(reporter, state_table(found))
        write_folded(reporter, coverage_line(found))
        reporter.write_line("")
        limits = summary.intervals.get(str(found.language), {})
        write_table(reporter, score_table(found, everything=verbosity >= 1, intervals=limits))
        if lifts := summary.lifts.get(str(found.language)):
            write_table(reporter, lift_table(lifts, everything=verbosity >= 1))


def _show_asked_again(
    reporter: pytest.TerminalReporter, summary: Summary, options: Options
) -> None:
    """Show what came of reports that were asked for more than once."""
    if summary.controls:
        reporter.write_line(
            "asked again (x100): texts kept, states changed, verdicts flipped",
            bold=True,
        )
        write_table(reporter, control_table(summary.controls))
    if summary.repeats:
        reporter.write_line(f"{options.run.epochs} epochs (x100)", bold=True)
        write_table(reporter, repeat_table(summary.repeats, options.run.epochs))


def _show_holes(reporter: pytest.TerminalReporter, summary: Summary) -> None:
    for hole in summary.holes[:SHOWN_HOLES]:
        name = terminal_safe(f"{hole.case} {hole.check} {hole.organ}".rstrip())
        reporter.write_line(f"no result: {name}: {hole.reason}", red=True)
    rest = len(summary.holes) - SHOWN_HOLES
    if rest > 0:
        reporter.write_line(f"... and {rest} more without a result", red=True)

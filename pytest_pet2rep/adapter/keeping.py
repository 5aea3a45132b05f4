"""Beside the reporter: the run is compared with its baseline, and becomes one where asked to."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_pet2rep.adapter.state import GATES, OPTIONS
from pytest_pet2rep.errors import StoreError, UsageProblem
from pytest_pet2rep.render.untrusted import terminal_safe

if TYPE_CHECKING:
    from pytest_pet2rep.adapter.reporter import Reporter
    from pytest_pet2rep.run.compare import Comparison
    from pytest_pet2rep.run.runfiles import RunData

COMPARISON_FILE = "comparison.json"


def check_save(config: pytest.Config) -> None:
    """Refuse what cannot become a baseline before any report is made.

    Raises ``pytest.UsageError``.
    """
    from pytest_pet2rep.run.baseline_runs import baseline_path

    options = config.stash[OPTIONS]
    if not options.save:
        return
    try:
        baseline_path(config.rootpath, options.save)
    except UsageProblem as why:
        raise pytest.UsageError(f"--pet2rep-save: {why}") from why
    if options.run.limit is not None or options.run.shard is not None:
        part = "--pet2rep-limit" if options.run.limit is not None else "--pet2rep-shard"
        raise pytest.UsageError(
            f"--pet2rep-save={options.save} keeps a whole run, and {part} runs a part: leave one "
            f"of them out (a cohort file is a small whole cohort; merged shards can be kept)"
        )


class Keeper:
    """Compares and keeps a finished run; registered on the controller only."""

    def __init__(self, config: pytest.Config, reporter: Reporter) -> None:
        self.config = config
        self.options = config.stash[OPTIONS]
        self.reporter = reporter
        self.comparison: Comparison | None = None
        self.notes: list[str] = []

    def pytest_sessionfinish(self) -> None:
        """Run between the verdict and the terminal summary; the verdict does not hang on it."""
        run = self.reporter.stored
        if run is None:
            return
        baseline = self.config.stash[GATES].baseline
        if baseline is not None:
            self._compare(run, baseline)
        name = self._name_to_keep(baseline)
        if name:
            self._keep(run, name)

    def _compare(self, run: RunData, baseline: RunData) -> None:
        from pytest_pet2rep.render.json_text import canonical_json
        from pytest_pet2rep.run.compare import compare_runs
        from pytest_pet2rep.run.compare.tables import comparison_plain
        from pytest_pet2rep.run.runfiles.writing import write_private

        try:
            found = compare_runs(run, baseline, allowed=self.options.allow_difference)
            if run.path is not None:
                text = canonical_json(comparison_plain(found))
                write_private(run.path / COMPARISON_FILE, text)
        except (UsageProblem, StoreError) as why:
            self.notes.append(f"not compared with {self.options.baseline}: {why}")
        else:
            self.comparison = found

    def _name_to_keep(self, baseline: RunData | None) -> str:
        if self.options.save:
            return self.options.save
        if not self.options.baseline or baseline is not None:
            return ""
        if self.options.baseline_missing == "save":
            return self.options.baseline
        self.notes.append(f"there is no baseline {self.options.baseline}: nothing to compare with")
        return ""

    def _keep(self, run: RunData, name: str) -> None:
        from pytest_pet2rep.run.baseline_runs import save_baseline
        from pytest_pet2rep.run.error_budget import broken_note
        from pytest_pet2rep.run.verdict import Verdict

        verdict = self.reporter.verdict
        if verdict is not None and verdict.verdict is Verdict.ENDED:
            self.notes.append(f"the run is not kept as baseline {name}: {verdict.reason}")
            return
        judged = bool(self.options.gating.specs) and name == self.options.baseline
        if judged and verdict is not None and verdict.code:
            # Or the next run would only have to be as good as one that may not ship.
            self.notes.append(f"baseline {name} is not replaced by a run of exit {verdict.code}")
            return
        try:
            path = save_baseline(self.config.rootpath, name, run)
        except UsageProblem as why:
            self.notes.append(str(why))
        else:
            self.notes.append(f"kept as baseline {name} in {_short(path)}")
            if broken := broken_note(run.records):
                self.notes.append(f"baseline {name}: {broken}")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Say what changed, below the summary of the run."""
        yield
        if self.config.option.no_summary:
            return
        if self.comparison is not None and terminalreporter.verbosity >= 0:
            self._show(terminalreporter, self.comparison)
        for note in self.notes:
            terminalreporter.write_line(terminal_safe(f"pet2rep: {note}"), yellow=True)

    def _show(self, reporter: pytest.TerminalReporter, found: Comparison) -> None:
        from pytest_pet2rep.run.compare.tables import comparison_lines

        reporter.section("pet2rep comparison", "=")
        encoding = (getattr(reporter._tw._file, "encoding", None) or "utf-8").lower()
        lines = comparison_lines(
            found,
            reporter._tw.fullwidth,
            everything=reporter.verbosity >= 2,
            ascii_only="utf" not in encoding and "gb" not in encoding,
        )
        for line in lines:
            reporter.write_line(line)


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

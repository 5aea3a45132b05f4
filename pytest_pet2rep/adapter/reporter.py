"""Controller side: what was planned, what was heard, and what that amounts to."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import pytest

from pytest_pet2rep.adapter.options import Options
from pytest_pet2rep.adapter.state import OPTIONS
from pytest_pet2rep.adapter.wire import PROPERTY, from_wire
from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.run.plan import PlannedItem, planned_item
from pytest_pet2rep.run.runfiles_saving import Saving, begin, finish
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.summary import Summary
from pytest_pet2rep.types import Outcome, Record

SHOWN_ONLY: Mapping[Outcome, tuple[str, str, str]] = {
    Outcome.MISS: ("missed", "m", "MISSED"),
    Outcome.UNSTATED: ("unstated", "u", "UNSTATED"),
    Outcome.AMBIGUOUS: ("ambiguous", "a", "AMBIGUOUS"),
    Outcome.EMPTY: ("empty", "e", "EMPTY"),
    Outcome.REFUSAL: ("refusal", "r", "REFUSAL"),
    Outcome.TRUNCATED: ("truncated", "t", "TRUNCATED"),
}
"""``report`` mode: the model's own shortcomings under their own word and letter."""


class Reporter:
    """Collects records, finds holes, judges the run and shows the summary."""

    def __init__(self, config: pytest.Config, runtime: Runtime) -> None:
        self.config = config
        self.runtime = runtime
        self.options: Options = config.stash[OPTIONS]
        self.planned: dict[str, PlannedItem] = {}
        self.records: dict[str, Record] = {}
        self.crashed: set[str] = set()
        self.saving: Saving | None = None
        self.summary: Summary | None = None
        self.exit_reason = ""
        self.started = time.perf_counter()

    def pytest_report_header(self) -> list[str]:
        return self.runtime.header()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._plan([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Learn the plan from the workers: under xdist the controller collects nothing."""
        self._plan(ids)

    def _plan(self, nodeids: Sequence[str]) -> None:
        for nodeid in nodeids:
            item = planned_item(nodeid, self.config.rootpath)
            if item is not None:
                self.planned.setdefault(nodeid, item)
        if self.planned and self.saving is None and not self.config.option.collectonly:
            try:
                self.saving = begin(self.runtime, self.planned.values(), self.options.run_dir)
            except StoreError as why:
                raise pytest.UsageError(str(why)) from why

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if str(report.when) == "???" and report.nodeid in self.planned:
            self.crashed.add(report.nodeid)
        if type(report) is not pytest.TestReport or report.when != "call":
            return
        for name, value in report.user_properties:
            if name == PROPERTY:
                self.records[report.nodeid] = from_wire(str(value))
        report.user_properties = [
            (name, value) for name, value in report.user_properties if name != PROPERTY
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, tuple[str, Mapping[str, bool]]] | None:
        if report.when != "call" or not report.skipped:
            return None
        record = self.records.get(report.nodeid)
        if record is None or record.outcome not in SHOWN_ONLY:
            return None
        category, letter, word = SHOWN_ONLY[record.outcome]
        return category, letter, (word, {"yellow": True})

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        nothing = not self.planned and self.options.json is None
        if self.config.option.collectonly or nothing:
            return
        self.summary = self.runtime.summarise(
            list(self.records.values()),
            holes=self._holes(),
            seconds=time.perf_counter() - self.started,
        )
        self._judge(session)
        self._store(session)
        self._write(session)

    def _holes(self) -> list[tuple[PlannedItem, str]]:
        return [
            (item, "its process died" if nodeid in self.crashed else "it never ran")
            for nodeid, item in sorted(self.planned.items())
            if nodeid not in self.records
        ]

    def _judge(self, session: pytest.Session) -> None:
        """A hole is never green; pytest's own 2, 3, 4 and 5 stand as they are."""
        assert self.summary is not None
        run_wide = [r for r in self.records.values() if r.facts.get("run_wide")]
        if run_wide and len(run_wide) == len(self.records):
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
            self.exit_reason = run_wide[0].reason.partition("error: ")[2] or run_wide[0].reason
        elif self.summary.holes and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.TESTS_FAILED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            count = len(self.summary.holes)
            self.exit_reason = f"{count} of {self.summary.planned} planned items have no result"

    def _store(self, session: pytest.Session) -> None:
        """Write the files of the run; one that cannot be kept is never green."""
        if self.saving is None or self.summary is None:
            return
        try:
            finish(
                self.saving,
                self.runtime,
                list(self.records.values()),
                self.summary,
                exit_code=int(session.exitstatus),
                exit_reason=self.exit_reason,
            )
        except StoreError as why:
            self.exit_reason = str(why)
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def _write(self, session: pytest.Session) -> None:
        if self.options.json is None or self.summary is None:
            return
        from pytest_pet2rep.run.summary_json import summary_json

        text = summary_json(
            self.summary, exit_code=int(session.exitstatus), exit_reason=self.exit_reason
        )
        try:
            self.options.json.parent.mkdir(parents=True, exist_ok=True)
            self.options.json.write_text(text, encoding="utf-8")
        except OSError as why:
            self.exit_reason = f"{self.options.json} cannot be written: {why}"
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Write after the short test summary, so that the table stays on the screen."""
        yield
        if self.summary is None or self.config.option.no_summary:
            return
        from pytest_pet2rep.adapter.terminal import show

        folder = self.saving.folder if self.saving is not None else None
        show(terminalreporter, self.summary, self.options, self.exit_reason, folder)

"""Controller side: what was planned, what was heard, and what that amounts to."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pet2rep.adapter.happenings import Happenings
from pytest_pet2rep.adapter.options import Options
from pytest_pet2rep.adapter.outputs import (
    append_step_summary,
    check_gates_junit,
    write_gates,
    write_summary,
)
from pytest_pet2rep.adapter.state import GATES, OPTIONS
from pytest_pet2rep.adapter.wire import PROPERTY, from_wire
from pytest_pet2rep.errors import StoreError, UsageProblem
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.error_budget import RUN_BROKE, broken_cases
from pytest_pet2rep.run.gates.session import DEFERRED, left_out
from pytest_pet2rep.run.header import header_lines
from pytest_pet2rep.run.plan import PlannedItem, planned_item
from pytest_pet2rep.run.runfiles.saving import Saving, begin, finish
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.summary import Summary
from pytest_pet2rep.run.verdict import RunFacts, RunVerdict, Verdict, run_verdict
from pytest_pet2rep.types import Outcome, Record

if TYPE_CHECKING:
    from pytest_pet2rep.run.gates import GateResult
    from pytest_pet2rep.run.runfiles import RunData

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
        check_gates_junit(self.options.gates_junit)
        self.planned: dict[str, PlannedItem] = {}
        self.records: dict[str, Record] = {}
        self.happened = Happenings()
        self.saving: Saving | None = None
        self.summary: Summary | None = None
        self.stored: RunData | None = None
        self.gates: tuple[GateResult, ...] = ()
        self.verdict: RunVerdict | None = None
        self.note = ""
        self.started = time.perf_counter()

    def pytest_report_header(self) -> list[str]:
        gates = [f"pet2rep: gate {gate.expression}" for gate in self.config.stash[GATES].gates]
        return [*header_lines(self.runtime), *(terminal_safe(line) for line in gates)]

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._plan([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Learn the plan from the workers: under xdist the controller collects nothing."""
        self._plan(ids)

    @property
    def _empty_shard(self) -> bool:
        """There are more shards than cases: this one has none, and is no less done for it."""
        return not self.runtime.shard_files

    def _plan(self, nodeids: Sequence[str]) -> None:
        for nodeid in nodeids:
            item = planned_item(nodeid, self.config.rootpath)
            if item is not None:
                self.planned.setdefault(nodeid, item)
        there_is_a_run = self.planned or self._empty_shard
        if there_is_a_run and self.saving is None and not self.config.option.collectonly:
            try:
                self.saving = begin(self.runtime, self.planned.values(), self.options.run_dir)
            except StoreError as why:
                raise pytest.UsageError(str(why)) from why

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.happened.heard(report, ours=self.planned)
        if type(report) is not pytest.TestReport or report.when != "call":
            return
        for name, value in report.user_properties:
            if name == PROPERTY:
                self.records[report.nodeid] = from_wire(str(value))
        report.user_properties = [
            (name, value) for name, value in report.user_properties if name != PROPERTY
        ]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.happened.not_collected(report)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.happened.interrupted(excinfo.value)

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

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Judge the run before anything is shown, and have the last word after everything."""
        if self.config.option.collectonly or self.options.plan:
            yield
            return
        if self.planned or self._empty_shard or self.options.json is not None:
            self._conclude(session)
        else:
            self.verdict = run_verdict(self._facts(session))
            session.exitstatus = self.verdict.code
        yield
        self._last_line(session)

    def _conclude(self, session: pytest.Session) -> None:
        from pytest_pet2rep.run.run_summary import summary_of_run

        self.summary = summary_of_run(
            self.runtime,
            list(self.records.values()),
            holes=self._holes(),
            seconds=time.perf_counter() - self.started,
        )
        facts = self._facts(session)
        try:
            gates = self.config.stash[GATES]
            gates.check_comparable(self.summary.card)
            self.gates = gates.judge(list(self.records.values()), incomplete=_why_incomplete(facts))
        except UsageProblem as why:  # only now is it known: the runs cannot be compared
            facts = replace(facts, run_wide_error=facts.run_wide_error or str(why))
        facts = replace(facts, gates=tuple(result.verdict for result in self.gates))
        self.verdict = run_verdict(facts)
        for write in (self._store, self._write_json, self._write_html, self._write_gates):
            if problem := write(self.verdict):
                facts = replace(facts, unwritten=problem)
                self.verdict = run_verdict(facts)
        session.exitstatus = self.verdict.code
        self.note = append_step_summary(self.stored, self.summary)

    def _holes(self) -> list[tuple[PlannedItem, str]]:
        crashed = self.happened.crashed
        return [
            (item, "its process died" if nodeid in crashed else "it never ran")
            for nodeid, item in sorted(self.planned.items())
            if nodeid not in self.records
        ]

    def _facts(self, session: pytest.Session) -> RunFacts:
        """Gather what decides the exit code; the verdicts of the gates are added later."""
        records, gating = list(self.records.values()), self.options.gating
        status = self.happened.status(session)
        if self._empty_shard and status == pytest.ExitCode.NO_TESTS_COLLECTED:
            status = int(pytest.ExitCode.OK)
        failed = [n for n in self.happened.failed_items if n in self.records]
        return RunFacts(
            status=status,
            run_wide_error=_run_wide_error(records),
            broken_elsewhere=self.happened.elsewhere(session),
            gates_set=bool(gating.specs),
            undecided=gating.undecided,
            deferred=self.runtime.settings.shard is not None,
            planned=len(self.planned),
            holes=len(self.planned) - len(self.records),
            left_out=left_out(self.runtime, self.planned.values()),
            part="" if self.runtime.cohort.complete else "one case of its cohort was named",
            failed_items=sum(self.records[n].outcome not in RUN_BROKE for n in failed),
            broken_cases=broken_cases(records),
            cases=len({(record.case, record.repeat) for record in records}),
            budget=gating.budget,
        )

    def _store(self, verdict: RunVerdict) -> str:
        """Write the files of the run; return what prevented it."""
        if self.saving is None or self.summary is None:
            return ""
        try:
            self.stored = finish(
                self.saving,
                self.runtime,
                list(self.records.values()),
                self.summary,
                gates=self._gates_plain(),
                verdict=str(verdict.verdict),
                exit_code=verdict.code,
                exit_reason=verdict.reason,
            )
        except StoreError as why:
            return str(why)
        return ""

    def _write_json(self, verdict: RunVerdict) -> str:
        if self.options.json is None or self.summary is None:
            return ""
        from pytest_pet2rep.run.summary_json import summary_json

        text = summary_json(
            self.summary,
            gates=self._gates_plain(),
            verdict=str(verdict.verdict),
            exit_code=verdict.code,
            exit_reason=verdict.reason,
        )
        return write_summary(self.options.json, text)

    def _write_html(self, verdict: RunVerdict) -> str:
        """Write the page of the run, with what its baseline says where there is one."""
        if self.options.html is None or self.stored is None:
            return ""
        from pytest_pet2rep.run.report_page.command import report_of_session

        try:
            report_of_session(
                self.runtime,
                self.stored,
                self.options.html,
                baseline=self.config.stash[GATES].baseline,
                allowed=self.options.allow_difference,
            )
        except UsageProblem as why:
            return str(why)
        return ""

    def _write_gates(self, verdict: RunVerdict) -> str:
        started = self.saving.started if self.saving is not None else ""
        return write_gates(self.options, self.summary, self._gates_plain(), verdict, started)

    def _gates_plain(self) -> list[Mapping[str, object]]:
        if not self.gates:
            return []
        from pytest_pet2rep.run.gates import gate_plain

        return [gate_plain(result, self.options.gating.undecided) for result in self.gates]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Write after the short test summary, so that the table stays on the screen."""
        yield
        if self.summary is None or self.config.option.no_summary:
            return
        from pytest_pet2rep.adapter.terminal import show
        from pytest_pet2rep.adapter.terminal_gates import show_gates
        from pytest_pet2rep.adapter.terminal_paper import show_paper

        folder = self.saving.folder if self.saving is not None else None
        show(terminalreporter, self.summary, self.options, "", folder)
        show_paper(terminalreporter, self.summary, self.options)
        show_gates(terminalreporter, self.gates)
        if self.note:
            terminalreporter.write_line(terminal_safe(f"pet2rep: {self.note}"), yellow=True)

    def _last_line(self, session: pytest.Session) -> None:
        """Say the exit code and why, below everything else, with and without a terminal plugin."""
        verdict, code = self.verdict, int(session.exitstatus)
        if verdict is None:
            return
        if verdict.code != code:
            reason = f"changed from {verdict.code} by pytest or a plugin after the run was judged"
            verdict = RunVerdict(code=code, verdict=Verdict.ENDED, reason=reason)
        line = terminal_safe(verdict.line)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            print(line)
        else:
            reporter.write_line(line, bold=True, red=code != 0, green=code == 0)


def _run_wide_error(records: Sequence[Record]) -> str:
    """Return the error that every item met, if one did: a model that cannot be used at all."""
    met = [record for record in records if record.facts.get("run_wide")]
    if not met or len(met) < len(records):
        return ""
    return met[0].reason.partition("error: ")[2] or met[0].reason


def _why_incomplete(facts: RunFacts) -> str:
    """Say why no gate is judged on these records; empty where the run is whole."""
    if facts.deferred:
        return DEFERRED
    found = run_verdict(replace(facts, gates_set=True, gates=()))
    return "" if found.code in (0, 1) else found.reason

"""``--pet2rep-plan``: instead of a run, what its gates can see and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_pet2rep.adapter.state import GATES, OPTIONS, RUNTIME
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.render.untrusted import terminal_safe

if TYPE_CHECKING:
    from pytest_pet2rep.run.planning.session import Plan


class Planner:
    """Takes the place of the run; registered on the controller only."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.plan = self._made()

    def _made(self) -> Plan:
        from pytest_pet2rep.run.planning.session import make_plan

        stash = self.config.stash
        try:
            return make_plan(stash[RUNTIME], stash[GATES], stash[OPTIONS].plan_args)
        except UsageProblem as why:
            raise pytest.UsageError(str(why)) from why

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        """Run nothing."""
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Show the plan last; under xdist pytest takes it for a run without items."""
        ended = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if ended:
            session.exitstatus = pytest.ExitCode.OK
            self._write_json()
        yield
        if ended:
            self._show()

    def _write_json(self) -> None:
        path = self.config.stash[OPTIONS].json
        if path is None:
            return
        from pytest_pet2rep.render.json_text import canonical_json
        from pytest_pet2rep.run.planning.tables import plan_plain

        text = canonical_json(plan_plain(self.plan.gates, self.plan.cost))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _show(self) -> None:
        from pytest_pet2rep.adapter.terminal_table import write_table
        from pytest_pet2rep.render.table import render_table
        from pytest_pet2rep.run.planning.tables import cost_line, plan_notes, plan_table

        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        write = print if reporter is None else reporter.write_line
        if self.plan.gates and reporter is not None:
            reporter.section("pet2rep plan", "-")
            write_table(reporter, plan_table(self.plan.gates))
        elif self.plan.gates:
            print("\n".join(render_table(plan_table(self.plan.gates), 100)))
        for line in plan_notes(self.plan.gates):
            write(terminal_safe(line))
        write(cost_line(self.plan.cost))
        hopeless = sum(plan.hopeless for plan in self.plan.gates)
        more = f"; {hopeless} of {len(self.plan.gates)} gates can neither pass nor fail"
        write(f"pet2rep: exit 0 (plan): nothing was generated{more if hopeless else ''}")

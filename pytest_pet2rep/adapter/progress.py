"""Progress of a run, on the controller: whole lines now and then, nothing under ``-q``.

Lines and not a redrawn one: they read the same in a terminal, in the log of a CI job and with
``-n``, and pytest's own dots stay where they are.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.progress import ProgressMeter


class Progress:
    """Watches items start and end; ``planned`` is filled at collection."""

    def __init__(self, config: pytest.Config, planned: Mapping[str, PlannedItem]) -> None:
        self._config = config
        self._planned = planned
        self._meter: ProgressMeter | None = None

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember the case that is being worked on."""
        item = self._planned.get(nodeid)
        if item is None or self._config.get_verbosity() < 0:
            return
        if self._meter is None:
            total = len({planned.case for planned in self._planned.values()})
            self._meter = ProgressMeter(total=total, started=time.monotonic())
        self._meter.begin(item.case)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the case of a settled item, and write the line that is due."""
        item = self._planned.get(report.nodeid)
        if self._meter is None or item is None or report.when != "call":
            return
        self._meter.finish(item.case)
        line = self._meter.line(time.monotonic())
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if line and reporter is not None:
            reporter.write_line(terminal_safe(f"pet2rep: {line}"))

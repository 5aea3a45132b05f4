"""What happened to the tests of a run, ours and others: the facts that the exit code needs."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import pytest

STOPPED = "stopping after"
"""How xdist begins its word on ``-x`` and ``--maxfail``, which it reports as an interruption."""


@dataclass(kw_only=True, slots=True)
class Happenings:
    """Grows with every report that the controller hears of."""

    failed_items: list[str] = field(default_factory=list)
    """Node ids of our items whose call failed."""
    broken_elsewhere: list[str] = field(default_factory=list)
    """Tests, fixtures and files that are not ours, and failed."""
    crashed: set[str] = field(default_factory=set)
    """Our items whose process died."""
    stopped_after_failures: bool = False
    _failures: int = 0
    """Failed reports, counted as pytest counts them."""

    def heard(self, report: Any, ours: Container[str]) -> None:
        """Take note of one report of a test (of a kind that a plugin may have made)."""
        mine = report.nodeid in ours
        if str(report.when) == "???" and mine:
            self.crashed.add(report.nodeid)
        if not report.failed or hasattr(report, "wasxfail"):
            return
        self._failures += 1
        if not mine:
            self.broken_elsewhere.append(report.nodeid)
        elif report.when in ("setup", "teardown"):
            self.broken_elsewhere.append(f"{report.nodeid} ({report.when})")
        elif report.when == "call":
            self.failed_items.append(report.nodeid)

    def not_collected(self, report: pytest.CollectReport) -> None:
        """Take note of a file or folder that could not be collected."""
        if report.failed:
            self._failures += 1
            self.broken_elsewhere.append(report.nodeid or "the collection")

    def interrupted(self, error: BaseException) -> None:
        """Tell ``-x`` under xdist, which ends like Ctrl-C, from a real interruption."""
        own = type(error).__name__ == "Interrupted" and type(error).__module__.startswith("xdist")
        self.stopped_after_failures = own and str(error).startswith(STOPPED)

    def status(self, session: pytest.Session) -> int:
        """Return pytest's own exit status, the same with and without workers."""
        if self.stopped_after_failures and session.exitstatus == pytest.ExitCode.INTERRUPTED:
            return int(pytest.ExitCode.TESTS_FAILED)
        return int(session.exitstatus)

    def elsewhere(self, session: pytest.Session) -> list[str]:
        """Return what broke outside our items; also a failure of which no report was heard."""
        unheard = session.testsfailed > self._failures
        silent = self.status(session) == 1 and not (self._failures or session.shouldfail)
        if unheard or silent:
            return [*self.broken_elsewhere, "a plugin, which counted a failure without a report"]
        return self.broken_elsewhere

"""Controller side: the run is written down in its store when it begins and when it is finished."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.render.untrusted import terminal_safe

if TYPE_CHECKING:
    from pytest_pet2rep.adapter.reporter import Reporter
    from pytest_pet2rep.run.resume import RunHold

_UNFINISHED = (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)


class RunRegistration:
    """Says which run is taken up, and writes down the end of one that has nothing left to do."""

    def __init__(self, hold: RunHold, reporter: Reporter) -> None:
        self.hold = hold
        self.reporter = reporter

    def pytest_report_header(self) -> list[str]:
        return [self.hold.told] if self.hold.told else []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Write down the end after everything else: what follows a crash is a resume."""
        yield
        summary = self.reporter.summary
        cut_short = session.shouldfail or session.shouldstop or session.exitstatus in _UNFINISHED
        if not cut_short and (summary is None or not summary.holes):
            try:
                self.hold.finish(int(session.exitstatus))
            except StoreError as why:
                self._say(session, str(why))

    def _say(self, session: pytest.Session, problem: str) -> None:
        """An end that could not be written down loses nothing, but nobody should miss it."""
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        terminal = session.config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None:
            terminal.write_line(f"pet2rep: {terminal_safe(problem)}", red=True)

    def pytest_unconfigure(self) -> None:
        self.hold.let_go()

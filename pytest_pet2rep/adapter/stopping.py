"""A run that cannot keep its answers ends at once, with one sentence and exit code 1.

Going on would ask the model for reports that are lost.
"""

from __future__ import annotations

import pytest

from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.render.untrusted import terminal_safe

PROPERTY = "pet2rep_stop"


def store_error_behind(call: pytest.CallInfo[None]) -> StoreError | None:
    """Return the error of the store that made a phase of an item fail, if one did."""
    why = call.excinfo.value if call.excinfo is not None else None
    seen: set[int] = set()
    while why is not None and id(why) not in seen:
        if isinstance(why, StoreError):
            return why
        seen.add(id(why))
        why = why.__cause__ or why.__context__
    return None


def stop_after(item: pytest.Item, report: pytest.TestReport, why: StoreError) -> None:
    """Let this be the last item of its process, and let the controller know why."""
    sentence = f"pet2rep: {terminal_safe(str(why))}"
    item.session.shouldfail = sentence
    report.user_properties = [*report.user_properties, (PROPERTY, sentence)]


class StoreWatch:
    """Controller side: a run that was stopped for its store has failed, it was not interrupted.

    Under xdist a stopped worker interrupts the controller; the exit code is that of a serial run.
    """

    def __init__(self) -> None:
        self.sentence = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        stopped = [str(value) for name, value in report.user_properties if name == PROPERTY]
        if stopped:
            self.sentence = self.sentence or stopped[0]
            report.user_properties = [
                (name, value) for name, value in report.user_properties if name != PROPERTY
            ]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> object:
        if self.sentence and session.exitstatus == pytest.ExitCode.INTERRUPTED:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

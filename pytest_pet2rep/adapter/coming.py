"""In every process that runs items: tells the runtime which reports will be asked for next."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_pet2rep.adapter.desk import repeat_of
from pytest_pet2rep.run.generating import Wanted, WantedName
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.slots import Place
from pytest_pet2rep.types import Case

LOOKS_AT_A_REPORT = frozenset({"pet2rep_desk", "pet2rep_report"})


class ComingReports:
    """Follows the items as they run, and says what comes after the present one.

    A worker has collected all items but runs a part of them, which nobody tells it beforehand.
    At first each gets one stretch of them, all of the same length; so it looks ahead to the end
    of the stretch that it is in.  Reports that another worker makes are left to that one.
    """

    def __init__(self, runtime: Runtime, place: Place, *, all_at_once: bool) -> None:
        self.runtime = runtime
        self.place = place
        self.all_at_once = all_at_once
        self._positions: dict[str, int] = {}
        self._reports: list[Wanted] = []
        """What the items ask for, one after the other; items in a row share a report."""
        self._begun = [0]
        """How many of these reports the items before each position ask for."""
        self._at: WantedName | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the items, and get ready before this worker says that it has collected."""
        if session.config.option.collectonly:
            return
        for position, item in enumerate(session.items):
            self._positions[item.nodeid] = position
            wanted = self._wanted(item)
            if wanted and not (self._reports and self._reports[-1].name == wanted.name):
                self._reports.append(wanted)
            self._begun.append(len(self._reports))
        if self._reports:
            self.runtime.get_ready(self._reports[0])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        wanted = self._wanted(item)
        if wanted is None or wanted.name == self._at:
            return
        self._at = wanted.name
        coming = list({one.name: one for one in self._coming(item)}.values())
        # A run that may end at the next failure does not send what may never be looked at.
        at_once = self.runtime.settings.concurrency
        self.runtime.expect(coming if self.all_at_once else coming[:at_once])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Let arrive what was sent for items that another worker has taken over meanwhile.

        To hang up would be to ask twice.  A run that was ended early hangs up.
        """
        early = session.shouldstop or session.shouldfail or not self.all_at_once
        if not early and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.runtime.settle()

    def _coming(self, item: pytest.Item) -> Sequence[Wanted]:
        here = self._positions.get(item.nodeid)
        if here is None:
            return ()
        own = self._begun[here + 1] - 1
        return self._reports[own : self._begun[self._end_of_stretch(here)]]

    def _end_of_stretch(self, here: int) -> int:
        total, count = len(self._begun) - 1, self.place.count
        stretch = here * count // total
        return -(-(stretch + 1) * total // count)

    def _wanted(self, item: pytest.Item) -> Wanted | None:
        """The report that an item will ask for, ``None`` for an item that asks for none."""
        from pytest_pet2rep.adapter.collect import CaseFile

        if LOOKS_AT_A_REPORT.isdisjoint(getattr(item, "fixturenames", ())):
            return None
        callspec = getattr(item, "callspec", None)
        params = callspec.params if callspec is not None else {}
        case_file = item.getparent(CaseFile)
        case = params.get("pet2rep_case") if case_file is None else case_file.case
        if not isinstance(case, Case):
            return None
        if "pet2rep_control" in params:
            return self._control(case, str(params["pet2rep_control"]))
        return Wanted(case=case, repeat=repeat_of(item))

    def _control(self, case: Case, control: str) -> Wanted:
        from pytest_pet2rep.run.controls import images_for

        return Wanted(case=case, purpose=control, images=images_for(control, self.runtime, case))

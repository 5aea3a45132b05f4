"""In every process that runs items: put the record of an item on its report."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_pet2rep.adapter.state import RECORD
from pytest_pet2rep.adapter.wire import PROPERTY, to_wire


class RecordSender:
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        record = item.stash.get(RECORD, None)
        if record is not None and call.when == "call":
            # A list of its own: what is appended to the item's list would enter JUnit as well.
            report.user_properties = [*report.user_properties, (PROPERTY, to_wire(record))]
        return report

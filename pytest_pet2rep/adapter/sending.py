"""In every process that runs items: put the record of an item on its report."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_pet2rep.adapter.state import RECORD, RUNTIME
from pytest_pet2rep.adapter.stopping import stop_after, store_error_behind
from pytest_pet2rep.adapter.wire import PROPERTY, to_wire
from pytest_pet2rep.adapter.withholding import withhold
from pytest_pet2rep.types import Record


class RecordSender:
    """Hands the record over on the report of the call phase, and a few scalars to JUnit.

    The one place that every report of an item passes: what must stop the run, or may not leave
    this process, is seen to here.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        record = item.stash.get(RECORD, None)
        if record is not None and call.when == "call":
            item.user_properties.extend(junit_properties(record))
        report = yield
        if record is not None and call.when == "call":
            # A list of its own: what is appended to the item's list would enter JUnit as well.
            report.user_properties = [*report.user_properties, (PROPERTY, to_wire(record))]
        unkept = store_error_behind(call)
        if unkept is not None:
            stop_after(item, report, unkept)
        elif item.config.stash[RUNTIME].settings.redact:
            withhold(item, call, report)
        return report


def junit_properties(record: Record) -> list[tuple[str, object]]:
    """Return what JUnit may know of an item: short scalars, never report text."""
    named = [
        ("case", record.case),
        ("check", record.check),
        ("organ", record.organ),
        ("expected_state", "+".join(record.expected)),
        ("generated_state", "+".join(record.generated)),
        ("outcome", str(record.outcome)),
        ("kind", str(record.kind)),
    ]
    return [(name, value) for name, value in named if value]

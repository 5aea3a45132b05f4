"""With --pet2rep-redact: no text of a report in what pytest itself shows of a failed test."""

from __future__ import annotations

import pytest

from pytest_pet2rep.adapter.state import RECORD
from pytest_pet2rep.run.redaction import WITHHELD

_HOLDING_TEXTS = frozenset({"pet2rep_report", "pet2rep_case", "pet2rep_model", "pet2rep_desk"})


def withhold(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Take texts out of the report of a phase of an item: its message and what it printed.

    The message of an item that was settled is redacted already.  A test of the user's own says
    where it failed and with which exception, nothing more.
    """
    if not _HOLDING_TEXTS.intersection(getattr(item, "fixturenames", ())):
        return
    report.sections = []
    if call.excinfo is None or (RECORD in item.stash and _says_a_record(call.excinfo.value)):
        return
    if report.skipped and isinstance(report.longrepr, tuple):
        path, line, _ = report.longrepr
        report.longrepr = (path, line, f"Skipped: {WITHHELD}")
        return
    steps = list(call.excinfo.traceback)
    last = next((step for step in reversed(steps) if step.path == item.path), steps[-1])
    name = call.excinfo.typename
    report.longrepr = f"{last.path}:{last.lineno + 1}: {name} ({WITHHELD})"


def _says_a_record(why: BaseException) -> bool:
    """Say whether an exception is the word of the desk on a record: one without a traceback."""
    if isinstance(why, pytest.fail.Exception):
        return not why.pytrace
    return isinstance(why, pytest.skip.Exception)

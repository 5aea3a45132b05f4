"""The desk on which one case is settled, item by item."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pytest_pet2rep.adapter.state import RECORD
from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.assessment import Assessment
from pytest_pet2rep.run.items import check_record, text_record, uptake_record
from pytest_pet2rep.run.redaction import redacted_record
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.settings import ExpectationMode
from pytest_pet2rep.types import BROKEN, Case, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Settles the items of one case: makes the record, hands it on, fails or shows the item."""

    case: Case
    runtime: Runtime

    def settle_uptake(self, item: pytest.Item, organ: str) -> None:
        """Settle the item of one organ."""
        runtime = self.runtime
        assessed = self._assessed(item)
        self._settle(item, uptake_record(assessed, organ, runtime.profile, runtime.settings))

    def settle_check(self, item: pytest.Item, check: str) -> None:
        """Settle the item of one report check."""
        self._settle(item, check_record(self._assessed(item), check))

    def settle_text(self, item: pytest.Item) -> None:
        """Settle the item that carries what the text metrics need."""
        runtime = self.runtime
        assessed = self._assessed(item)
        metrics = runtime.metrics_for(assessed.language)
        self._settle(item, text_record(assessed, runtime.settings, metrics))

    def settle_control(self, item: pytest.Item, control: str) -> None:
        """Settle the item of one control of one case."""
        from pytest_pet2rep.run.controls import assess_control, control_record

        try:
            controlled = assess_control(self.runtime, self.case, control)
        except StoreError as why:
            pytest.fail(terminal_safe(str(why)), pytrace=False)
        self._settle(item, control_record(control, self._assessed(item), controlled))

    def _assessed(self, item: pytest.Item) -> Assessment:
        try:
            return self.runtime.assess(self.case, repeat_of(item))
        except StoreError as why:  # no answer can be kept: nothing to record, a hole
            pytest.fail(terminal_safe(str(why)), pytrace=False)

    def _settle(self, item: pytest.Item, record: Record) -> None:
        if self.runtime.settings.redact:
            record = redacted_record(record)
        item.stash[RECORD] = record
        if not record.failed:
            return
        shown_only = self.runtime.settings.expectations is ExpectationMode.REPORT
        if shown_only and record.outcome not in BROKEN:
            pytest.skip(terminal_safe(record.reason or str(record.outcome)))
        pytest.fail(failure_text(record), pytrace=False)


def failure_text(record: Record) -> str:
    """Say in at most six lines what went wrong, on what evidence, and where the text lies.

    What a model wrote is shown inert: no control character reaches a terminal.
    """
    lines = [record.reason or str(record.outcome)]
    reference, generated = record.evidence
    if reference:
        lines.append(f"  reference: {reference}")
    if generated:
        lines.append(f"  generated: {generated}")
    if record.where:
        lines.append(f"  report:    {record.where}")
    return "\n".join(terminal_safe(line) for line in lines)


def repeat_of(item: pytest.Item) -> int:
    """Return the epoch that an item belongs to, from 0."""
    callspec = getattr(item, "callspec", None)
    return int(callspec.params.get("pet2rep_repeat", 0)) if callspec is not None else 0

"""Tables and long lines in the terminal: as wide as it is, in ASCII where it can show no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pet2rep.render.screen import Screen
from pytest_pet2rep.render.table import Table, render_table

if TYPE_CHECKING:
    import pytest


def write_table(reporter: pytest.TerminalReporter, table: Table) -> None:
    """Write ``table`` and an empty line."""
    for line in render_table(table, reporter._tw.fullwidth, ascii_only=_ascii_only(reporter)):
        reporter.write_line(line)
    reporter.write_line("")


def write_folded(reporter: pytest.TerminalReporter, text: str) -> None:
    """Write ``text`` on as many lines as it takes; those that go on are set in."""
    screen = Screen(width=reporter._tw.fullwidth, ascii_only=_ascii_only(reporter))
    for line in screen.folded(text):
        reporter.write_line(line)


def _ascii_only(reporter: pytest.TerminalReporter) -> bool:
    encoding = (getattr(reporter._tw._file, "encoding", None) or "utf-8").lower()
    return "utf" not in encoding and "gb" not in encoding

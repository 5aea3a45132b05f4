"""A table in the terminal: as wide as it is, and in ASCII where it can show nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_pet2rep.render.table import Table, render_table

if TYPE_CHECKING:
    import pytest


def write_table(reporter: pytest.TerminalReporter, table: Table) -> None:
    """Write ``table`` and an empty line."""
    encoding = (getattr(reporter._tw._file, "encoding", None) or "utf-8").lower()
    ascii_only = "utf" not in encoding and "gb" not in encoding
    for line in render_table(table, reporter._tw.fullwidth, ascii_only=ascii_only):
        reporter.write_line(line)
    reporter.write_line("")

"""The gates in the terminal: a table, or with ``-q`` a line for each that did not pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_pet2rep.adapter.terminal_table import write_table
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.gates.tables import gate_lines, gate_reasons, gate_table
from pytest_pet2rep.run.verdict import Verdict

if TYPE_CHECKING:
    import pytest

    from pytest_pet2rep.run.gates import GateResult


def show_gates(reporter: pytest.TerminalReporter, results: Sequence[GateResult]) -> None:
    """Write what became of the gates; nothing where none is set."""
    if not results:
        return
    if reporter.config.get_verbosity() < 0:
        for line in gate_lines(results):
            reporter.write_line(terminal_safe(line), red=True)
        return
    passed = all(result.verdict is Verdict.PASS for result in results)
    reporter.section("pet2rep gates", "-", green=passed, red=not passed)
    write_table(reporter, gate_table(results))
    for line in gate_reasons(results):
        reporter.write_line(terminal_safe(line))

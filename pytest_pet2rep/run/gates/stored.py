"""Gates of a stored run, which are plain data, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import UNSCORED
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.run.gates.grammar import Against
from pytest_pet2rep.run.gates.tables import SIGNS, needed_text, observed_text
from pytest_pet2rep.run.metric_values import value_text
from pytest_pet2rep.run.verdict import Verdict


def stored_gate_table(gates: Sequence[Mapping[str, Any]]) -> Table:
    """One row for each gate of a stored run: as in the terminal of the run, with the reason."""
    right = Align.RIGHT
    return Table(
        columns=(
            Column(title="verdict"),
            Column(title="gate", shrink_to=20),
            Column(title="observed", align=right),
            Column(title="bound", align=right),
            Column(title="needed", align=right),
            Column(title="cases", align=right, optional=True),
            Column(title="why", shrink_to=24, optional=True),
        ),
        rows=tuple(
            (
                f"{SIGNS.get(Verdict(gate['verdict']), ' ')} {Verdict(gate['verdict']).words}",
                gate_name(gate),
                gate_observed(gate),
                gate_number(gate, "bound"),
                gate_needed(gate),
                str(gate.get("n") or UNSCORED),
                str(gate.get("reason", "")),
            )
            for gate in gates
        ),
    )


def gate_name(gate: Mapping[str, Any]) -> str:
    """Name a stored gate: its own name, where it has one, and its expression."""
    name, expression = str(gate["name"]), str(gate["expression"])
    return expression if name == expression else f"{name}: {expression}"


def gate_observed(gate: Mapping[str, Any]) -> str:
    """Write what was observed; beside a baseline or a floor both values."""
    if gate.get("value") is None:
        return UNSCORED
    reference, name = gate.get("reference"), str(gate.get("reference_name", ""))
    return observed_text(str(gate["metric"]), gate["value"], reference, name)


def gate_needed(gate: Mapping[str, Any]) -> str:
    """Write the threshold; of a baseline or a floor that of the difference."""
    threshold = gate.get("threshold")
    if threshold is None:
        return UNSCORED
    return needed_text(str(gate["metric"]), str(gate["op"]), threshold, Against(gate["against"]))


def gate_number(gate: Mapping[str, Any], key: str) -> str:
    """Write one number of a stored gate as its metric is written."""
    return value_text(str(gate["metric"]), gate.get(key))

"""Gates as a table for people, for the terminal of a run and for ``pet2rep gate`` alike."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import UNSCORED
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.run.gates import Gate, GateResult
from pytest_pet2rep.run.gates.grammar import Against
from pytest_pet2rep.run.metric_values import value_text
from pytest_pet2rep.run.verdict import Verdict

SIGNS = {
    Verdict.PASS: "+",
    Verdict.FAIL: "x",
    Verdict.UNDECIDED: "?",
    Verdict.NOT_MEASURED: "-",
    Verdict.DEFERRED: ".",
}
RIGHT = Align.RIGHT


def gate_table(results: Sequence[GateResult]) -> Table:
    """One row for each gate: verdict, what was observed, the bound, what is needed, and n."""
    return Table(
        columns=(
            Column(title="verdict"),
            Column(title="gate", shrink_to=20),
            Column(title="observed", align=RIGHT),
            Column(title="bound", align=RIGHT),
            Column(title="needed", align=RIGHT),
            Column(title="cases", align=RIGHT, optional=True),
        ),
        rows=tuple(
            (
                f"{SIGNS.get(result.verdict, ' ')} {result.verdict.words}",
                _named(result.gate),
                observed(result),
                value_text(result.gate.metric, result.bound),
                needed(result.gate),
                str(result.n) if result.n else UNSCORED,
            )
            for result in results
        ),
    )


def gate_reasons(results: Sequence[GateResult]) -> list[str]:
    """Say of each gate why, below the table."""
    return [f"{SIGNS.get(r.verdict, ' ')} {_named(r.gate)}: {r.reason}" for r in results]


def gate_lines(results: Sequence[GateResult]) -> list[str]:
    """Say in one line each which gates did not pass, for ``-q``."""
    return [
        f"pet2rep: gate {result.verdict.words}: {_named(result.gate)} "
        f"(observed {observed(result)}): {result.reason}"
        for result in results
        if result.verdict is not Verdict.PASS
    ]


def observed(result: GateResult) -> str:
    """Write what was observed; beside a baseline or a floor both values."""
    if result.value is None:
        return UNSCORED
    metric = result.gate.metric
    here = value_text(metric, result.value)
    if result.reference is None:
        return here
    return f"{here} against {value_text(metric, result.reference)} ({result.reference_name})"


def needed(gate: Gate) -> str:
    """Write the threshold; of a baseline or a floor that of the difference."""
    if gate.against is Against.ITEMS:
        return "all"
    if gate.against is Against.NUMBER:
        return f"{gate.op} {value_text(gate.metric, gate.value)}"
    sign = "+" if gate.value > 0 else ""
    return f"{gate.op} {sign}{value_text(gate.metric, gate.value)}"


def _named(gate: Gate) -> str:
    return gate.expression if gate.name == gate.expression else f"{gate.name}: {gate.expression}"

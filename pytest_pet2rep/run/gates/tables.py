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
    return observed_text(result.gate.metric, result.value, result.reference, result.reference_name)


def needed(gate: Gate) -> str:
    """Write the threshold; of a baseline or a floor that of the difference."""
    return needed_text(gate.metric, gate.op, gate.value, gate.against)


def observed_text(metric: str, value: float, reference: float | None, name: str) -> str:
    """Write a value of ``metric``, and that of the baseline or floor ``name`` beside it."""
    here = value_text(metric, value)
    return here if reference is None else f"{here} against {value_text(metric, reference)} ({name})"


def needed_text(metric: str, op: str, threshold: float, against: Against) -> str:
    """Write a threshold; a difference from a baseline or a floor has its sign."""
    if against is Against.ITEMS:
        return "all"
    sign = "+" if against is not Against.NUMBER and threshold > 0 else ""
    return f"{op} {sign}{value_text(metric, threshold)}"


def _named(gate: Gate) -> str:
    return gate.expression if gate.name == gate.expression else f"{gate.name}: {gate.expression}"

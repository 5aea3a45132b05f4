"""The plan for people, and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import UNSCORED, count, duration, rate
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.run.gates.grammar import Against
from pytest_pet2rep.run.metric_values import value_text
from pytest_pet2rep.run.planning import POWER, GatePlan
from pytest_pet2rep.run.planning.cost import Cost

SCHEMA = "pet2rep/plan/1"
RIGHT = Align.RIGHT


def plan_table(plans: Sequence[GatePlan]) -> Table:
    """One row for each gate: cases, events, expected, what it sees, its chance, what it takes."""
    return Table(
        columns=(
            Column(title="gate", shrink_to=20),
            Column(title="cases", align=RIGHT),
            Column(title="events", align=RIGHT),
            Column(title="expected", align=RIGHT),
            Column(title=f"sees with {100 * POWER:.0f} %", align=RIGHT),
            Column(title="chance to pass", align=RIGHT),
            Column(title="cases needed", align=RIGHT),
        ),
        rows=tuple(
            (
                plan.gate.expression,
                str(plan.cases),
                UNSCORED if plan.events is None else str(plan.events),
                _value(plan, plan.value),
                "±" + _value(plan, plan.visible) if plan.visible is not None else UNSCORED,
                UNSCORED if plan.chance is None else f"{rate(round(1000 * plan.chance), 1000)} %",
                UNSCORED if plan.needed is None else str(plan.needed),
            )
            for plan in plans
        ),
    )


def plan_notes(plans: Sequence[GatePlan]) -> list[str]:
    """Say of each gate what it rests on, and what no run can do."""
    lines = []
    for plan in plans:
        parts = [*plan.notes, *([f"spread from {plan.basis}"] if plan.basis else [])]
        if parts:
            lines.append(f"{plan.gate.expression}: {'; '.join(parts)}")
    return lines


def cost_line(cost: Cost) -> str:
    """Say how many reports, how long, and what they cost."""
    parts = [f"at most {count(cost.reports, 'report')}"]
    if cost.seconds is None:
        parts.append("time unknown: state --pet2rep-plan-arg=seconds=S or name an earlier run")
    else:
        each = f"{cost.seconds_per_report:.3g} s each ({cost.basis})"
        parts.append(f"{each}, {cost.concurrency} at once: {duration(cost.seconds)}")
    if cost.price is not None:
        parts.append(f"price {cost.price:.2f}")
    return "pet2rep: " + "; ".join(parts)


def plan_plain(plans: Sequence[GatePlan], cost: Cost) -> dict[str, Any]:
    """Return the plan as plain data."""
    return {
        "schema": SCHEMA,
        "gates": [
            {
                "name": plan.gate.name,
                "expression": plan.gate.expression,
                "cases": plan.cases,
                "events": plan.events,
                "expected": plan.value,
                "detectable": plan.visible,
                "power": POWER,
                "chance_to_pass": plan.chance,
                "cases_needed": plan.needed,
                "basis": plan.basis,
                "notes": list(plan.notes),
            }
            for plan in plans
        ],
        "cost": {
            "reports": cost.reports,
            "seconds_per_report": cost.seconds_per_report,
            "concurrency": cost.concurrency,
            "seconds": cost.seconds,
            "price": cost.price,
            "basis": cost.basis,
        },
    }


def _value(plan: GatePlan, value: float | None) -> str:
    if value is None:
        return UNSCORED
    shown = value_text(plan.gate.metric, value)
    signed = plan.gate.against is not Against.NUMBER and value > 0 and value == plan.value
    return f"+{shown}" if signed else shown

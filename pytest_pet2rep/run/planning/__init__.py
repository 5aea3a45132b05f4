"""What a run can show, before it is made: for each gate what it can see on this cohort.

How much a score moves from case to case is taken from an earlier run, else from a value that the
user states, else from the reports of other patients on the same cases (the floor ``shuffled``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.metrics.intervals_power import (
    case_spread,
    cases_needed,
    detectable,
    edge_limit,
    paired_spread,
    power_at,
    rate_spread,
    stated_spread,
)
from pytest_pet2rep.metrics.resampling_statistic import FEWEST_EVENTS, StatisticKind
from pytest_pet2rep.run.gates.grammar import Against

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.resampling_statistic import Statistic
    from pytest_pet2rep.run.gates import Gate
    from pytest_pet2rep.run.gates.judging import Measured

POWER = 0.8
LIKELY = 0.05
"""Below this chance a gate is said not to be able to pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """What the plan rests on beside the cohort."""

    correlation: float = 0.5
    """Between the influence of a case in this run and in the baseline."""
    intraclass: float = 0.2
    """Between the items of a case, where a value is stated and no earlier run is there."""
    expected: Mapping[str, float] | None = None
    """Metric -> the value that the user expects."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GatePlan:
    """What one gate can see."""

    gate: Gate
    cases: int
    """Cases of the cohort that it speaks of."""
    events: int | None
    """Expected events of the least supported class."""
    value: float | None = None
    """Expected value, or expected difference to baseline or floor."""
    basis: str = ""
    """Where spread and expected value come from."""
    visible: float | None = None
    """Smallest true distance from the threshold that is decided with 80 % power."""
    chance: float | None = None
    """Chance to pass if the expected value is true."""
    needed: int | None = None
    """Cases that it takes to pass with 80 % power, if the expected value is true."""
    notes: tuple[str, ...] = ()

    @property
    def hopeless(self) -> bool:
        """It can neither pass nor fail on this cohort."""
        return any(note.startswith("can neither") for note in self.notes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What is known of the cohort, and of runs on it."""

    cohort: Measured
    """Records of the floor ``shuffled``: every case and its expectations, whatever the model."""
    floors: Mapping[str, Measured]
    before: Measured | None = None
    """An earlier run."""
    before_name: str = ""


def plan_gates(
    gates: Sequence[Gate], ground: Ground, assumptions: Assumptions
) -> tuple[GatePlan, ...]:
    """Return what each gate can see."""
    return tuple(_planned(gate, ground, assumptions) for gate in gates)


def assumptions_of(arguments: Mapping[str, str], metrics: Sequence[str]) -> Assumptions:
    """Read ``correlation``, ``intraclass`` and ``METRIC=VALUE``; other keys are not ours.

    Raises ``UsageProblem`` for a value outside its range, ``UnknownName`` for an unknown key.
    """
    found: dict[str, float] = {}
    known = {"correlation", "intraclass", "seconds", "price", "concurrency", *metrics}
    for key, text in arguments.items():
        if key not in known:
            raise UnknownName("argument of --pet2rep-plan-arg", key, known)
        found[key] = _number(key, text)
    for key in ("correlation", "intraclass"):
        if not 0 <= found.get(key, 0.0) <= 1:
            raise UsageProblem(f"--pet2rep-plan-arg={key}={found[key]:g}: between 0 and 1")
    usual = Assumptions()
    return Assumptions(
        correlation=found.get("correlation", usual.correlation),
        intraclass=found.get("intraclass", usual.intraclass),
        expected={name: value for name, value in found.items() if name in metrics},
    )


def _number(key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageProblem(f"--pet2rep-plan-arg={key}={text}: needs a number")
    return value


def _planned(gate: Gate, ground: Ground, assumptions: Assumptions) -> GatePlan:
    if gate.against is Against.ITEMS:
        cases = len({case for case, _ in gate.items})
        return GatePlan(gate=gate, cases=cases, events=None, notes=("judged as observed",))
    cohort = ground.cohort.statistic(gate)
    plan = GatePlan(gate=gate, cases=len(cohort.cases), events=cohort.events)
    if gate.kind is StatisticKind.OPERATIONAL:
        return replace(plan, notes=(_allowance(gate, plan.cases),))
    if cohort.events is not None and cohort.events < FEWEST_EVENTS:
        note = f"can neither pass nor fail: {cohort.events} expected events, {FEWEST_EVENTS} needed"
        share = FEWEST_EVENTS / cohort.events if cohort.events else math.inf
        needed = math.ceil(plan.cases * share) if math.isfinite(share) else None
        return replace(plan, needed=needed, notes=(note,))
    return _with_power(plan, cohort, ground, assumptions)


def _allowance(gate: Gate, cases: int) -> str:
    if gate.against is Against.NUMBER and gate.metric in ("error_rate", "refusal_rate"):
        return f"judged as observed: up to {math.floor(gate.value * cases + 1e-9)} of {cases} cases"
    return "judged as observed"


def _with_power(
    plan: GatePlan, cohort: Statistic, ground: Ground, assumptions: Assumptions
) -> GatePlan:
    gate = plan.gate
    spread, value, basis = _spread(gate, cohort, ground, assumptions)
    if not math.isfinite(spread) or spread <= 0:
        return replace(plan, basis=basis, notes=("no spread to plan with: name an earlier run",))
    sign = 1.0 if gate.at_least else -1.0
    visible = detectable(spread, plan.cases, power=POWER, confidence=gate.confidence)
    plan = replace(plan, basis=basis, visible=visible, notes=_limits(gate, cohort))
    if value is None:
        return plan
    distance = sign * (value - gate.value)
    return replace(
        plan,
        value=value,
        chance=power_at(spread, plan.cases, distance, confidence=gate.confidence),
        needed=cases_needed(spread, distance, power=POWER, confidence=gate.confidence)
        if distance > 0
        else None,
    )


def _spread(
    gate: Gate, cohort: Statistic, ground: Ground, assumptions: Assumptions
) -> tuple[float, float | None, str]:
    """Return the spread of what the gate judges, its expected value, and where both come from."""
    alone, value, basis = _spread_alone(gate, cohort, ground, assumptions)
    if gate.against is Against.NUMBER:
        return alone, value, basis
    if gate.against is Against.BASELINE:
        correlated = f"{basis}, correlation {assumptions.correlation:g} (stated)"
        return stated_spread(alone, assumptions.correlation), 0.0, correlated
    names = [gate.floor] if gate.floor else list(ground.floors)
    if ground.before is None or not names:
        return stated_spread(alone, 0.0), None, f"{basis}, no correlation with the floor"
    mine = ground.before.statistic(gate)
    floors = [ground.floors[name].statistic(gate) for name in names]
    sign = 1.0 if gate.at_least else -1.0
    best = max(floors, key=lambda floor: sign * floor.observed)
    return paired_spread(mine, best), mine.observed - best.observed, ground.before_name


def _spread_alone(
    gate: Gate, cohort: Statistic, ground: Ground, assumptions: Assumptions
) -> tuple[float, float | None, str]:
    stated = (assumptions.expected or {}).get(gate.metric)
    if ground.before is not None:
        before = ground.before.statistic(gate)
        spread = case_spread(before)
        if math.isfinite(spread) and spread > 0:
            return spread, before.observed if stated is None else stated, ground.before_name
    if stated is not None and cohort.rate:
        spread = rate_spread(
            stated, per_case=_items_per_case(cohort), correlation=assumptions.intraclass
        )
        return spread, stated, f"stated, intraclass correlation {assumptions.intraclass:g}"
    return case_spread(cohort), stated, "reports of other patients (shuffled)"


def _items_per_case(cohort: Statistic) -> float:
    """Return the mean number of items of a case; the sums of a rate begin with (events, of)."""
    return max(float(cohort.sums[:, 1].mean()), 1e-9)


def _limits(gate: Gate, cohort: Statistic) -> tuple[str, ...]:
    """Say which verdict no run on this cohort can get, however good or bad it is."""
    cases, bounds, confidence = len(cohort.cases), cohort.bounds, gate.confidence
    if not all(map(math.isfinite, bounds)):
        return ()
    highest = edge_limit(cases, side="lower", bounds=bounds, confidence=confidence)
    lowest = edge_limit(cases, side="upper", bounds=bounds, confidence=confidence)
    if gate.against is not Against.NUMBER:
        width = bounds[1] - highest
        if gate.against is Against.BASELINE and abs(gate.value) < width and _allows_worse(gate):
            return (f"an equal run cannot pass: with {cases} cases a margin of {width:.3f} can",)
        return ()
    at_least = gate.at_least
    can_pass = gate.value <= highest if at_least else gate.value >= lowest
    can_fail = gate.value > lowest if at_least else gate.value < highest
    if not can_pass and not can_fail:
        return ("can neither pass nor fail: too few cases for this threshold",)
    if not can_pass:
        best = highest if at_least else lowest
        return (f"cannot pass: even a perfect run is bounded by {best:.3f}",)
    return () if can_fail else ("cannot fail: no run is surely on the other side",)


def _allows_worse(gate: Gate) -> bool:
    return gate.value <= 0 if gate.at_least else gate.value >= 0

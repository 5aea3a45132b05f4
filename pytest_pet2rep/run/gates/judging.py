"""Judging gates on records: pass, fail, undecided, or not measured.

Operational facts are judged as observed.  An estimate passes where its one-sided bound on the bad
side clears the threshold, fails where the bound on the good side does not reach it, and is
undecided in between: the cases cannot tell.  The same for differences to a baseline or a floor, on
the cases that both have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.metrics.resampling_statistic import StatisticKind
from pytest_pet2rep.run.gates import Gate, GateResult
from pytest_pet2rep.run.gates.checking import FLOOR_NAMES
from pytest_pet2rep.run.gates.family import Claims, by_family
from pytest_pet2rep.run.gates.grammar import Against
from pytest_pet2rep.run.items import CHECK, TEXT, UPTAKE
from pytest_pet2rep.run.verdict import Verdict
from pytest_pet2rep.types import Record

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.resampling import Bound, Difference, Side, Statistic
    from pytest_pet2rep.run.estimands import Estimands
    from pytest_pet2rep.run.scoreboard import Scoring

NO_BASELINE_YET = "there is no baseline yet: this gate counts from the next run on"


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The records of one run, and the statistics that are made from them."""

    records: Sequence[Record]
    estimands: Estimands
    name: str = ""

    def statistic(self, gate: Gate) -> Statistic:
        """Return what the gate speaks of.  Raises ``UsageProblem`` where the run lacks it."""
        return self.estimands.of(gate.metric, gate.slice)


def measured(records: Sequence[Record], scoring: Scoring, name: str = "") -> Measured:
    """Take the scored records of a run; those of controls are none of its results."""
    from pytest_pet2rep.run.estimands import Estimands

    scored = [r for r in records if r.check in (UPTAKE, TEXT) or r.check.startswith(CHECK)]
    return Measured(records=scored, estimands=Estimands(scored, scoring), name=name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Everything that gates are judged on."""

    run: Measured
    baseline: Measured | None = None
    floors: Callable[[], Mapping[str, Measured]] = dict
    """Floor name -> its records on the same items; asked only where a gate speaks of floors."""
    seed: int = 0


def judge_gates(gates: Sequence[Gate], evidence: Evidence) -> tuple[GateResult, ...]:
    """Judge every gate, then the families together; the order of ``gates`` is kept."""
    results = [_judged(gate, evidence) for gate in gates]
    reliable = {result.gate.name: not result.unreliable for result in results}
    return by_family(results, lambda gate: _claims(gate, evidence) if reliable[gate.name] else None)


def not_measured(gate: Gate, reason: str) -> GateResult:
    """Return the result of a gate that says nothing: the run is not whole."""
    return GateResult(gate=gate, verdict=Verdict.NOT_MEASURED, reason=reason)


def observed_only(gates: Sequence[Gate], evidence: Evidence, reason: str) -> list[GateResult]:
    """Return the gates of a run that is not whole: what was observed, and no verdict on it."""
    results = []
    for gate in gates:
        result = not_measured(gate, reason)
        if gate.against is not Against.ITEMS:
            try:
                value = evidence.run.statistic(gate).observed
            except UsageProblem:
                value = math.nan
            result = replace(result, value=None if math.isnan(value) else value)
        results.append(result)
    return results


def _judged(gate: Gate, evidence: Evidence) -> GateResult:
    if gate.against is Against.ITEMS:
        return _must_pass(gate, evidence.run.records)
    try:
        statistic = evidence.run.statistic(gate)
        if math.isnan(statistic.observed):
            return not_measured(gate, f"{statistic.name} is unscored: nothing to compute it from")
        if gate.against is Against.NUMBER:
            return _against_number(gate, statistic, evidence.seed)
        if gate.against is Against.FLOOR:
            return _against_floors(gate, statistic, evidence)
        if evidence.baseline is None:
            return GateResult(gate=gate, verdict=Verdict.DEFERRED, reason=NO_BASELINE_YET,
                              value=statistic.observed, n=len(statistic.cases))  # fmt: skip
        return _against_run(gate, statistic, evidence.baseline, evidence.seed)
    except UsageProblem as why:
        return not_measured(gate, str(why))


def _must_pass(gate: Gate, records: Sequence[Record]) -> GateResult:
    """Every record of the named items passes in ``strict`` terms; a missing one is no pass."""
    found: dict[tuple[str, str], list[Record]] = {item: [] for item in gate.items}
    for record in records:
        if record.check == UPTAKE and (record.case, record.organ) in found:
            found[record.case, record.organ].append(record)
    missing = [item for item, mine in found.items() if not mine]
    if missing:
        return not_measured(gate, f"no result for {_named(missing)}")
    failed = [item for item, mine in found.items() if any(r.failed for r in mine)]
    share = (len(found) - len(failed)) / len(found)
    return GateResult(
        gate=gate,
        verdict=Verdict.FAIL if failed else Verdict.PASS,
        reason=f"did not pass: {_named(failed)}" if failed else "all passed",
        value=share,
        n=len({case for case, _ in gate.items}),
        method="observed",
    )


def _named(items: Sequence[tuple[str, str]]) -> str:
    shown = ", ".join(f"{case} {organ}" for case, organ in items[:3])
    return f"{shown} and {len(items) - 3} more" if len(items) > 3 else shown


def _against_number(gate: Gate, statistic: Statistic, seed: int) -> GateResult:
    from pytest_pet2rep.metrics.resampling import bound, interval

    start = GateResult(
        gate=gate,
        verdict=Verdict.UNDECIDED,
        reason="",
        value=statistic.observed,
        n=len(statistic.cases),
        events=statistic.events,
    )
    if gate.kind is StatisticKind.OPERATIONAL:
        return _as_observed(start, statistic.observed)
    bad, good = (
        bound(statistic, side, confidence=gate.confidence, seed=seed) for side in _sides(gate)
    )
    both = interval(statistic, seed=seed)
    start = replace(start, interval=_limits(both.low, both.high))
    return _on_bounds(start, bad, good)


def _as_observed(start: GateResult, value: float, pairs: bool = False) -> GateResult:
    passed = _clears(start.gate, value)
    what = "difference" if pairs else "value"
    return replace(
        start,
        verdict=Verdict.PASS if passed else Verdict.FAIL,
        reason=f"the observed {what} decides",
        method="observed",
    )


def _against_run(gate: Gate, statistic: Statistic, other: Measured, seed: int) -> GateResult:
    reference = other.statistic(gate)
    difference = _difference(gate, statistic, reference, seed)
    if isinstance(difference, str):
        return not_measured(gate, f"{other.name}: {difference}")
    common = set(statistic.cases) & set(reference.cases)
    start = GateResult(
        gate=gate,
        verdict=Verdict.UNDECIDED,
        reason="",
        value=_observed_on(statistic, common),
        reference=_observed_on(reference, common),
        reference_name=other.name,
        interval=_limits(difference.interval.low, difference.interval.high),
        n=difference.n_common,
        events=difference.lower.events,
    )
    if gate.kind is StatisticKind.OPERATIONAL:
        result = _as_observed(replace(start, interval=None), difference.value, pairs=True)
    else:
        bad, good = _bad_and_good(gate, difference)
        result = _on_bounds(start, bad, good)
    apart = len(difference.only_here) + len(difference.only_there)
    if not apart:
        return result
    return replace(
        result, reason=f"{result.reason}; {difference.n_common} common cases, {apart} in one only"
    )


def _difference(
    gate: Gate, statistic: Statistic, reference: Statistic, seed: int, confidence: float = 0.0
) -> Difference | str:
    """Return the paired difference, or why there is none."""
    from pytest_pet2rep.metrics.resampling import paired_difference

    if not set(statistic.cases) & set(reference.cases):
        return "no case in common"
    found = paired_difference(
        statistic, reference, confidence=confidence or gate.confidence, seed=seed
    )
    if math.isnan(found.value):
        return f"{statistic.name} is unscored on the common cases"
    return found


def _observed_on(statistic: Statistic, cases: set[str]) -> float | None:
    rows = [at for at, case in enumerate(statistic.cases) if case in cases]
    value = float(statistic.value(statistic.sums[rows].sum(axis=0)))
    return None if math.isnan(value) else value


def _against_floors(gate: Gate, statistic: Statistic, evidence: Evidence) -> GateResult:
    """Better than every floor by the number; it fails where it surely is not over one of them.

    To pass, each comparison must (no correction is needed: all have to hold); to fail, one must,
    at a confidence that is shared between them.
    """
    floors = evidence.floors()
    names = [gate.floor] if gate.floor else FLOOR_NAMES
    for name in names:
        if name not in floors:
            return not_measured(gate, f"the records of the floor {name} are not there")
        if missing := _items(evidence.run) - _items(floors[name]):
            return not_measured(gate, f"the floor {name} has no result of {len(missing)} items")
    results = [
        _against_floor(gate, statistic, floors[name], len(names), evidence.seed) for name in names
    ]
    order = (Verdict.NOT_MEASURED, Verdict.FAIL, Verdict.UNDECIDED, Verdict.PASS)
    sign = 1 if gate.at_least else -1
    return min(results, key=lambda r: (order.index(r.verdict), sign * (r.difference or 0.0)))


def _items(of: Measured) -> set[tuple[str, int, str, str]]:
    """Return the items that floors are scored on."""
    return {(r.case, r.repeat, r.check, r.organ) for r in of.records if r.check in (UPTAKE, TEXT)}


def _against_floor(
    gate: Gate, statistic: Statistic, floor: Measured, floors: int, seed: int
) -> GateResult:
    result = _against_run(gate, statistic, floor, seed)
    if floors == 1 or result.verdict is not Verdict.FAIL:
        return result
    shared = 1 - (1 - gate.confidence) / floors
    stricter = replace(gate, confidence=shared)
    again = _against_run(stricter, statistic, floor, seed)
    return replace(again, gate=gate)


def _on_bounds(start: GateResult, bad: Bound, good: Bound) -> GateResult:
    """Give the verdict: ``bad`` bounds the score on its bad side, ``good`` on its good side."""
    gate = start.gate
    result = replace(start, method=bad.method, bound=_finite(bad.limit))
    if not (bad.reliable and good.reliable):
        reason = bad.reason or good.reason or "too little to resample"
        return replace(result, reason=reason, unreliable=True)
    if _clears(gate, bad.limit):
        return replace(result, verdict=Verdict.PASS, reason=f"{_limit(bad)} clears it")
    if not _clears(gate, good.limit):
        return replace(
            result,
            verdict=Verdict.FAIL,
            bound=_finite(good.limit),
            method=good.method,
            reason=f"even {_limit(good)} does not reach it",
        )
    return replace(result, reason=f"the {_percent(bad.confidence)} bounds lie on both sides of it")


def _claims(gate: Gate, evidence: Evidence) -> Claims | None:
    """Return the p-values of "it passes" and "it fails"; over all floors, of each one."""
    from pytest_pet2rep.metrics.resampling import p_value
    from pytest_pet2rep.metrics.resampling_statistic import difference

    statistic = evidence.run.statistic(gate)
    others = _others(gate, evidence)
    compared = [difference(statistic, other.statistic(gate)) for other in others] or [statistic]
    bad, good = _sides(gate)
    passes, fails = (
        [p_value(each, gate.value, side, seed=evidence.seed) for each in compared]
        for side in (bad, good)
    )
    return Claims(passes=max(passes), fails=min(1.0, len(fails) * min(fails)))


def _others(gate: Gate, evidence: Evidence) -> list[Measured]:
    if gate.against is Against.BASELINE:
        return [evidence.baseline] if evidence.baseline else []
    if gate.against is Against.NUMBER:
        return []
    floors = evidence.floors()
    return [floors[name] for name in ([gate.floor] if gate.floor else floors) if name in floors]


def _sides(gate: Gate) -> tuple[Side, Side]:
    return ("lower", "upper") if gate.at_least else ("upper", "lower")


def _bad_and_good(gate: Gate, difference: Difference) -> tuple[Bound, Bound]:
    pair = (difference.lower, difference.upper)
    return pair if gate.at_least else (pair[1], pair[0])


def _clears(gate: Gate, value: float) -> bool:
    """Say whether ``value`` is on the good side; the last bits of the arithmetic do not decide."""
    slack = 1e-12 * max(1.0, abs(gate.value))
    return value >= gate.value - slack if gate.at_least else value <= gate.value + slack


def _limit(bound: Bound) -> str:
    return f"the {bound.side} {_percent(bound.confidence)} bound"


def _percent(confidence: float) -> str:
    return f"{100 * confidence:.4g} %"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _limits(low: float, high: float) -> tuple[float, float] | None:
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None

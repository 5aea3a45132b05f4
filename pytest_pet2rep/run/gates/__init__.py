"""Gates as data: what is demanded of a run, and what became of each demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_pet2rep.metrics.resampling_statistic import StatisticKind
from pytest_pet2rep.run.gates.grammar import Against, Op
from pytest_pet2rep.run.slices import EVERYTHING, Slice
from pytest_pet2rep.run.verdict import Undecided, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One demand, its metric and slice known to exist."""

    name: str
    """Name of its table in ``pyproject.toml``, else its expression."""
    expression: str
    """In the canonical spelling."""
    metric: str
    slice: Slice = EVERYTHING
    op: Op
    against: Against
    value: float
    """Threshold, or what is added to the baseline or the floor; 0..1 for rates and text."""
    floor: str = ""
    """One floor; empty: better than every one of them."""
    items: tuple[tuple[str, str], ...] = ()
    """(case, organ) of ``must_pass``."""
    kind: StatisticKind
    confidence: float
    """Of the one-sided bound, 0.5 to 1."""
    family: str = ""
    """Gates of one family share the error rate (Holm)."""

    @property
    def at_least(self) -> bool:
        """Higher is better."""
        return self.op is Op.AT_LEAST


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """What became of one gate."""

    gate: Gate
    verdict: Verdict
    reason: str
    """Why it is not a pass; for a pass what it rests on."""
    value: float | None = None
    """Observed, in this run."""
    reference: float | None = None
    """Observed in the baseline or the floor; ``None`` for a gate on a number."""
    reference_name: str = ""
    bound: float | None = None
    """One-sided limit that the verdict rests on: of the value, or of the difference."""
    interval: tuple[float, float] | None = None
    """Two-sided 95 % limits of the value, or of the difference; for reading only."""
    n: int = 0
    """Cases that it is judged on."""
    events: int | None = None
    """Expected events of the least supported class; ``None`` where no class enters."""
    unreliable: bool = False
    """Too little to resample: no verdict can come of it."""
    method: str = ""
    """``observed`` for an operational fact, else how the limits were made."""
    adjusted_p: float | None = None
    """Holm-adjusted, for gates of a family."""

    @property
    def difference(self) -> float | None:
        """Observed value minus that of the baseline or the floor."""
        if self.value is None or self.reference is None:
            return None
        return self.value - self.reference


def gate_plain(result: GateResult, undecided: Undecided = Undecided.FAIL) -> Mapping[str, object]:
    """Return a result as plain data, for JSON; ``undecided`` is the policy of the run."""
    gate = result.gate
    return {
        "name": gate.name,
        "expression": gate.expression,
        "metric": gate.metric,
        "slice": gate.slice.text,
        "op": str(gate.op),
        "against": str(gate.against),
        "threshold": gate.value,
        "kind": str(gate.kind),
        "confidence": gate.confidence,
        "family": gate.family,
        "verdict": str(result.verdict),
        "reason": result.reason,
        "undecided": str(undecided),
        "value": result.value,
        "reference": result.reference,
        "reference_name": result.reference_name,
        "difference": result.difference,
        "bound": result.bound,
        "interval": list(result.interval) if result.interval else None,
        "n": result.n,
        "events": result.events,
        "method": result.method,
        "adjusted_p": result.adjusted_p,
    }

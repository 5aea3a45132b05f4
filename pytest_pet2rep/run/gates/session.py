"""The gates of a run under way: checked before the first report, judged after the last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.run.card import run_card, run_languages, run_scoring
from pytest_pet2rep.run.comparability import require_comparable
from pytest_pet2rep.run.compare import without_changed_cases
from pytest_pet2rep.run.gates import GateResult
from pytest_pet2rep.run.gates.checking import check_baseline, checked_gates
from pytest_pet2rep.run.gates.judging import (
    Evidence,
    Measured,
    judge_gates,
    measured,
    observed_only,
)
from pytest_pet2rep.run.items import CHECK, TEXT, UPTAKE, items_per_case
from pytest_pet2rep.run.verdict import Verdict

if TYPE_CHECKING:
    from pytest_pet2rep.run.gates import Gate
    from pytest_pet2rep.run.gates.reading import Gating
    from pytest_pet2rep.run.plan import PlannedItem
    from pytest_pet2rep.run.runfiles import RunData
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.types import Record

DEFERRED = "deferred to merge"
"""Why a shard judges no gate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSession:
    """The gates that a run is to pass, bound to its cohort."""

    gates: tuple[Gate, ...]
    runtime: Runtime
    baseline: RunData | None = None
    baseline_name: str = ""
    allowed: Collection[str] = ()
    """Differences to the baseline that are accepted, by name."""

    def check_comparable(self, card: Mapping[str, Any]) -> None:
        """Check the whole card, now that it is known how images were made.

        Raises ``UsageProblem``.
        """
        if self.baseline is not None:
            require_comparable(card, self.baseline.card, allowed=self.allowed)

    def judge(self, records: Sequence[Record], *, incomplete: str = "") -> tuple[GateResult, ...]:
        """Judge the gates on ``records``; of an incomplete run only say what was observed."""
        if not self.gates:
            return ()
        if incomplete == DEFERRED:
            return tuple(
                GateResult(gate=gate, verdict=Verdict.DEFERRED, reason=DEFERRED)
                for gate in self.gates
            )
        evidence = self._evidence(records)
        if incomplete or not records:
            return tuple(observed_only(self.gates, evidence, incomplete or "no result"))
        return judge_gates(self.gates, evidence)

    def _evidence(self, records: Sequence[Record]) -> Evidence:
        scoring = run_scoring(self.runtime, run_languages(self.runtime))

        def floors() -> Mapping[str, Measured]:
            from pytest_pet2rep.run.floors import floor_records

            return {
                name: measured(found, scoring, name)
                for name, found in floor_records(self.runtime, records).items()
            }

        return Evidence(
            run=measured(records, scoring),
            baseline=measured_baseline(self.baseline, self.baseline_name),
            floors=floors,
        )


def gate_session(
    gating: Gating,
    runtime: Runtime,
    *,
    baseline: RunData | None,
    baseline_name: str,
    allowed: Collection[str] = (),
) -> GateSession:
    """Check the gates of a run, and that the baseline may be compared with it.

    Raises ``UsageProblem`` for a gate that cannot be measured, and for a difference that matters.
    """
    if baseline is not None:
        card = run_card(runtime)
        require_comparable(card, baseline.card, allowed=allowed, skip=("preprocessing",))
        baseline = without_changed_cases(baseline, card)
    gates = checked_gates(gating, runtime, has_baseline=bool(baseline_name))
    if baseline is not None:
        check_baseline(gates, baseline, baseline_name)
    return GateSession(
        gates=gates,
        runtime=runtime,
        baseline=baseline,
        baseline_name=baseline_name,
        allowed=allowed,
    )


def measured_baseline(baseline: RunData | None, name: str) -> Measured | None:
    """Return the records of a stored run and what they are scored with."""
    if baseline is None:
        return None
    from pytest_pet2rep.run.runfiles import scoring_of

    return measured(baseline.records, scoring_of(baseline), name)


def left_out(runtime: Runtime, planned: Collection[PlannedItem]) -> int:
    """Count the items of the cohort (of its shard) that the run did not plan."""
    settings, cohort = runtime.settings, runtime.cohort
    files = cohort.case_files if settings.shard is None else settings.shard.of(cohort.case_files)
    whole = len(files) * items_per_case(runtime.profile) * settings.epochs
    scored = sum(
        item.check in (UPTAKE, TEXT) or item.check.startswith(f"{CHECK}:") for item in set(planned)
    )
    return max(0, whole - scored)

"""The gates of a run under way: checked before the first report, judged after the last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_pet2rep.run.gates_checking import checked_gates
from pytest_pet2rep.run.gates_judging import Evidence, Measured, judge_gates, observed_only
from pytest_pet2rep.run.items import CHECK, TEXT, UPTAKE, items_per_case
from pytest_pet2rep.types import Language

if TYPE_CHECKING:
    from pytest_pet2rep.run.gates import Gate, GateResult
    from pytest_pet2rep.run.gates_reading import Gating
    from pytest_pet2rep.run.plan import PlannedItem
    from pytest_pet2rep.run.runfiles import RunData
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.run.scoreboard import Scoring
    from pytest_pet2rep.types import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSession:
    """The gates that a run is to pass, bound to its cohort."""

    gates: tuple[Gate, ...]
    runtime: Runtime
    baseline: RunData | None = None
    baseline_name: str = ""
    allowed: Collection[str] = ()
    """Differences to the baseline that are accepted, by name."""

    def judge(self, records: Sequence[Record], *, incomplete: str = "") -> tuple[GateResult, ...]:
        """Judge the gates on ``records``; of an incomplete run only say what was observed."""
        if not self.gates:
            return ()
        evidence = self._evidence(records)
        if incomplete or not records:
            return tuple(observed_only(self.gates, evidence, incomplete or "no result"))
        return judge_gates(self.gates, evidence)

    def _evidence(self, records: Sequence[Record]) -> Evidence:
        scoring = _scoring(self.runtime, records)

        def floors() -> Mapping[str, Measured]:
            from pytest_pet2rep.run.floors import floor_records

            return {
                name: Measured(records=found, scoring=scoring, name=name)
                for name, found in floor_records(self.runtime, records).items()
            }

        return Evidence(
            run=Measured(records=records, scoring=scoring),
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
    """Check the gates of a run.  Raises ``UsageProblem`` for one that cannot be measured."""
    return GateSession(
        gates=checked_gates(gating, runtime, has_baseline=bool(baseline_name)),
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

    return Measured(records=baseline.records, scoring=scoring_of(baseline), name=name)


def _scoring(runtime: Runtime, records: Sequence[Record]) -> Scoring:
    from pytest_pet2rep.findings.reader import EXTRACTOR
    from pytest_pet2rep.run.scoreboard import Scoring
    from pytest_pet2rep.run.text_metrics import cleaning_label

    languages = sorted({Language(record.facts["language"]) for record in records})
    return Scoring(
        profile=runtime.profile,
        section=runtime.settings.section,
        extractor=EXTRACTOR,
        cleaning=cleaning_label(runtime.settings),
        metrics={language: runtime.metrics_for(language) for language in languages},
    )


def left_out(runtime: Runtime, planned: Collection[PlannedItem]) -> int:
    """Count the items of the cohort (of its shard) that the run did not plan."""
    settings, cohort = runtime.settings, runtime.cohort
    files = cohort.case_files if settings.shard is None else settings.shard.of(cohort.case_files)
    whole = len(files) * items_per_case(runtime.profile) * settings.epochs
    scored = sum(
        item.check in (UPTAKE, TEXT) or item.check.startswith(f"{CHECK}:") for item in set(planned)
    )
    return max(0, whole - scored)

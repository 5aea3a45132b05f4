"""The plan of a run under way: its cohort, its gates and an earlier run, and no report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_pet2rep.run.card import run_languages, run_scoring
from pytest_pet2rep.run.estimands import expected_records
from pytest_pet2rep.run.floors import floor_records
from pytest_pet2rep.run.gates.judging import measured
from pytest_pet2rep.run.gates.session import GateSession, measured_baseline
from pytest_pet2rep.run.items import TEXT
from pytest_pet2rep.run.planning import GatePlan, Ground, assumptions_of, plan_gates
from pytest_pet2rep.run.planning.cost import Cost, run_cost
from pytest_pet2rep.types import Outcome, Record

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What the gates can see, and what the run will take."""

    gates: tuple[GatePlan, ...]
    cost: Cost


def make_plan(runtime: Runtime, session: GateSession, arguments: Mapping[str, str]) -> Plan:
    """Return the plan.  Raises ``UsageProblem`` for an argument that is none."""
    from pytest_pet2rep.run.estimands import known_metrics

    languages = run_languages(runtime)
    scoring = run_scoring(runtime, languages)
    metrics = [metric for each in scoring.metrics.values() for metric in each]
    assumptions = assumptions_of(arguments, tuple(known_metrics(metrics)))
    cases = runtime.cases()
    cost = run_cost(
        runtime.settings,
        cases=len(cases),
        controls=runtime.control_count,
        arguments=arguments,
        before=session.baseline.records if session.baseline else (),
    )
    if not session.gates:
        return Plan(gates=(), cost=cost)
    wanted = expected_records(cases, runtime.profile, runtime.settings)
    texts = {(r.case, str(r.facts["language"])): r for r in wanted}.values()
    wanted += [_text_of(record) for record in texts]
    floors = {
        name: measured(records, scoring, name)
        for name, records in floor_records(runtime, wanted).items()
    }
    ground = Ground(
        cohort=floors["shuffled"],
        floors=floors,
        before=measured_baseline(session.baseline, session.baseline_name),
        before_name=f"the run {session.baseline_name}",
    )
    return Plan(gates=plan_gates(session.gates, ground, assumptions), cost=cost)


def _text_of(record: Record) -> Record:
    return Record(
        cohort=record.cohort,
        case=record.case,
        check=TEXT,
        outcome=Outcome.NOT_RUN,
        facts=record.facts,
    )

"""``pet2rep gate RUN``: judge a stored run, without model, GPU or pytest."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.render.table import render_table
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.baseline_runs import load_baseline
from pytest_pet2rep.run.comparability import checked_names, require_comparable
from pytest_pet2rep.run.compare import without_changed_cases
from pytest_pet2rep.run.error_budget import broken_cases, error_budget
from pytest_pet2rep.run.estimands import known_metrics
from pytest_pet2rep.run.gates import Gate, GateResult, gate_plain
from pytest_pet2rep.run.gates.checking import Measurable, bind_gates, check_baseline
from pytest_pet2rep.run.gates.judging import Evidence, judge_gates, measured, observed_only
from pytest_pet2rep.run.gates.reading import (
    Gating,
    confidence_of,
    gate_specs,
    read_gate_tables,
)
from pytest_pet2rep.run.gates.session import measured_baseline
from pytest_pet2rep.run.gates.tables import gate_reasons, gate_table
from pytest_pet2rep.run.items import UPTAKE
from pytest_pet2rep.run.runfiles import RunData, load_run, scoring_of
from pytest_pet2rep.run.verdict import RunFacts, RunVerdict, Undecided, run_verdict

SCHEMA = "pet2rep/gates/1"


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedRun:
    """What became of a stored run."""

    gates: tuple[GateResult, ...]
    verdict: RunVerdict
    undecided: Undecided = Undecided.FAIL


def gate_stored(options: argparse.Namespace) -> int:
    """Judge ``options.run_path``, print the gates (or JSON), and return the exit code.

    Raises ``UsageProblem`` (exit 4) for a wrong gate, a missing baseline, incomparable runs.
    """
    run = load_run(options.run_path)
    baseline = load_baseline(Path.cwd(), options.baseline) if options.baseline else None
    found = judge_stored(
        run,
        _gating(options, run),
        baseline=baseline,
        baseline_name=options.baseline,
        allowed=checked_names(options.allow_difference),
    )
    if options.json:
        sys.stdout.write(canonical_json(judged_plain(found)))
        return found.verdict.code
    width = shutil.get_terminal_size((100, 24)).columns
    print("\n".join(render_table(gate_table(found.gates), width)))
    print()
    print("\n".join(terminal_safe(line) for line in gate_reasons(found.gates)))
    print(found.verdict.line)
    return found.verdict.code


def judge_stored(
    run: RunData,
    gating: Gating,
    *,
    baseline: RunData | None = None,
    baseline_name: str = "",
    allowed: Collection[str] = (),
) -> JudgedRun:
    """Judge the gates of ``gating`` on a stored run, as the run itself would have.

    Items that failed in ``strict`` mode do not count here: the gates alone decide.
    """
    if baseline is not None:
        option = "--allow-difference"
        require_comparable(run.card, baseline.card, allowed=allowed, option=option)
        baseline = without_changed_cases(baseline, run.card)
    gates = _bound(run, gating, has_baseline=baseline is not None)
    if baseline is not None:
        check_baseline(gates, baseline, baseline_name)
    facts = _facts(run, gating)
    incomplete = run_verdict(facts)
    evidence = _evidence(run, baseline, baseline_name)
    if not (facts.holes or facts.part):
        results = judge_gates(gates, evidence)
    else:
        results = tuple(observed_only(gates, evidence, incomplete.reason))
    return JudgedRun(
        gates=results,
        verdict=run_verdict(_facts(run, gating, results)),
        undecided=gating.undecided,
    )


def judged_plain(found: JudgedRun) -> dict[str, Any]:
    """Return what ``pet2rep gate --json`` prints."""
    return {
        "schema": SCHEMA,
        "gates": [gate_plain(result, found.undecided) for result in found.gates],
        "verdict": str(found.verdict.verdict),
        "exit": {"code": found.verdict.code, "reason": found.verdict.reason},
    }


def _gating(options: argparse.Namespace, run: RunData) -> Gating:
    """Read the gates named here; where there are none, those that the run was made with."""
    names = [name.strip() for name in options.gates.split(",")] if options.gates else None
    tables = read_gate_tables(options.config)
    specs = gate_specs(options.gate, tables, names)
    if not specs:
        specs = gate_specs([], {str(gate["name"]): _as_table(gate) for gate in run.gates})
    if not specs:
        raise UsageProblem(
            f"there is no gate to judge {options.run_path} by: name one with --gate EXPR, or write "
            f"tables [tool.pet2rep.gates.NAME] in {options.config}"
        )
    budget = options.fail_on_error
    return Gating(
        specs=specs,
        confidence=confidence_of(options.confidence, "--confidence"),
        undecided=Undecided(options.undecided),
        stated_budget=error_budget(budget) if budget else None,
    )


def _as_table(gate: Mapping[str, Any]) -> dict[str, Any]:
    table = {"expr": gate["expression"], "confidence": gate["confidence"]}
    return table | ({"family": gate["family"]} if gate.get("family") else {})


def _bound(run: RunData, gating: Gating, *, has_baseline: bool) -> tuple[Gate, ...]:
    from pytest_pet2rep.metrics.registry import text_metric_names

    scoring = scoring_of(run)
    metrics = [metric for each in scoring.metrics.values() for metric in each]
    measurable = Measurable(
        metrics=known_metrics(metrics),
        organs=tuple(organ.id for organ in run.profile.organs),
        expected=[record for record in run.records if record.check == UPTAKE],
        has_baseline=has_baseline,
        more_metrics=text_metric_names(),
        add_metric="run `pet2rep score` with it first",
        name_baseline="--baseline RUN",
    )
    return bind_gates(gating.specs, measurable, confidence=gating.confidence)


def _evidence(run: RunData, baseline: RunData | None, name: str) -> Evidence:
    scoring = scoring_of(run)
    return Evidence(
        run=measured(run.records, scoring),
        baseline=measured_baseline(baseline, name),
        floors=lambda: {
            floor: measured(records, scoring, floor) for floor, records in run.floors.items()
        },
    )


def _facts(run: RunData, gating: Gating, results: tuple[GateResult, ...] = ()) -> RunFacts:
    return RunFacts(
        gates=tuple(result.verdict for result in results),
        gates_set=True,
        undecided=gating.undecided,
        planned=len(run.planned),
        holes=len(run.holes),
        part=_part(run),
        broken_cases=broken_cases(run.records),
        cases=len({(record.case, record.repeat) for record in run.records}),
        budget=gating.budget,
    )


def _part(run: RunData) -> str:
    """Say which part of the cohort is not in the run; empty for a whole one."""
    if run.shards is not None:
        missing = ", ".join(map(str, run.shards.missing[:5]))
        return f"of {run.shards.count} shards these are missing: {missing}"
    if run.complete or run.holes:
        return ""
    return "it is a part of its cohort"

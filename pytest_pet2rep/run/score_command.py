"""``pet2rep score FILE|RUN``: scores of stored outputs, or of a stored run, at once."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_pet2rep.cohorts.pairs import PairFields, read_pairs
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.render.table import render_table
from pytest_pet2rep.run.metric_options import metric_arguments, metric_names
from pytest_pet2rep.run.pair_scoring import PairScores, PairToScore, pair_settings, score_stream
from pytest_pet2rep.run.summary_json import pairs_json
from pytest_pet2rep.run.summary_tables import (
    coverage_line,
    outcome_line,
    reference_coverage_table,
    score_table,
)
from pytest_pet2rep.types import Record


def score_file(options: argparse.Namespace) -> int:
    """Score a stored run or a file of pairs, and print tables, or JSON; return the exit code."""
    from pytest_pet2rep.run.score_run_command import is_run, score_run

    if is_run(options.file):
        return score_run(options)
    if options.out is not None:
        raise UsageProblem(f"--out is for a stored run, and {options.file} is none")
    settings = pair_settings(
        language=options.language or "zh",
        metrics=metric_names(options.metrics) or ("pet2rep",),
        organs=options.organs or "pet2rep19",
        section=options.section or "findings",
        clean=options.clean != "none",
        metric_args=metric_arguments(options.metric_arg),
    )
    fields = PairFields(
        id=options.id_field, reference=options.reference_field, prediction=options.prediction_field
    )

    def pairs() -> Iterator[PairToScore]:
        for pair in read_pairs(options.file, fields):
            yield PairToScore(id=pair.id, reference=pair.reference, prediction=pair.prediction)

    per_case: list[Mapping[str, Any]] | None = [] if options.per_case else None
    found = score_stream(pairs, settings, each=None if per_case is None else _keeping(per_case))
    if options.json:
        sys.stdout.write(pairs_json(found, per_case))
    else:
        _print_tables(found)
    return 0


def _keeping(per_case: list[Mapping[str, Any]]) -> Any:
    def keep(pair: PairToScore, records: Sequence[Record]) -> None:
        text, uptake = records[0], records[1:]
        per_case.append(
            {
                "id": pair.id,
                "statistics": text.facts["statistics"],
                "flags": text.facts["flags"],
                "organs": {
                    r.organ: {
                        "expected": r.expected,
                        "generated": r.generated,
                        "outcome": r.outcome,
                        "kind": r.kind,
                    }
                    for r in uptake
                },
            }
        )

    return keep


def _print_tables(found: PairScores) -> None:
    width = shutil.get_terminal_size((100, 24)).columns
    for line in render_table(reference_coverage_table(found.scores), width):
        print(line)
    print()
    print(outcome_line(found.outcomes))
    print(coverage_line(found.scores))
    print()
    for line in render_table(score_table(found.scores, everything=True), width):
        print(line)

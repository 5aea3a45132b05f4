"""``pet2rep score RUN``: a stored run scored again, as it was or otherwise, without its model."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.render.table import Table, render_table
from pytest_pet2rep.run.merge import summary_of
from pytest_pet2rep.run.metric_options import metric_arguments, metric_names
from pytest_pet2rep.run.rescoring import Rescoring, rescored
from pytest_pet2rep.run.runfiles import RunData, load_run, write_run
from pytest_pet2rep.run.summary_tables import (
    check_line,
    coverage_line,
    organ_table,
    outcome_line,
    score_table,
    state_table,
)
from pytest_pet2rep.types import Section


def is_run(path: Path) -> bool:
    """Say whether ``path`` is a run folder, a ``run.json`` or a baseline: no file of pairs."""
    if path.is_dir():
        return True
    if path.suffix != ".json" or not path.is_file():
        return False
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(plain, dict) and str(plain.get("schema", "")).startswith("pet2rep/")


def score_run(options: argparse.Namespace) -> int:
    """Score the run ``options.file`` again and print it; return 0, or 1 if it has holes."""
    if options.language or options.per_case:
        given = "--language" if options.language else "--per-case"
        raise UsageProblem(f"{given} is for files of pairs: a stored run says it itself")
    run = rescored(
        load_run(options.file),
        Rescoring(
            metrics=metric_names(options.metrics),
            metric_args=metric_arguments(options.metric_arg),
            organs=options.organs,
            section=Section(options.section) if options.section else None,
            clean=None if options.clean is None else options.clean != "none",
        ),
    )
    if options.out is not None:
        write_run(options.out, run)
    if options.json:
        sys.stdout.write(canonical_json(run.summary))
    else:
        print("\n".join(run_lines(run, shutil.get_terminal_size((100, 24)).columns)))
    if run.holes:
        print(f"pet2rep: {run.exit['reason']}", file=sys.stderr)
    return 1 if run.holes else 0


def run_lines(run: RunData, width: int) -> Iterator[str]:
    """Yield the summary of a stored run as the terminal of the run showed it."""

    def table(of: Table) -> Iterator[str]:
        yield from render_table(of, width)
        yield ""

    summary = summary_of(run)
    yield from table(organ_table(summary.organs))
    yield outcome_line(summary.outcomes)
    yield check_line(summary.checks)
    for found in summary.scores:
        yield ""
        yield f"{found.language}: {found.cases} cases"
        yield from table(state_table(found))
        yield coverage_line(found)
        yield ""
        limits = summary.intervals.get(str(found.language), {})
        yield from table(score_table(found, everything=True, intervals=limits))

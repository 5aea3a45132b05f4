"""``pet2rep compare RUN BASELINE``: what got better and what got worse."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.run.baseline_runs import load_baseline
from pytest_pet2rep.run.comparability import checked_names
from pytest_pet2rep.run.compare import compare_runs
from pytest_pet2rep.run.compare.tables import comparison_lines, comparison_plain
from pytest_pet2rep.run.runfiles import load_run


def compare_stored(options: argparse.Namespace) -> int:
    """Compare two stored runs and print what changed; return the exit code.

    Raises ``UsageProblem`` (exit 4) for runs that cannot be compared.
    """
    allowed = checked_names(options.allow_difference)
    here = load_run(options.run_path)
    there = load_baseline(Path.cwd(), options.baseline)
    found = compare_runs(here, there, allowed=allowed, option="--allow-difference")
    if options.json:
        sys.stdout.write(canonical_json(comparison_plain(found)))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        print("\n".join(comparison_lines(found, width, everything=options.all)))
    return 0

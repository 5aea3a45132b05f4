"""``pet2rep merge SHARDS... -o DIR``: the shards of a run as one run."""

from __future__ import annotations

import argparse
import sys

from pytest_pet2rep.run.merge import load_shards, merge_runs
from pytest_pet2rep.run.runfiles import write_run
from pytest_pet2rep.run.runfiles.saving import check_folder


def merge_shards(options: argparse.Namespace) -> int:
    """Merge stored shards into a folder; return 0, or 1 if items of the run have no result."""
    check_folder(options.out)
    run = merge_runs(load_shards(options.shards), allowed=frozenset(options.allow_difference))
    write_run(options.out, run)
    print(f"{len(run.records)} of {len(run.planned)} items merged into {options.out}")
    if run.holes:
        for reason in sorted({hole.reason for hole in run.holes})[:10]:
            count = sum(hole.reason == reason for hole in run.holes)
            print(f"pet2rep: no result of {count} items: {reason}", file=sys.stderr)
        return 1
    return 0

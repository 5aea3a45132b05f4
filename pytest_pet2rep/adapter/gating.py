"""The gates of a run, bound to its cohort and to its baseline before the first report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_pet2rep.adapter.state import OPTIONS, RUNTIME
from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.run.gates.session import GateSession, gate_session

if TYPE_CHECKING:
    from pytest_pet2rep.run.runfiles import RunData


def bound_gates(config: pytest.Config) -> GateSession:
    """Return the gates.  Raises ``pytest.UsageError`` for one that this run cannot measure."""
    options = config.stash[OPTIONS]
    try:
        return gate_session(
            options.gating,
            config.stash[RUNTIME],
            baseline=_baseline(config) if options.baseline else None,
            baseline_name=options.baseline,
            allowed=options.allow_difference,
        )
    except (UsageProblem, DataProblem) as why:
        raise pytest.UsageError(str(why)) from why


def _baseline(config: pytest.Config) -> RunData | None:
    """Load the baseline; ``None`` where it is not there and need not be."""
    from pytest_pet2rep.run.baseline_runs import find_baseline, load_baseline

    options = config.stash[OPTIONS]
    root, folder = config.rootpath, config.invocation_params.dir
    if options.baseline_missing != "error" and not find_baseline(root, options.baseline, folder):
        return None
    return load_baseline(root, options.baseline, folder)

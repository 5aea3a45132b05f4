"""What a run leaves beside its run files: its summary, and what its CI system shows of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_pet2rep.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_pet2rep.adapter.options import Options
    from pytest_pet2rep.run.runfiles import RunData
    from pytest_pet2rep.run.summary import Summary
    from pytest_pet2rep.run.verdict import RunVerdict

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Variable of GitHub Actions: the file that the page of a step is appended to."""


def check_gates_junit(path: Path | None) -> None:
    """Refuse a path that cannot be written to, before any report is made.

    Raises ``pytest.UsageError``.
    """
    if path is None:
        return
    if path.is_dir():
        raise pytest.UsageError(f"--pet2rep-gates-junit={path} is a folder: name a file in it")
    there = path if path.exists() else next(p for p in path.parents if p.exists())
    if not os.access(there, os.W_OK) or (there != path and not there.is_dir()):
        raise pytest.UsageError(
            f"--pet2rep-gates-junit={path} cannot be written: {there} is in the way"
        )


def write_summary(path: Path, text: str) -> str:
    """Write what ``--pet2rep-json`` asks for; return what prevented it.

    For its owner only, like the run files: it says of each case what is abnormal in it.
    """
    from pytest_pet2rep.store.private_files import write_privately

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_privately(path, text.encode("utf-8"))
    except OSError as why:
        return f"{path} cannot be written: {why.strerror or why}"
    return ""


def write_gates(
    options: Options,
    summary: Summary | None,
    gates: Sequence[Mapping[str, object]],
    verdict: RunVerdict,
    started: str,
) -> str:
    """Write the JUnit file of the gates, where one is asked for; return what prevented it."""
    if options.gates_junit is None or summary is None:
        return ""
    from pytest_pet2rep.run.gates.junit import gates_junit, write_gates_junit

    text = gates_junit(
        gates,
        card=summary.card,
        exit_code=verdict.code,
        verdict=str(verdict.verdict),
        reason=verdict.reason,
        started=started,
    )
    try:
        write_gates_junit(options.gates_junit, text)
    except UsageProblem as why:
        return str(why)
    return ""


def append_step_summary(run: RunData | None, summary: Summary | None) -> str:
    """Append the run to the page of the CI step, where there is one; return what prevented it.

    A page that cannot be written is said and never changes the verdict.
    """
    named = os.environ.get(STEP_SUMMARY, "")
    if not named or run is None or summary is None:
        return ""
    from pytest_pet2rep.run.step_summary import append_to_page

    try:
        append_to_page(Path(named), run, summary)
    except OSError as why:
        return f"{STEP_SUMMARY}={named} cannot be written: {why.strerror or why}"
    return ""

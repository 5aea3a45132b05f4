"""The lines that a run begins with, and what a reader of its numbers must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime


def header(runtime: Runtime) -> list[str]:
    """Return the lines that a run begins with: model, cohort, what is to be done."""
    settings, cohort = runtime.settings, runtime.cohort
    cases = f"{len(runtime.case_files)} cases"
    if len(runtime.case_files) < len(cohort.case_files):
        cases = f"{len(runtime.case_files)} of {len(cohort.case_files)} cases (partial)"
    lines = [
        f"pet2rep: model {settings.model}, {settings.decoding} decoding",
        f"pet2rep: cohort {cohort.name} ({cohort.root}), {cases}",
        f"pet2rep: organs {runtime.profile.label}, cohort digest {cohort.digest[:12]}",
    ]
    return [*lines, *notes(runtime)]


def notes(runtime: Runtime) -> list[str]:
    """Say what a reader of the numbers must know about the stored outputs, if anything."""
    surplus = getattr(runtime.provider, "surplus", ())
    missing = getattr(runtime.provider, "missing", ())
    found = []
    if missing:
        found.append(f"pet2rep: no line for {len(missing)} cases: {_some(missing)}")
    if getattr(runtime.provider, "images_verified", True) is None:
        found.append("pet2rep: images unverified: no token count says that they were looked at")
    if surplus:
        found.append(f"pet2rep: {len(surplus)} ids are no case of the cohort: {_some(surplus)}")
    repeats, epochs = getattr(runtime.provider, "repeats", 0), runtime.settings.epochs
    if repeats > epochs:
        scored = "answer is" if epochs == 1 else f"{epochs} answers are"
        found.append(
            f"pet2rep: the file has up to {repeats} answers to a case, and only the first "
            f"{scored} scored: --pet2rep-epochs={repeats} takes all"
        )
    return found


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown}, ..." if len(names) > 5 else shown

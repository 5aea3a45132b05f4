"""What a run says before its first report: model, cohort, what is to be done, what is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime


def header_lines(runtime: Runtime) -> list[str]:
    """Return the lines that a run begins with."""
    settings, cohort = runtime.settings, runtime.cohort
    cases = f"{len(runtime.case_files)} cases"
    if len(runtime.case_files) < len(cohort.case_files):
        cases = f"{len(runtime.case_files)} of {len(cohort.case_files)} cases (partial)"
    if settings.shard is not None:
        cases += f"; shard {settings.shard}: {len(runtime.shard_files)} of these"
    lines = [
        f"pet2rep: model {settings.model}, {settings.decoding} decoding",
        f"pet2rep: cohort {cohort.name} ({cohort.root}), {cases}",
        f"pet2rep: organs {runtime.profile.label}, cohort digest {cohort.digest[:12]}",
    ]
    return [*lines, *notes(runtime)]


def notes(runtime: Runtime) -> list[str]:
    """Say what a reader of the numbers must know about the stored outputs, if anything.

    Of a shard the same as of the whole run: the notes stand in the card.
    """
    provider = runtime.provider
    found = []
    if missing := getattr(provider, "missing", ()):
        found.append(f"pet2rep: no line for {len(missing)} cases: {_some(missing)}")
    if getattr(provider, "images_verified", True) is None:
        found.append("pet2rep: images unverified: no token count says that they were looked at")
    found += _surplus_notes(runtime, getattr(provider, "surplus", ()))
    found += _repeat_notes(getattr(provider, "repeats", 0), runtime.settings.epochs)
    return found


def _surplus_notes(runtime: Runtime, surplus: Sequence[str]) -> Iterator[str]:
    """Tell outputs of cases that were not chosen from those of cases that nobody knows."""
    known = frozenset(runtime.cohort.case_ids)
    left_out = [case for case in surplus if case in known]
    strange = [case for case in surplus if case not in known]
    if left_out:
        yield (
            f"pet2rep: outputs of {len(left_out)} cases are not looked at, --pet2rep-limit leaves "
            f"these cases out: {_some(left_out)}"
        )
    if strange:
        what = "no case of the cohort" if runtime.cohort.complete else "not the case that is run"
        yield f"pet2rep: {len(strange)} ids are {what}: {_some(strange)}"


def _repeat_notes(repeats: int, epochs: int) -> Iterator[str]:
    """Name answers that a file has beyond the epochs of the run."""
    if repeats > epochs:
        scored = "answer is" if epochs == 1 else f"{epochs} answers are"
        yield (
            f"pet2rep: the file has up to {repeats} answers to a case, and only the first "
            f"{scored} scored: --pet2rep-epochs={repeats} takes all"
        )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown}, ..." if len(names) > 5 else shown

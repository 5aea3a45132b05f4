"""Which cohort a command line means: the option, the case folders named, or the shipped one.

A case belongs to exactly one cohort, whose facts (digest, privacy, completeness) hold for it; so
a path that holds cases of another cohort than the one of the run is refused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_pet2rep.cohorts.cohort import Cohort

CASE_FILE = "case.toml"


def no_path_named(config: pytest.Config) -> bool:
    """Say whether the user named no file, folder or node id on the command line."""
    return not _named(config)


def chosen_cohort(config: pytest.Config, cases: Path | None) -> Cohort:
    """Return the cohort of the run; ``cases`` is what the option says.

    Raises ``UsageProblem`` if there is none, ``pytest.UsageError`` for paths that hold cases of
    another cohort, or of several, and for those that pytest would take for something else.
    """
    from pytest_pet2rep.cohorts.cohort import find_cohort

    for argument in _given(config):
        _check_collectable(argument, config.invocation_params.dir)
    named = {root: path for path in _named(config) if (root := _cohort_root(path)) is not None}
    if cases is None and len(named) == 1:
        return find_cohort(next(iter(named)))
    cohort = find_cohort(cases)
    if not _given(config):  # then its folder is what pytest is told to collect
        _check_collectable(str(cohort.root), config.invocation_params.dir)
    for root, path in named.items():
        if root != Path(os.path.realpath(cohort.root)):
            raise pytest.UsageError(
                f"{path} holds cases that are not of the cohort {cohort.name} ({cohort.root}): "
                f"name their folder with --pet2rep-cases"
            )
    return cohort


def _named(config: pytest.Config) -> list[Path]:
    """Return the files and folders named on the command line, node ids cut to their file."""
    folder = config.invocation_params.dir
    return [Path(folder, argument.partition("::")[0]) for argument in _given(config)]


def _given(config: pytest.Config) -> list[str]:
    given = getattr(config.known_args_namespace, "file_or_dir", None) or []
    return [str(argument) for argument in given]


def _check_collectable(argument: str, folder: Path) -> None:
    """Refuse a path that exists, but that pytest would cut where a node id has its parts."""
    for mark in ("[", "::"):
        if mark in argument and os.path.exists(os.path.join(folder, argument)):
            raise pytest.UsageError(
                f"{argument}: pytest cannot collect from a path with {mark!r} in it, where the "
                f"name of a test would begin: rename the folder"
            )


def _cohort_root(path: Path) -> Path | None:
    """Return the folder of the cohort whose cases ``path`` names, ``None`` if it names none."""
    path = Path(os.path.realpath(path))
    if path.name == CASE_FILE:
        return path.parent.parent
    if (path / CASE_FILE).is_file():
        return path.parent
    if path.is_dir() and any((child / CASE_FILE).is_file() for child in path.iterdir()):
        return path
    return None

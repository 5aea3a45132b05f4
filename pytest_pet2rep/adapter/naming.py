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
    another cohort, or of several.
    """
    from pytest_pet2rep.cohorts.cohort import find_cohort

    named = {root: path for path in _named(config) if (root := _cohort_root(path)) is not None}
    if cases is None and len(named) == 1:
        return find_cohort(next(iter(named)))
    cohort = find_cohort(cases)
    for root, path in named.items():
        if root != Path(os.path.realpath(cohort.root)):
            raise pytest.UsageError(
                f"{path} holds cases that are not of the cohort {cohort.name} ({cohort.root}): "
                f"name their folder with --pet2rep-cases"
            )
    return cohort


def _named(config: pytest.Config) -> list[Path]:
    """Return the files and folders named on the command line, node ids cut to their file."""
    given = getattr(config.known_args_namespace, "file_or_dir", None) or []
    folder = config.invocation_params.dir
    return [Path(folder, str(argument).partition("::")[0]) for argument in given]


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

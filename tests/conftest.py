"""Warnings are errors in the project's own tests, and nothing is written to the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

try:
    from hypothesis import HealthCheck, settings
except ModuleNotFoundError:
    # A benchmark run in the checkout reads this file too, and needs no test extra.
    pass
else:
    # Examples are not timed (machines differ); with the profile ci they are the same each time.
    settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, max_examples=50)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("error"), append=False)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    patch = pytest.MonkeyPatch()
    base = tmp_path_factory.getbasetemp()
    # Workers share one folder: what one makes on first use serves the others.
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    patch.setenv("PET2REP_CACHE", str(shared / "pet2rep-cache"))
    patch.delenv("GITHUB_STEP_SUMMARY", raising=False)  # of the project's own CI
    yield
    patch.undo()

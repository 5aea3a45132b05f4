"""The reference of the statistics shows the tables of the study, and the slices that there are."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from pytest_pet2rep.metrics.resampling import FEWEST_CASES, FEWEST_EVENTS, RESAMPLES
from pytest_pet2rep.run.slices import KEYS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "statistics.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def study() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "coverage_tables", ROOT / "benchmarks" / "coverage_tables.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_study(study: ModuleType) -> None:
    assert study.page(PAGE) == PAGE


def test_every_cell_of_the_study_is_in_the_tables(study: ModuleType) -> None:
    rows = study.rows_of("coverage.csv")
    assert min(int(row["sims"]) for row in rows) >= 4000
    cells = {(row["cases"], row["prevalence"], row["rho"]) for row in rows if row["prevalence"]}
    assert len(cells) == 18


def test_every_slice_is_explained() -> None:
    part = PAGE.partition("## Slices")[2].partition("## Planning")[0]
    assert set(re.findall(r"`([a-z_0-9]+)", part)) >= KEYS


def test_the_constants_are_those_of_the_code() -> None:
    assert f"fewer than {FEWEST_EVENTS} expected events" in PAGE
    assert f"fewer than {FEWEST_CASES} cases" in PAGE
    assert f"{RESAMPLES:,} resamples" in PAGE

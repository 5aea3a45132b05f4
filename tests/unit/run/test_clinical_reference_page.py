"""The reference pages name every score of a run, and say of the risk table what it holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest_pet2rep
from pytest_pet2rep.findings.checks import REPORT_CHECKS
from pytest_pet2rep.metrics.efficacy_scores import SLICES
from pytest_pet2rep.metrics.risk import risk_model
from pytest_pet2rep.run.summary_json import score_set_plain

REFERENCE = Path(__file__).parents[3] / "docs/reference"
CLINICAL = (REFERENCE / "clinical-metrics.md").read_text(encoding="utf-8")
PAGES = CLINICAL + (REFERENCE / "metrics.md").read_text(encoding="utf-8")
TEXT = "肝脏结节FDG摄取增高，SUVmax 5.0。"


def test_every_score_of_a_run_is_on_a_reference_page() -> None:
    found = pytest_pet2rep.score([TEXT], [TEXT], language="zh", metrics=["full", "petrg"])
    for name in score_set_plain(found.scores)["metrics"]:
        base, bracket, mark = name.removeprefix("petrg.").partition("[")
        assert re.search(rf"`{base}`", PAGES), name
        assert not bracket or f"[{mark}" in CLINICAL, name


def test_every_slice_is_described() -> None:
    assert all(f"`[{name}]`" in CLINICAL for name in SLICES if name != "all")


def test_the_table_of_risks_is_the_one_in_use() -> None:
    rows = re.findall(r"^\| `(\w+)`[^|]*\| (\d+) \| (\w+) \|$", CLINICAL, re.MULTILINE)
    model = risk_model()
    assert {name: (int(weight), group) for name, weight, group in rows} == {
        name: (error.weight, error.group) for name, error in model.errors.items()
    }
    assert f"smaller than {model.must_find_mm:g} mm" in CLINICAL


def test_the_lists_of_organs_are_those_in_use() -> None:
    model = risk_model()
    for opening, organs in (
        ("A missed lesion may be a tumour in: ", model.malignancy_relevant),
        ("Physiological uptake is often high in: ", model.physiological_sites),
    ):
        listed = CLINICAL.partition(opening)[2].partition(".")[0]
        assert set(re.findall(r"`(\w+)`", listed)) == organs


def test_every_report_check_is_described() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|$", CLINICAL.partition("## Report checks")[2], re.M)
    assert rows == list(REPORT_CHECKS)

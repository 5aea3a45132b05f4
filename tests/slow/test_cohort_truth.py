"""The shipped cohort: its files are what its generator writes, and its truth is in the pixels."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.imaging.options import ViewOptions, Views
from pytest_pet2rep.imaging.rendering import render_views
from pytest_pet2rep.imaging.volumes import Volume
from pytest_pet2rep.phantom.cohort import MeasuredCase, case_files, measured_case
from pytest_pet2rep.phantom.plan import planned_ids
from pytest_pet2rep.phantom.spec import PhantomSpec, parse_phantom
from pytest_pet2rep.phantom.synthesis import synthesise
from pytest_pet2rep.phantom.truth import contradictions
from pytest_pet2rep.run.visibility import as_shown
from pytest_pet2rep.types import Case

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
CASES = Path(__file__).parents[2] / "cases"
IDS = planned_ids()
PAIRED = (
    "brain", "eyes", "sinuses", "nasopharynx", "tonsils", "salivary", "lungs", "kidneys",
    "adrenals", "ovaries", "prostate", "neck_nodes", "axillary_nodes",
)  # fmt: skip


@cache
def case(case_id: str) -> MeasuredCase:
    return measured_case(case_id)


def loaded(case_id: str) -> Case:
    return load_case(CASES / case_id / "case.toml", cohort="shipped")


@pytest.mark.parametrize("case_id", IDS)
def test_the_shipped_files_are_what_the_generator_writes(case_id: str) -> None:
    for name, text in case_files(case(case_id)).items():
        assert (CASES / case_id / name).read_bytes() == text.encode(), name


@pytest.mark.parametrize("case_id", IDS)
def test_every_written_state_is_borne_out_by_the_volumes(case_id: str) -> None:
    assert {
        f"{f.lesion.organ} {f.lesion.part}": contradictions(f)
        for f in case(case_id).findings
        if contradictions(f)
    } == {}


@pytest.mark.parametrize("case_id", IDS)
def test_visible_lesions_change_the_pixels_that_are_sent(case_id: str) -> None:
    measured = case(case_id)
    if not measured.findings:
        pytest.skip("a normal study has no lesion")
    sick, healthy = (
        _volumes(replace(measured.spec, lesions=lesions)) for lesions in (measured.spec.lesions, ())
    )
    for views in Views:
        changed = [
            (np.abs(a.pixels.astype(int) - b.pixels.astype(int)).max(axis=2) > 20).sum()
            for a, b in zip(
                render_views(*sick, ViewOptions(views=views)),
                render_views(*healthy, ViewOptions(views=views)),
                strict=True,
            )
        ]
        for finding in measured.findings:
            seen = finding.slices if views is Views.FUSED else finding.slices_separate
            for position in seen:
                assert changed[position] >= 4, finding.lesion


def _volumes(spec: PhantomSpec) -> tuple[Volume, Volume]:
    made = synthesise(spec)
    return (
        Volume(data=made.pet, affine=made.pet_affine),
        Volume(data=made.ct, affine=made.ct_affine),
    )


@pytest.mark.parametrize("views", Views)
def test_the_cohort_is_balanced_as_promised(views: Views) -> None:
    """Counts of visible expectations over the organs of the default profile."""
    profile = load_profile("pet2rep19")
    organ_of = {fine: organ.id for organ in profile.organs for fine in organ.fine}
    increased: Counter[str] = Counter()
    states: Counter[str] = Counter()
    normal = 0
    for case_id in IDS:
        seen = set()
        expectations = as_shown(loaded(case_id), ViewOptions(views=views)).expectations
        normal += all(e.states == {"normal"} for e in expectations)
        for expectation in expectations:
            if expectation.visible:
                seen |= {(organ_of[expectation.organ], s) for s in expectation.states}
        states.update(s for _, s in seen)
        increased.update(organ for organ, s in seen if s == "increased")
    assert len(IDS) == 80
    assert normal == 16
    assert {o.id for o in profile.organs if increased[o.id] < 6} == set()
    assert states["decreased"] >= 30
    assert states["absent"] >= 30


def test_paired_organs_have_left_only_and_right_only_cases() -> None:
    sides: dict[str, set[str]] = {}
    for case_id in IDS:
        table = tomllib.loads((CASES / case_id / "case.toml").read_text(encoding="utf-8"))
        for organ, entry in table["expectations"].items():
            if "side" in entry:
                sides.setdefault(organ, set()).add(entry["side"])
    for organ in PAIRED:
        assert {"left", "right"} <= sides[organ], organ


def test_no_two_reports_are_identical() -> None:
    texts = [p.read_text(encoding="utf-8") for p in sorted(CASES.glob("*/report.*.txt"))]
    assert len(texts) == 160
    assert len(set(texts)) == 160


def test_every_table_parses() -> None:
    for case_id in IDS:
        images = loaded(case_id).images
        assert images.phantom is not None
        parse_phantom(images.phantom)

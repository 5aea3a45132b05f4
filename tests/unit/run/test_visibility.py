"""What of a case can be seen depends on the images of the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.imaging.options import Views
from pytest_pet2rep.phantom.truth import FUSED_DISPLAY, SEPARATE_DISPLAY, SHOWN_FRACTIONS
from pytest_pet2rep.run.case_images import view_options
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.run.visibility import as_shown
from pytest_pet2rep.types import Case, Expectation, ImageSource, UptakeState
from tests.model_inputs import a_case

HOT = Expectation(
    organ="brain", states=frozenset({UptakeState.INCREASED}), visible=False,
    visible_separate=True, slices_separate=(1,),
)  # fmt: skip


def shown(views: Views, images: ImageSource | None = None, **arguments: str) -> Expectation:
    case = a_case(expectations=(HOT,), images=images or ImageSource(phantom={"seed": 1}))
    return as_shown(case, view_options(views, arguments)).expectations[0]


def test_each_kind_of_views_has_the_visibility_of_its_own_display() -> None:
    assert (shown(Views.FUSED).visible, shown(Views.FUSED).slices) == (False, ())
    assert (shown(Views.SEPARATE).visible, shown(Views.SEPARATE).slices) == (True, (1,))


def test_naming_a_default_changes_nothing() -> None:
    assert shown(Views.FUSED, suv_max="5").visible is False
    assert shown(Views.SEPARATE, suv_max="15", alpha="0.45").visible is True


@pytest.mark.parametrize("views", Views)
@pytest.mark.parametrize(
    ("key", "value"), [("suv_max", "8"), ("plane", "axial"), ("fractions", "0.5"), ("alpha", "0.9")]
)
def test_with_other_options_it_is_unknown(views: Views, key: str, value: str) -> None:
    one = shown(views, **{key: value})
    assert (one.visible, one.slices) == (None, ())


def test_ready_slices_show_the_same_in_all_views() -> None:
    slices = ImageSource(slices=(Path("a.png"),))
    assert shown(Views.SEPARATE, slices) == shown(Views.FUSED, slices, suv_max="9") == HOT


@pytest.mark.parametrize("views", Views)
def test_a_run_takes_visibility_from_its_views(views: Views) -> None:
    cohort = find_cohort(None)
    runtime = Runtime(RunSettings(model="baseline/template", views=views), cohort, run_id="r")
    differing = 0
    for path in cohort.case_files:
        written: Case = load_case(path, cohort="shipped")
        for one, own in zip(runtime.load(path).expectations, written.expectations, strict=True):
            wanted = own.visible if views is Views.FUSED else own.visible_separate
            assert one.visible == wanted
            differing += own.visible != own.visible_separate
    assert differing  # or the two displays were one


def test_the_truth_is_measured_in_the_displays_that_are_sent() -> None:
    for (suv_max, _), views in ((FUSED_DISPLAY, Views.FUSED), (SEPARATE_DISPLAY, Views.SEPARATE)):
        options = view_options(views)
        assert options.suv_max == suv_max
        assert options.fractions == SHOWN_FRACTIONS

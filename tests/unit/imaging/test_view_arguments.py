"""Rendering options as they are typed."""

from __future__ import annotations

from dataclasses import fields

import pytest

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.imaging.options import (
    Choice,
    Plane,
    ViewOptions,
    Views,
    preprocessing_digest,
)
from pytest_pet2rep.imaging.view_arguments import view_options_from

TYPED = {
    "views": ("separate", Views.SEPARATE),
    "plane": ("axial", Plane.AXIAL),
    "choice": ("uptake", Choice.UPTAKE),
    "fractions": ("0.4,0.5, 0.6", (0.4, 0.5, 0.6)),
    "indices": ("90,110", (90, 110)),
    "count": ("5", 5),
    "suv_max": ("15", 15.0),
    "ct_window": ("-160,240", (-160.0, 240.0)),
    "alpha": ("0.5", 0.5),
    "colormap": ("gray", "gray"),
    "aspect": ("true", True),
}


@pytest.mark.parametrize("key", TYPED)
def test_every_option_can_be_typed(key: str) -> None:
    text, value = TYPED[key]
    assert getattr(view_options_from({key: text}), key) == value


def test_the_options_that_can_be_typed_are_all_there_are() -> None:
    assert set(TYPED) == {field.name for field in fields(ViewOptions)}


@pytest.mark.parametrize("key", TYPED)
def test_the_digest_changes_with_every_typed_option(key: str) -> None:
    typed = preprocessing_digest(view_options_from({key: TYPED[key][0]}))
    assert typed != preprocessing_digest(ViewOptions())


def test_nothing_typed_is_the_default() -> None:
    assert view_options_from({}) == ViewOptions()


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("suvmax", "15", "did you mean 'suv_max'"),
        ("plane", "axal", "did you mean 'axial'"),
        ("choice", "hot", "known are"),
        ("colormap", "grey", "did you mean 'gray'"),
        ("views", "fussed", "did you mean 'fused'"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest(key: str, text: str, says: str) -> None:
    with pytest.raises(UnknownName, match=says):
        view_options_from({key: text})


@pytest.mark.parametrize(
    ("key", "text"),
    [("suv_max", "high"), ("suv_max", "nan"), ("fractions", "0.4;0.5"), ("fractions", ""),
     ("indices", "1.5"), ("count", "0"), ("ct_window", "100"), ("ct_window", "5,1"),
     ("alpha", "2"), ("aspect", "maybe"), ("choice", "indices")],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused(key: str, text: str) -> None:
    with pytest.raises(UsageProblem, match="view options"):
        view_options_from({key: text})

"""Pixels of the rendered slices, against the definitions they follow."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.imaging.colours import colour_table
from pytest_pet2rep.imaging.options import (
    ViewOptions,
    Views,
    plane_indices,
    preprocessing_digest,
)
from pytest_pet2rep.imaging.rendering import render_views
from pytest_pet2rep.imaging.volumes import Volume

GRID = np.diag([4.0, 4.0, 5.0, 1.0])
PET = Volume(data=np.full((20, 40, 22), 2.0, dtype=np.float32), affine=GRID)
CT = Volume(data=np.full((20, 40, 22), 40, dtype=np.int16), affine=GRID)


def test_hot_is_the_table_of_matplotlib() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    reference = matplotlib.colormaps["hot"](np.arange(256))[:, :3] * 255
    assert np.abs(colour_table("hot") - reference).max() < 1e-9


def test_the_default_planes_of_a_grid_of_200_are_those_of_the_published_demo() -> None:
    assert plane_indices(ViewOptions(), 200) == (90, 100, 110)


def test_fused_slices_are_one_pixel_per_voxel() -> None:
    images = render_views(PET, CT)
    assert [i.name for i in images] == ["fused_018", "fused_020", "fused_022"]
    assert {i.pixels.shape for i in images} == {(22, 20, 3)}
    assert {i.pixels.dtype for i in images} == {np.dtype(np.uint8)}


def test_fusion_weighs_the_pet_colour_and_the_ct_grey() -> None:
    pixel = render_views(PET, CT)[0].pixels[5, 5]
    level = round(2.0 / 5.0 * 255)
    expected = 0.45 * colour_table("hot")[level] + 0.55 * (1040 / 2000 * 255)
    assert np.array_equal(pixel, np.rint(expected))


def test_separate_views_give_all_pet_planes_and_then_all_ct_planes() -> None:
    names = [i.name for i in render_views(PET, CT, ViewOptions(views=Views.SEPARATE))]
    assert names == ["pet_018", "pet_020", "pet_022", "ct_018", "ct_020", "ct_022"]


@pytest.mark.parametrize(
    ("options", "suv_max"),
    [({}, 5.0), ({"views": Views.SEPARATE}, 15.0), ({"views": Views.SEPARATE, "suv_max": 6.0}, 6.0),
     ({"suv_max": 15.0}, 15.0)],
)  # fmt: skip
def test_the_pet_is_shown_up_to_what_its_views_need_unless_a_number_is_given(
    options: dict, suv_max: float
) -> None:
    pet = render_views(PET, CT, ViewOptions(alpha=1.0, **options))[0].pixels[5, 5]
    assert np.array_equal(pet, np.rint(colour_table("hot")[round(2.0 / suv_max * 255)]))


def test_a_hot_brain_is_brighter_than_a_healthy_one_in_separate_views_only() -> None:
    healthy, hot = (
        Volume(data=np.full(PET.shape, suv, dtype=np.float32), affine=GRID) for suv in (8.0, 13.0)
    )
    for views, differ in ((Views.FUSED, False), (Views.SEPARATE, True)):
        first, second = (render_views(v, CT, ViewOptions(views=views))[0] for v in (healthy, hot))
        assert (not np.array_equal(first.pixels, second.pixels)) is differ


def test_outside_the_ct_field_of_view_there_is_air() -> None:
    small = Volume(data=CT.data[:5], affine=GRID)
    ct = render_views(PET, small, ViewOptions(views=Views.SEPARATE))[3].pixels
    assert ct[0, 0, 0] == 0  # far right of the patient, beyond the CT
    assert ct[0, -1, 0] == round(1040 / 2000 * 255)


def test_true_aspect_stretches_the_rows() -> None:
    image = render_views(PET, CT, ViewOptions(aspect=True))[0]
    assert image.pixels.shape == (round(22 * 5 / 4), 20, 3)


def test_the_digest_changes_with_every_option() -> None:
    variants = [
        ViewOptions(), ViewOptions(views=Views.SEPARATE), ViewOptions(suv_max=15),
        ViewOptions(alpha=0.5), ViewOptions(indices=(1,)), ViewOptions(aspect=True),
        ViewOptions(ct_window=(-160, 240)), ViewOptions(fractions=(0.5,)),
    ]  # fmt: skip
    assert len({preprocessing_digest(v) for v in variants}) == len(variants)


@pytest.mark.parametrize(
    "wrong",
    [{"suv_max": 0}, {"fractions": (1.2,)}, {"fractions": ()}, {"alpha": 2},
     {"ct_window": (5, 5)}, {"indices": (-1,)}, {"colormap": "jet"}],
)  # fmt: skip
def test_senseless_options_are_refused(wrong: dict) -> None:
    with pytest.raises(UsageProblem):
        ViewOptions(**wrong)


def test_a_plane_beyond_the_grid_is_refused() -> None:
    with pytest.raises(UsageProblem, match="40 coronal planes"):
        render_views(PET, CT, ViewOptions(indices=(40,)))

"""Planes of every direction, and which of them are chosen."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.imaging.options import Choice, Plane, ViewOptions, Views
from pytest_pet2rep.imaging.rendering import render_files, render_views
from pytest_pet2rep.imaging.uptake import blocks_of, hottest_planes
from pytest_pet2rep.imaging.volumes import Volume
from pytest_pet2rep.types import SentImage

SHAPE = (20, 16, 24)
AFFINE = np.diag([4.0, 5.0, 6.0, 1.0])
CT = Volume(data=np.full(SHAPE, -1000, dtype=np.int16), affine=AFFINE)
HOT = (3, 10, 18)
"""A voxel on the patient's left, in front of the middle, near the head."""


def with_hot_voxel() -> Volume:
    data = np.zeros(SHAPE, dtype=np.float32)
    data[HOT] = 5.0
    return Volume(data=data, affine=AFFINE)


def white(image: SentImage) -> list[list[int]]:
    """Rows and columns of the pixels at the upper end of the colour map."""
    return np.argwhere((image.pixels == 255).all(axis=2)).tolist()


@pytest.mark.parametrize(
    ("plane", "index", "shape", "row", "column"),
    [
        (Plane.CORONAL, HOT[1], (24, 20), 24 - 1 - HOT[2], 20 - 1 - HOT[0]),
        (Plane.AXIAL, HOT[2], (16, 20), 16 - 1 - HOT[1], 20 - 1 - HOT[0]),
        (Plane.SAGITTAL, HOT[0], (24, 16), 24 - 1 - HOT[2], 16 - 1 - HOT[1]),
    ],
)
def test_planes_have_the_right_on_the_left_the_front_up_or_left_and_the_head_up(
    plane: Plane, index: int, shape: tuple[int, int], row: int, column: int
) -> None:
    options = ViewOptions(plane=plane, indices=(index,), views=Views.SEPARATE, suv_max=5)
    pet, ct = render_views(with_hot_voxel(), CT, options)
    assert pet.pixels.shape == (*shape, 3) == ct.pixels.shape
    assert white(pet) == [[row, column]]


def test_a_projection_shows_the_hottest_voxel_of_every_ray_without_ct() -> None:
    (image,) = render_views(with_hot_voxel(), CT, ViewOptions(plane=Plane.MIP))
    assert image.name == "pet_mip"
    assert white(image) == [[24 - 1 - HOT[2], 20 - 1 - HOT[0]]]


def test_a_projection_needs_no_ct(tmp_path: Path) -> None:
    pet = tmp_path / "pet.nii.gz"
    nib.save(nib.Nifti1Image(with_hot_voxel().data, AFFINE), pet)
    (image,) = render_files(pet, tmp_path / "no-ct.nii.gz", ViewOptions(plane=Plane.MIP))
    assert image.pixels.any()


def test_images_are_named_by_plane_and_index() -> None:
    options = ViewOptions(plane=Plane.AXIAL, indices=(2, 7))
    names = [image.name for image in render_views(with_hot_voxel(), CT, options)]
    assert names == ["fused_axial_002", "fused_axial_007"]


@pytest.mark.parametrize(
    ("plane", "rows", "columns"),
    [(Plane.CORONAL, 36, 20), (Plane.AXIAL, 20, 20), (Plane.SAGITTAL, 29, 16),
     (Plane.MIP, 36, 20)],
)  # fmt: skip
def test_true_aspect_makes_a_millimetre_as_long_down_as_across(
    plane: Plane, rows: int, columns: int
) -> None:
    image = render_views(with_hot_voxel(), CT, ViewOptions(plane=plane, aspect=True))[0]
    assert image.pixels.shape == (rows, columns, 3)


@pytest.mark.parametrize(("plane", "n"), [("coronal", 16), ("axial", 24), ("sagittal", 20)])
def test_all_planes_are_as_many_as_the_grid_has(plane: str, n: int) -> None:
    options = ViewOptions(plane=Plane(plane), choice=Choice.ALL)
    assert len(render_views(with_hot_voxel(), CT, options)) == n


def test_a_plane_that_the_grid_lacks_is_named_with_its_direction() -> None:
    with pytest.raises(UsageProblem, match="24 axial planes"):
        render_views(with_hot_voxel(), CT, ViewOptions(plane=Plane.AXIAL, indices=(24,)))


BODY_MM = (400, 240, 1000)
SIZE = (100, 60, 200)
BODY_AFFINE = np.diag([4.0, 4.0, 5.0, 1.0])


def body(*spots: tuple[int, int, int]) -> Volume:
    """Make a block of tissue with a brain at its top, and a hot spot at each given place.

    Places are mm below the top, mm to the left of the midline, mm in front of the middle.
    """
    data = np.full(SIZE, 0.6, dtype=np.float32)
    data[35:65, 15:45, 175:] = 8.0
    for down, left, front in spots:
        i, j, k = 50 - left // 4, 30 + front // 4, 200 - down // 5
        data[i - 2 : i + 2, j - 2 : j + 2, k - 2 : k + 2] = 9.0
    return Volume(data=data, affine=BODY_AFFINE)


NODE = (300, -60, 20)
HEART, LEFT_KIDNEY, RIGHT_KIDNEY, BLADDER = (
    (460, 30, 40), (620, 60, -50), (620, -60, -50), (850, 0, 40),
)  # fmt: skip


def hottest(pet: Volume, axis: int, count: int) -> tuple[int, ...]:
    return hottest_planes(blocks_of(pet), axis, count)


def test_planes_by_uptake_pass_through_a_lesion_and_not_through_hot_organs() -> None:
    pet = body(NODE, HEART, LEFT_KIDNEY, RIGHT_KIDNEY, BLADDER)
    (axial,) = hottest(pet, Plane.AXIAL.axis, 1)
    (coronal,) = hottest(pet, Plane.CORONAL.axis, 1)
    (sagittal,) = hottest(pet, Plane.SAGITTAL.axis, 1)
    assert abs(200 - NODE[0] // 5 - axial) <= 2
    assert abs(30 + NODE[2] // 4 - coronal) <= 2
    assert abs(50 - NODE[1] // 4 - sagittal) <= 2


@pytest.mark.parametrize("organ", [HEART, LEFT_KIDNEY, RIGHT_KIDNEY, BLADDER])
def test_each_hot_organ_is_left_out_for_itself(organ: tuple[int, int, int]) -> None:
    (axial,) = hottest(body(NODE, organ), Plane.AXIAL.axis, 1)
    assert abs(200 - NODE[0] // 5 - axial) <= 2


def test_the_heart_is_found_below_raised_arms_too() -> None:
    pet = body(NODE, HEART)
    arms = np.zeros((*SIZE[:2], 40), dtype=np.float32)
    arms[5:15], arms[85:95] = 0.6, 0.6
    raised = Volume(data=np.concatenate([pet.data, arms], axis=2), affine=BODY_AFFINE)
    (axial,) = hottest(raised, Plane.AXIAL.axis, 1)
    assert abs(200 - NODE[0] // 5 - axial) <= 2


def test_several_planes_by_uptake_lie_apart_and_in_order() -> None:
    planes = hottest(body(NODE, (400, -80, 0)), Plane.AXIAL.axis, 4)
    assert len(planes) == 4
    assert list(planes) == sorted(planes)
    assert np.diff(planes).min() * 5 >= 24 - 5
    hot = {200 - NODE[0] // 5, 200 - 400 // 5}
    assert all(any(abs(plane - at) <= 2 for plane in planes) for at in hot)


def test_a_pet_without_uptake_still_has_planes() -> None:
    empty = Volume(data=np.zeros(SIZE, dtype=np.float32), affine=BODY_AFFINE)
    assert len(hottest(empty, Plane.AXIAL.axis, 3)) == 3


def test_a_pet_that_lies_in_the_brain_alone_is_shown_all_the_same() -> None:
    brain = Volume(data=np.full((20, 20, 24), 8.0, dtype=np.float32), affine=BODY_AFFINE)
    assert len(hottest(brain, Plane.AXIAL.axis, 3)) == 3


def test_a_grid_too_small_for_planes_apart_gives_fewer() -> None:
    small = Volume(data=np.ones((3, 3, 3), dtype=np.float32), affine=BODY_AFFINE)
    assert len(hottest(small, Plane.AXIAL.axis, 3)) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"choice": Choice.INDICES}, {"choice": Choice.ALL, "indices": (1,)}, {"count": 0},
     {"suv_max": float("nan")}, {"suv_max": float("inf")}, {"alpha": float("nan")}],
)  # fmt: skip
def test_contradicting_and_endless_options_are_refused(wrong: dict) -> None:
    with pytest.raises(UsageProblem, match="view options"):
        ViewOptions(**wrong)


def test_indices_are_a_choice_of_their_own() -> None:
    assert ViewOptions(indices=(1,)) == ViewOptions(indices=(1,), choice=Choice.INDICES)

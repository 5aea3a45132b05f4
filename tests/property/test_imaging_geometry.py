"""Whatever the axis order of a file, the same patient gives the same picture."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_pet2rep.imaging.options import ViewOptions
from pytest_pet2rep.imaging.planes import sample_plane
from pytest_pet2rep.imaging.rendering import render_views
from pytest_pet2rep.imaging.volumes import Volume, canonical

ORIENTATIONS = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((1, -1), repeat=3)
]
RNG = np.random.default_rng(7)
PET = Volume(
    data=RNG.uniform(0, 6, (11, 9, 13)).astype(np.float32),
    affine=np.array([[4.0, 0, 0, -20], [0, 4.1, 0, -18], [0, 0, 5, -30], [0, 0, 0, 1]]),
)
CT = Volume(
    data=RNG.uniform(-1000, 1500, (20, 17, 21)).astype(np.int16),
    affine=np.array([[2.2, 0, 0, -22], [0, 2.3, 0, -19], [0, 0, 3, -31], [0, 0, 0, 1]]),
)


def rewritten(
    volume: Volume, order: tuple[int, ...], flips: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Write the same patient in another axis order and direction."""
    data = volume.data.transpose(order)[tuple(slice(None, None, f) for f in flips)]
    move = np.zeros((4, 4))
    move[3, 3] = 1
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        move[old, new] = flip
        move[old, 3] = 0 if flip == 1 else volume.data.shape[old] - 1
    return data, volume.affine @ move


@pytest.mark.parametrize(("order", "flips"), ORIENTATIONS)
def test_all_48_orientations_render_to_identical_pixels(
    order: tuple[int, ...], flips: tuple[int, ...]
) -> None:
    expected = render_views(PET, CT)
    turned_pet, turned_ct = (canonical(*rewritten(v, order, flips)) for v in (PET, CT))
    for got, want in zip(render_views(turned_pet, turned_ct), expected, strict=True):
        assert np.array_equal(got.pixels, want.pixels)


def test_the_patients_right_is_on_the_images_left_and_the_head_is_up() -> None:
    pet = np.zeros((10, 10, 10), dtype=np.float32)
    pet[9, 5, 9] = 5.0  # RAS: the last index along i is the patient's right, along k the head
    volume = Volume(data=pet, affine=np.diag([4.0, 4.0, 4.0, 1.0]))
    picture = render_views(volume, CT, ViewOptions(indices=(5,), alpha=1.0))[0].pixels
    row, column = np.argwhere(picture.sum(axis=2) > 600)[0]
    assert (row, column) == (0, 0)


@given(
    angle=st.integers(-300, 300).map(lambda n: n / 1000),
    shift=st.tuples(*[st.integers(-1500, 1500).map(lambda n: n / 100)] * 3),
    j=st.integers(0, 8),
)
@example(angle=0.0, shift=(0.0, 0.0, 7.5), j=0)  # a slice exactly half a voxel outside
@settings(max_examples=40, deadline=None)
def test_a_plane_equals_the_plane_of_the_whole_resampled_volume(
    angle: float, shift: tuple[float, float, float], j: int
) -> None:
    sitk = pytest.importorskip("SimpleITK")
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    affine = CT.affine.copy()
    affine[:3, :3] = turn @ affine[:3, :3]
    affine[:3, 3] += shift
    ct = Volume(data=CT.data.astype(np.float32), affine=affine)

    def as_itk(volume: Volume):
        image = sitk.GetImageFromArray(volume.data.transpose(2, 1, 0).copy())
        step = np.array(volume.spacing)
        image.SetSpacing(step.tolist())
        image.SetDirection((volume.affine[:3, :3] / step).ravel().tolist())
        image.SetOrigin(volume.affine[:3, 3].tolist())
        return image

    whole = sitk.Resample(
        as_itk(ct), as_itk(PET), sitk.Transform(3, sitk.sitkIdentity), sitk.sitkLinear,
        -1000.0, sitk.sitkFloat64,
    )  # fmt: skip
    reference = sitk.GetArrayFromImage(whole).transpose(2, 1, 0)[:, j, :]
    difference = np.abs(sample_plane(ct, PET, j) - reference)
    assert difference[~on_the_border(ct, j)].max(initial=0) < 1e-4


def on_the_border(ct: Volume, j: int) -> np.ndarray:
    """Points on the upper border to within rounding, where either answer is right."""
    i, k = np.meshgrid(np.arange(11), np.arange(13), indexing="ij")
    points = np.stack([i, np.full_like(i, j), k, np.ones_like(i)])
    index = np.einsum("ab,bik->aik", np.linalg.inv(ct.affine) @ PET.affine, points)[:3]
    upper = np.array(ct.data.shape)[:, None, None] - 0.5
    return (np.abs(index - upper) < 1e-5).any(axis=0)

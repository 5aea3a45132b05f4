"""Parts of files: the voxels that were asked for, and no others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_pet2rep.imaging.file_grid import open_grid
from pytest_pet2rep.imaging.parts import BOX_ADVANTAGE, BoxPart, ScatteredPart, read_part
from pytest_pet2rep.imaging.planes import Points, SampledPoints
from pytest_pet2rep.imaging.volumes import Volume, load_volume, save_volume

SHAPE = (60, 50, 40)


def turned(angle: float) -> np.ndarray:
    """Affine of a grid that is turned about the axis from foot to head."""
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return affine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    data = np.random.default_rng(2).integers(-1000, 2000, SHAPE).astype(np.int16)
    flipped = np.diag([-1.0, 1.0, -1.0, 1.0])
    flipped[[0, 2], 3] = SHAPE[0] - 1, SHAPE[2] - 1
    save_volume(Volume(data=data, affine=flipped), tmp_path / "v.nii.gz")
    return tmp_path / "v.nii.gz"


def a_line() -> Points:
    steps = np.arange(20)
    return steps * 2 + 3, steps + 7, steps[::-1] * 2


def test_single_voxels_are_read_one_by_one(path: Path) -> None:
    part = read_part(open_grid(path), [a_line()])
    assert isinstance(part, ScatteredPart)
    assert len(part.values) == 20
    whole = load_volume(path)
    assert np.array_equal(part.at(*a_line()), whole.at(*a_line()))
    assert part.values.dtype == whole.data.dtype
    assert part.shape == whole.shape
    assert np.array_equal(part.affine, whole.affine)


def test_a_voxel_that_is_asked_for_twice_is_kept_once(path: Path) -> None:
    part = read_part(open_grid(path), [a_line(), a_line()])
    assert isinstance(part, ScatteredPart)
    assert len(part.values) == 20


def test_rows_are_read_as_a_box(path: Path) -> None:
    i, j, k = np.ix_([3, 9], [0, 1, 49], np.arange(40))
    part = read_part(open_grid(path), [(i, j, k)])
    assert isinstance(part, BoxPart)
    assert part.data.shape == (2, 3, 40)
    assert np.array_equal(part.at(i, j, k), load_volume(path).at(i, j, k))


def test_what_was_not_read_is_not_given(path: Path) -> None:
    i, j, k = np.ix_([3, 9], [0, 1, 49], np.arange(40))
    one = np.array([4])
    for points in ([(i, j, k)], [a_line()]):
        part = read_part(open_grid(path), points)
        with pytest.raises(IndexError):
            part.at(one, one, one)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.05, 0.8])
def test_little_more_is_held_than_a_plane_needs_however_the_grids_are_turned(
    path: Path, angle: float
) -> None:
    grid = open_grid(path)
    plane = Volume(data=np.zeros(SHAPE, dtype=np.float32), affine=turned(angle))
    part = read_part(grid, SampledPoints(moving=grid, grid=plane, positions=[25]))
    held = part.data if isinstance(part, BoxPart) else part.values
    assert held.size <= BOX_ADVANTAGE * 8 * SHAPE[0] * SHAPE[2] < np.prod(SHAPE)

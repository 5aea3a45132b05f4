"""The part of a volume on disk that is asked for, read without holding the volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.extent import Extent, extent_of, joined
from pytest_pet2rep.imaging.volumes import Indices, Turn, spacing_of, turn_to_ras
from pytest_pet2rep.imaging.voxel_files import VoxelFile, open_voxels, slices


@dataclass(frozen=True, kw_only=True, slots=True)
class FileGrid:
    """A volume on disk of which only the header has been read; a ``Grid`` in RAS order."""

    file: VoxelFile
    turn: Turn

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.file.shape[axis] for axis in self.turn.axes)

    @property
    def affine(self) -> NDArray[np.float64]:
        return self.turn.affine


@dataclass(frozen=True, kw_only=True)
class Part:
    """Values of a volume at some indices along each axis.

    ``data`` has the shape of ``kept``: the ascending indices that were read along i, j and k.
    ``shape`` and ``affine`` are those of the whole grid, and ``at`` takes indices into it.
    """

    data: NDArray[Any]
    kept: tuple[Indices, Indices, Indices]
    shape: tuple[int, ...]
    affine: NDArray[np.float64]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel edge lengths along i, j and k in mm."""
        return spacing_of(self.affine)

    @cached_property
    def _place(self) -> list[Indices]:
        places = []
        for kept, n in zip(self.kept, self.shape, strict=True):
            place = np.full(n, len(kept), dtype=np.intp)  # beyond the data: not read
            place[kept] = np.arange(len(kept))
            places.append(place)
        return places

    def at(self, i: Indices, j: Indices, k: Indices) -> NDArray[Any]:
        """Values at indices of the whole grid; ``IndexError`` for what was not read."""
        places = self._place
        values: NDArray[Any] = self.data[places[0][i], places[1][j], places[2][k]]
        return values


@dataclass(frozen=True, kw_only=True)
class SurveyedPart(Part):
    """A part, and the extent of the whole volume that it was read from."""

    extent: Extent


def open_grid(path: Path) -> FileGrid:
    """Read the header of a volume; raises ``ImagingError`` as ``load_volume`` does."""
    file = open_voxels(path)
    return FileGrid(file=file, turn=turn_to_ras(file.affine, file.shape, str(path)))


def read_part(grid: FileGrid, indices: Sequence[Indices]) -> Part:
    """Read the values at the outer product of ascending indices along i, j and k.

    They are those that ``load_volume`` would give, of the same type.
    """
    gathering = _Gathering(grid, indices)
    for n, plane in slices(grid.file):
        gathering.take(n, plane)
    return gathering.part()


def read_parts_and_extent(
    grid: FileGrid, view: Sequence[Indices], sample: Sequence[Indices]
) -> tuple[Part, SurveyedPart]:
    """Read two parts and the extent of the whole volume, all in one pass over the file."""
    gatherings = _Gathering(grid, view), _Gathering(grid, sample)
    extents = []
    for n, plane in slices(grid.file):
        extents.append(extent_of(grid.file.values(plane)))
        for gathering in gatherings:
            gathering.take(n, plane)
    first, second = (gathering.part() for gathering in gatherings)
    surveyed = SurveyedPart(
        data=second.data, kept=second.kept, shape=second.shape, affine=second.affine,
        extent=joined(extents),
    )  # fmt: skip
    return first, surveyed


class _Gathering:
    """Takes what it needs of each slice of a file that passes by."""

    def __init__(self, grid: FileGrid, indices: Sequence[Indices]) -> None:
        i, j, k = indices
        self._grid, self._kept = grid, (i, j, k)
        along = _file_indices(grid.turn, grid.shape, indices)
        self._first, self._second = (_as_slice(index) for index in along[:2])
        self._rows = {int(n): row for row, n in enumerate(along[2])}
        self._data = np.empty([len(index) for index in along], dtype=grid.file.dtype, order="F")

    def take(self, n: int, plane: NDArray[Any]) -> None:
        if (row := self._rows.get(n)) is not None:
            # The slow axis of the plane first: few rows of it are whole.
            wanted = plane[:, self._second][self._first]
            self._data[:, :, row] = self._grid.file.values(wanted)

    def part(self) -> Part:
        return Part(
            data=self._data.transpose(self._grid.turn.axes), kept=self._kept,
            shape=self._grid.shape, affine=self._grid.affine,
        )  # fmt: skip


def read_projection(grid: FileGrid) -> NDArray[Any]:
    """Read the largest finite-or-infinite value along j: shape (i, k), NaN only where all are."""
    file, turn = grid.file, grid.turn
    depth = turn.axes[1]
    planes = []
    for _, plane in slices(file):
        values = file.values(plane)
        if depth < 2:
            planes.append(np.fmax.reduce(values, axis=depth))
        else:
            planes = [np.fmax(planes[0], values) if planes else values.copy()]
    seen = planes[0] if depth == 2 else np.stack(planes, axis=1)
    flips = [slice(None, None, -1 if turn.flipped[axis] else None) for axis in (0, 2)]
    upright = seen if turn.axes[0] < turn.axes[2] else seen.T
    return upright[flips[0], flips[1]]


def _file_indices(turn: Turn, shape: Sequence[int], indices: Sequence[Indices]) -> list[Indices]:
    """Turn indices along R, A and S into indices along the axes of the file, in the same order."""
    along: list[Indices] = [np.empty(0, dtype=np.intp)] * 3
    for axis, flip, n, index in zip(turn.axes, turn.flipped, shape, indices, strict=True):
        along[axis] = n - 1 - index if flip else index
    return along


def _as_slice(index: Indices) -> slice | Indices:
    """Evenly spaced neighbours as a slice, which numpy copies much faster."""
    if len(index) < 2:
        return index
    step = int(index[1] - index[0])
    if abs(step) != 1 or not (np.diff(index) == step).all():
        return index
    stop = int(index[-1]) + step
    return slice(int(index[0]), stop if stop >= 0 else None, step)

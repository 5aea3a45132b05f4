"""The voxels that are asked for, held without the rest of their volume.

Where two grids lie parallel, the voxels that one needs of the other are whole rows: a ``BoxPart``
is the outer product of some indices along each axis.  Where they are turned against each other the
same voxels lie on a slanted sheet, and the box around it may be most of the volume: a
``ScatteredPart`` keeps them one by one.  ``gather`` chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.extent import Extent, extent_of, joined
from pytest_pet2rep.imaging.file_grid import FileGrid, pass_over
from pytest_pet2rep.imaging.planes import Points, Voxels
from pytest_pet2rep.imaging.volumes import Indices, spacing_of

BOX_ADVANTAGE = 3
"""A voxel of a box takes a third of the memory of a scattered one, whose place is kept too."""


@dataclass(frozen=True, kw_only=True)
class BoxPart:
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
class ScatteredPart:
    """Values of a volume at single voxels; ``shape`` and ``affine`` are those of the whole grid.

    ``places`` are ascending numbers of voxels in the order of the file, ``values`` what lies there.
    """

    grid: FileGrid
    places: NDArray[np.int32]
    values: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.grid.shape

    @property
    def affine(self) -> NDArray[np.float64]:
        return self.grid.affine

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel edge lengths along i, j and k in mm."""
        return self.grid.spacing

    def at(self, i: Indices, j: Indices, k: Indices) -> NDArray[Any]:
        """Values at indices of the whole grid; ``IndexError`` for what was not read."""
        wanted = _numbers(self.grid, (i, j, k))
        found = np.searchsorted(self.places, wanted)
        if not (self.places.take(found, mode="clip") == wanted).all():
            raise IndexError("a voxel is asked for that was not read")
        values: NDArray[Any] = self.values[found]
        return values


@dataclass(frozen=True, kw_only=True)
class Surveyed:
    """Some voxels of a volume, and the extent of all of it."""

    part: Voxels
    extent: Extent

    @property
    def shape(self) -> tuple[int, ...]:
        return self.part.shape

    @property
    def affine(self) -> NDArray[np.float64]:
        return self.part.affine

    def at(self, i: Indices, j: Indices, k: Indices) -> NDArray[Any]:
        """Values at indices of the whole grid; ``IndexError`` for what was not read."""
        return self.part.at(i, j, k)


def read_part(grid: FileGrid, points: Iterable[Points]) -> Voxels:
    """Read the values at ``points``, in one pass over the file: those of ``load_volume``."""
    gathering = gather(grid, points)
    pass_over(grid, gathering)
    return gathering.part()


class BoxGathering:
    """Takes a box out of the slices of a file."""

    def __init__(self, grid: FileGrid, kept: Sequence[Indices]) -> None:
        i, j, k = kept
        self._grid, self._kept = grid, (i, j, k)
        along = grid.along_file(kept)
        self._first, self._second = (_as_slice(index) for index in along[:2])
        self._rows = {int(n): row for row, n in enumerate(along[2])}
        self._data = np.empty([len(index) for index in along], dtype=grid.file.dtype, order="F")

    def take(self, n: int, plane: NDArray[Any]) -> None:
        if (row := self._rows.get(n)) is not None:
            # The slow axis of the plane first: few rows of it are whole.
            wanted = plane[:, self._second][self._first]
            self._data[:, :, row] = self._grid.file.values(wanted)

    def part(self) -> BoxPart:
        """What was taken, once the file has passed by."""
        return BoxPart(
            data=self._data.transpose(self._grid.turn.axes), kept=self._kept,
            shape=self._grid.shape, affine=self._grid.affine,
        )  # fmt: skip


class ScatteredGathering:
    """Takes single voxels out of the slices of a file."""

    def __init__(self, grid: FileGrid, points: Iterable[Points], count: int) -> None:
        self._grid = grid
        self._places = _sorted_numbers(grid, points, count)
        n0, n1, n2 = grid.file.shape
        self._size = n0 * n1
        first = (np.arange(n2) * self._size).astype(np.int32)  # else the places are copied
        self._bounds = [*np.searchsorted(self._places, first).tolist(), len(self._places)]
        self._values = np.empty(len(self._places), dtype=grid.file.dtype)

    def take(self, n: int, plane: NDArray[Any]) -> None:
        here = slice(*self._bounds[n : n + 2])
        wanted = plane.ravel(order="F")[self._places[here] - n * self._size]
        self._values[here] = self._grid.file.values(wanted)

    def part(self) -> ScatteredPart:
        """What was taken, once the file has passed by."""
        return ScatteredPart(grid=self._grid, places=self._places, values=self._values)


class ExtentMeasuring:
    """Measures how far the values of a whole file reach."""

    def __init__(self, grid: FileGrid) -> None:
        self._grid = grid
        self._extents: list[Extent] = []

    def take(self, n: int, plane: NDArray[Any]) -> None:
        self._extents.append(extent_of(self._grid.file.values(plane)))

    def extent(self) -> Extent:
        """The extent of all slices that have passed by."""
        return joined(self._extents)


def gather(grid: FileGrid, points: Iterable[Points]) -> BoxGathering | ScatteredGathering:
    """Prepare to take the values at ``points``, which are gone through twice."""
    marks = [np.zeros(n, dtype=np.bool_) for n in grid.shape]
    count = 0
    for one in points:
        count += int(np.prod(np.broadcast_shapes(*(index.shape for index in one))))
        for mark, index in zip(marks, one, strict=True):
            mark[index] = True
    kept = [np.flatnonzero(mark) for mark in marks]
    if np.prod([float(len(index)) for index in kept]) <= BOX_ADVANTAGE * count:
        return BoxGathering(grid, kept)
    return ScatteredGathering(grid, points, count)


def _sorted_numbers(grid: FileGrid, points: Iterable[Points], count: int) -> NDArray[np.int32]:
    """Ascending numbers of ``count`` points, each once."""
    numbers = np.empty(count, dtype=np.int32)
    done = 0
    for one in points:
        some = _numbers(grid, one).ravel()
        numbers[done : done + some.size] = some
        done += some.size
    numbers.sort()
    first = np.ones(count, dtype=np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=first[1:])
    return numbers[first]


def _numbers(grid: FileGrid, points: Points) -> NDArray[np.int32]:
    """Numbers of voxels in the order of the file, of the shape that ``points`` broadcast to."""
    a, b, c = grid.along_file(points)
    n0, n1, _ = grid.file.shape
    # No grid has more than 2^31 voxels (``voxel_files.MAX_VOXELS``).
    numbers: NDArray[np.int32] = (a + n0 * (b + n1 * c)).astype(np.int32)
    return numbers


def _as_slice(index: Indices) -> slice | Indices:
    """Evenly spaced neighbours as a slice, which numpy copies much faster."""
    if len(index) < 2:
        return index
    step = int(index[1] - index[0])
    if abs(step) != 1 or not (np.diff(index) == step).all():
        return index
    stop = int(index[-1]) + step
    return slice(int(index[0]), stop if stop >= 0 else None, step)

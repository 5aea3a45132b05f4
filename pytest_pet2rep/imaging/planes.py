"""Only what is shown is computed: a volume's values on one plane of another grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.volumes import Indices

ROUNDING = 1e-6
"""Indices this close to the border lie on it: the lower one belongs to the volume."""


class Grid(Protocol):
    """Where the voxels of a volume in RAS order lie."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def affine(self) -> NDArray[np.float64]: ...


Points = tuple[Indices, Indices, Indices]
"""Indices along i, j and k that broadcast against each other."""


class Voxels(Grid, Protocol):
    """A grid with values: a ``Volume``, or part of one."""

    def at(self, i: Indices, j: Indices, k: Indices) -> NDArray[Any]: ...


def own_plane(volume: Voxels, position: int, axis: int = 1) -> NDArray[Any]:
    """Values of plane ``position`` across ``axis`` of the volume's own grid.

    Shape: the two other axes in their order, so (i, k) for the coronal default.
    """
    index = _own_indices(volume.shape, position, axis)
    return volume.at(*index).squeeze(axis)


def own_points(shape: Sequence[int], positions: Sequence[int], axis: int) -> list[Points]:
    """What ``own_plane`` takes of a grid, for each of these planes."""
    return [_own_indices(shape, position, axis) for position in positions]


def sample_plane(
    moving: Voxels, grid: Grid, position: int, axis: int = 1, fill: float = -1000.0
) -> NDArray[np.float64]:
    """Values of ``moving`` at the voxel centres of plane ``position`` across ``axis`` of ``grid``.

    Shape as for ``own_plane``.  Trilinear.  A point within half a voxel of the border takes the
    border's value and a point farther out takes ``fill``, as ``itk::ResampleImageFilter`` with
    the identity transform does.  Works for oblique affines too.
    """
    index = _moving_indices(moving, grid, position, axis)
    values = _trilinear(moving, index)
    inside = np.ones((), dtype=np.bool_)
    for c, n in zip(index, moving.shape, strict=True):
        inside = inside & (c >= -0.5 - ROUNDING) & (c < n - 0.5 - ROUNDING)
    shape = [1 if a == axis else n for a, n in enumerate(grid.shape)]
    return np.where(inside, np.broadcast_to(values, shape), fill).squeeze(axis)


@dataclass(frozen=True, kw_only=True, slots=True)
class SampledPoints:
    """What ``sample_plane`` takes of ``moving``, for each of these planes across ``axis``.

    Made anew whenever they are gone through.  For grids that are not turned against each other the
    indices are rows, for oblique ones they have a value for each point of a plane.
    """

    moving: Grid
    grid: Grid
    positions: Sequence[int]
    axis: int = 1

    def __iter__(self) -> Iterator[Points]:
        for position in self.positions:
            index = _moving_indices(self.moving, self.grid, position, self.axis)
            yield from (points for points, _ in _cell(self.moving.shape, index))


def _own_indices(shape: Sequence[int], position: int, axis: int) -> Points:
    i, j, k = np.ix_(*(np.array([position]) if a == axis else np.arange(n)
                       for a, n in enumerate(shape)))  # fmt: skip
    return i, j, k


def indices_in(moving: Grid, grid: Grid, own: Sequence[Indices]) -> list[NDArray[np.float64]]:
    """Float indices into ``moving`` of voxels of ``grid``, as small as broadcasting allows.

    ``own`` are three indices that broadcast against each other.  Where the grids are parallel each
    result varies along one axis only.
    """
    found = []
    for row in (np.linalg.inv(moving.affine) @ grid.affine)[:3]:
        place: NDArray[np.float64] = np.zeros((1, 1, 1))
        for factor, along in zip(row[:3], own, strict=True):
            if factor:
                place = place + factor * along
        found.append(place + row[3])
    return found


def _moving_indices(
    moving: Grid, grid: Grid, position: int, axis: int
) -> list[NDArray[np.float64]]:
    return indices_in(moving, grid, _own_indices(grid.shape, position, axis))


Corner = tuple[Indices, Indices, NDArray[np.float64]]
"""Lower and upper neighbour along one axis, and how far a point lies towards the upper."""


def _corners(shape: Sequence[int], index: Sequence[NDArray[np.float64]]) -> list[Corner]:
    """Neighbours of float indices, clamped to the grid."""
    corners = []
    for c, n in zip(index, shape, strict=True):
        clamped = np.clip(c, 0, n - 1)
        low = np.minimum(clamped.astype(np.intp), max(n - 2, 0))
        corners.append((low, np.minimum(low + 1, n - 1), clamped - low))
    return corners


def _cell(
    shape: Sequence[int], index: Sequence[NDArray[np.float64]]
) -> Iterator[tuple[Points, NDArray[np.float64]]]:
    """The eight voxels around each float index, one kind of corner after the other, and weights."""
    corners = _corners(shape, index)
    for upper in np.ndindex(2, 2, 2):
        i, j, k = (c[1] if step else c[0] for c, step in zip(corners, upper, strict=True))
        weight: NDArray[np.float64] = np.ones(())
        for step, (_, _, part) in zip(upper, corners, strict=True):
            weight = weight * (part if step else 1.0 - part)
        yield (i, j, k), weight


def _trilinear(moving: Voxels, index: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.zeros(())
    for points, weight in _cell(moving.shape, index):
        total = total + weight * moving.at(*points)
    return total

"""Only what is shown is computed: a volume's values on one plane of another grid."""

from __future__ import annotations

from collections.abc import Sequence
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


class Voxels(Grid, Protocol):
    """A grid with values: a ``Volume``, or a ``Part`` of one."""

    def at(self, i: Indices, j: Indices, k: Indices) -> NDArray[Any]: ...


def own_plane(volume: Voxels, position: int, axis: int = 1) -> NDArray[Any]:
    """Values of plane ``position`` across ``axis`` of the volume's own grid.

    Shape: the two other axes in their order, so (i, k) for the coronal default.
    """
    index = _own_indices(volume.shape, position, axis)
    return volume.at(*index).squeeze(axis)


def own_indices(shape: Sequence[int], positions: Sequence[int], axis: int) -> list[Indices]:
    """Indices along i, j, k that the planes ``positions`` of a grid are made of."""
    index: list[Indices] = [np.arange(n) for n in shape]
    index[axis] = np.unique(np.array(positions, dtype=np.intp))
    return index


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


def sampled_indices(
    moving: Grid, grid: Grid, positions: Sequence[int], axis: int = 1
) -> list[Indices]:
    """Indices along i, j, k that ``sample_plane`` takes values from, for all these planes.

    For grids that are not turned against each other these are rows of the planes; for oblique
    ones the slab around them.
    """
    touched: list[set[int]] = [set(), set(), set()]
    for position in positions:
        corners = _corners(moving.shape, _moving_indices(moving, grid, position, axis))
        for seen, (low, high, _) in zip(touched, corners, strict=True):
            seen.update(np.unique(low).tolist(), np.unique(high).tolist())
    return [np.array(sorted(seen), dtype=np.intp) for seen in touched]


def _own_indices(shape: Sequence[int], position: int, axis: int) -> tuple[Indices, ...]:
    return np.ix_(*(np.array([position]) if a == axis else np.arange(n)
                    for a, n in enumerate(shape)))  # fmt: skip


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


def _trilinear(moving: Voxels, index: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    corners = _corners(moving.shape, index)
    total: NDArray[np.float64] = np.zeros(())
    for upper in np.ndindex(2, 2, 2):
        i, j, k = (c[1] if step else c[0] for c, step in zip(corners, upper, strict=True))
        weight: NDArray[np.float64] = np.ones(())
        for step, (_, _, part) in zip(upper, corners, strict=True):
            weight = weight * (part if step else 1.0 - part)
        total = total + weight * moving.at(i, j, k)
    return total

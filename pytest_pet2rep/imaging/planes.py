"""Only what is shown is computed: a volume's values on one coronal plane of another grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.volumes import Volume

ROUNDING = 1e-6
"""Indices this close to the border lie on it: the lower one belongs to the volume."""


def sample_plane(
    moving: Volume, grid: Volume, j: int, fill: float = -1000.0
) -> NDArray[np.float64]:
    """Values of ``moving`` at the voxel centres of coronal plane ``j`` of ``grid``: shape (i, k).

    Trilinear.  A point within half a voxel of the border takes the border's value and a point
    farther out takes ``fill``, as ``itk::ResampleImageFilter`` with the identity transform does.
    Works for oblique affines too.
    """
    to_moving = np.linalg.inv(moving.affine) @ grid.affine
    ni, _, nk = grid.data.shape
    i, k = np.arange(ni)[:, None], np.arange(nk)[None, :]
    index = [
        to_moving[axis, 0] * i + to_moving[axis, 1] * j + to_moving[axis, 2] * k
        + to_moving[axis, 3]
        for axis in range(3)
    ]  # fmt: skip
    values = _trilinear(moving.data, index)
    inside = np.logical_and.reduce(
        [
            (c >= -0.5 - ROUNDING) & (c < n - 0.5 - ROUNDING)
            for c, n in zip(index, moving.data.shape, strict=True)
        ]
    )
    return np.where(inside, values, fill)


def _trilinear(data: NDArray[Any], index: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Interpolate at float indices, clamped to the grid."""
    low, part = [], []
    for c, n in zip(index, data.shape, strict=True):
        clamped = np.clip(c, 0, n - 1)
        floor = np.minimum(clamped.astype(np.intp), max(n - 2, 0))
        low.append(floor)
        part.append(clamped - floor)
    total = np.zeros(np.broadcast_shapes(*(c.shape for c in index)))
    for corner in np.ndindex(2, 2, 2):
        at = tuple(
            np.minimum(lo + step, n - 1)
            for lo, step, n in zip(low, corner, data.shape, strict=True)
        )
        weight = np.ones(())
        for step, p in zip(corner, part, strict=True):
            weight = weight * (p if step else 1.0 - p)
        total += weight * data[at]
    return total

"""The largest uptake from front to back, taken from slices that pass by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.file_grid import FileGrid, pass_over


class Projecting:
    """Takes the largest value along j: shape (i, k), NaN only where all are."""

    def __init__(self, grid: FileGrid) -> None:
        self._grid = grid
        self._depth = grid.turn.axes[1]
        self._planes: list[NDArray[Any]] = []

    def take(self, n: int, plane: NDArray[Any]) -> None:
        values = self._grid.file.values(plane)
        if self._depth < 2:
            self._planes.append(np.fmax.reduce(values, axis=self._depth))
        elif self._planes:
            self._planes = [np.fmax(self._planes[0], values)]
        else:
            self._planes = [values.copy()]

    def projection(self) -> NDArray[Any]:
        """The projection of the whole file, once it has passed by."""
        turn = self._grid.turn
        seen = self._planes[0] if self._depth == 2 else np.stack(self._planes, axis=1)
        flips = [slice(None, None, -1 if turn.flipped[axis] else None) for axis in (0, 2)]
        upright = seen if turn.axes[0] < turn.axes[2] else seen.T
        return upright[flips[0], flips[1]]


def read_projection(grid: FileGrid) -> NDArray[Any]:
    """Read the projection of a file in one pass over it."""
    projecting = Projecting(grid)
    pass_over(grid, projecting)
    return projecting.projection()

"""A volume on disk of which only the header has been read, and one pass over its slices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.volumes import Indices, Turn, spacing_of, turn_to_ras
from pytest_pet2rep.imaging.voxel_files import VoxelFile, open_voxels, slices


@dataclass(frozen=True, kw_only=True, slots=True)
class FileGrid:
    """A ``Grid`` in RAS order whose voxels lie in ``file``, in the axis order of the file."""

    file: VoxelFile
    turn: Turn

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.file.shape[axis] for axis in self.turn.axes)

    @property
    def affine(self) -> NDArray[np.float64]:
        return self.turn.affine

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel edge lengths along i, j and k in mm."""
        return spacing_of(self.affine)

    def along_file(self, indices: Sequence[Indices]) -> list[Indices]:
        """Turn indices along R, A and S into indices along the axes of the file."""
        along: list[Indices] = [np.empty(0, dtype=np.intp)] * 3
        for axis, flip, n, index in zip(
            self.turn.axes, self.turn.flipped, self.shape, indices, strict=True
        ):
            along[axis] = n - 1 - index if flip else index
        return along


class Taker(Protocol):
    """Takes what it needs of each slice of a file that passes by."""

    def take(self, n: int, plane: NDArray[Any]) -> None:
        """Take slice ``n`` along the third axis of the file: stored voxels, shape (n0, n1)."""
        ...


def open_grid(path: Path) -> FileGrid:
    """Read the header of a volume; raises ``ImagingError`` as ``load_volume`` does."""
    file = open_voxels(path)
    return FileGrid(file=file, turn=turn_to_ras(file.affine, file.shape, str(path)))


def pass_over(grid: FileGrid, *takers: Taker) -> None:
    """Read a file once and let everybody take what he needs; ``ImagingError`` as ``slices``."""
    for n, plane in slices(grid.file):
        for taker in takers:
            taker.take(n, plane)

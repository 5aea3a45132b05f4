"""Planes through the hottest tissue that is not hot in everybody."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.file_grid import FileGrid
from pytest_pet2rep.imaging.volumes import Volume

BLOCK_MM = 8.0
"""Uptake is compared as means over cubes of this size, about 0.5 mL, so that noise does not win."""
APART_MM = 24.0
"""Least distance of two planes, so that one lesion does not take them all."""
BODY_SUV = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocks:
    """Mean SUV over cubes of about 8 mm, shape (i, j, k) in RAS order; NaN counts as 0.

    ``sizes`` are voxels of the PET along i, j and k in each; a rest at the upper borders is left
    out.
    """

    suv: NDArray[np.float64]
    sizes: tuple[int, int, int]
    spacing: tuple[float, float, float]
    """Edge lengths of the voxels of the PET, mm."""


class BlockAveraging:
    """Averages a PET over blocks, from slices that pass by in any order."""

    def __init__(self, shape: Sequence[int], spacing: tuple[float, float, float]) -> None:
        a, b, c = (
            min(max(1, round(BLOCK_MM / mm)), n) for mm, n in zip(spacing, shape, strict=True)
        )
        self._sizes, self._spacing = (a, b, c), spacing
        self._sums = np.zeros([n // size for n, size in zip(shape, self._sizes, strict=True)])

    def add(self, axis: int, position: int, values: NDArray[Any]) -> None:
        """Add the slice at ``position`` across ``axis``, its other two axes in RAS order."""
        block = position // self._sizes[axis]
        if block >= self._sums.shape[axis]:
            return
        (m, p), (n, q) = ((self._sums.shape[a], self._sizes[a]) for a in range(3) if a != axis)
        suv = values[: m * p, : n * q].astype(np.float64)
        suv = np.nan_to_num(suv, nan=0.0, posinf=0.0, neginf=0.0)
        index = tuple(block if a == axis else slice(None) for a in range(3))
        self._sums[index] += suv.reshape(m, p, n, q).sum(axis=(1, 3))

    def blocks(self) -> Blocks:
        """The means, once all slices have been added."""
        return Blocks(
            suv=self._sums / np.prod(self._sizes), sizes=self._sizes, spacing=self._spacing
        )


class FileAveraging(BlockAveraging):
    """Averages a file over blocks as its slices pass by."""

    def __init__(self, grid: FileGrid) -> None:
        super().__init__(grid.shape, grid.spacing)
        self._grid = grid
        self._axis = grid.turn.axes.index(2)

    def take(self, n: int, plane: NDArray[Any]) -> None:
        turn, axis = self._grid.turn, self._axis
        values = self._grid.file.values(plane)
        across = [a for a in range(3) if a != axis]
        if turn.axes[across[0]] > turn.axes[across[1]]:
            values = values.T
        steps = (slice(None, None, -1 if turn.flipped[a] else None) for a in across)
        position = self._grid.file.shape[2] - 1 - n if turn.flipped[axis] else n
        self.add(axis, position, values[tuple(steps)])


def blocks_of(pet: Volume) -> Blocks:
    """Average a PET in SUV (RAS order) over blocks."""
    averaging = BlockAveraging(pet.shape, pet.spacing)
    for k in range(pet.shape[2]):
        averaging.add(2, k, pet.data[:, :, k])
    return averaging.blocks()


def hottest_planes(blocks: Blocks, axis: int, count: int) -> tuple[int, ...]:
    """Choose ``count`` planes of the PET across ``axis``, in ascending order.

    Boxes around brain, heart, kidneys and bladder are left out.  The hottest block that is left
    gives the first plane (the middle one of the block), the hottest at least 24 mm from it the
    next.  The boxes lie at fixed distances from the top of the brain
    (``data/imaging/physiological.toml``): a rule to choose planes by, which a lesion inside a box
    or an organ outside of it defeats.

    Fewer planes come back where the grid has no more that are 24 mm apart; where all of it lies in
    boxes (a scan of the brain) nothing is left out.
    """
    step = np.array([mm * size for mm, size in zip(blocks.spacing, blocks.sizes, strict=True)])
    looked_at = ~_physiological(blocks.suv, step)
    if not looked_at.any():
        looked_at[:] = True
    others = tuple(a for a in range(3) if a != axis)
    profile = blocks.suv.max(axis=others, where=looked_at, initial=-np.inf)
    positions = np.arange(len(profile)) * step[axis]
    chosen: list[int] = []
    while len(chosen) < count and np.isfinite(profile).any():
        best = int(profile.argmax())
        chosen.append(best)
        profile = np.where(np.abs(positions - positions[best]) < APART_MM, -np.inf, profile)
    size = blocks.sizes[axis]
    return tuple(sorted(block * size + size // 2 for block in chosen))


def _physiological(suv: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Blocks that lie in one of the boxes."""
    body = suv > BODY_SUV
    inside = np.zeros(suv.shape, dtype=bool)
    if not body.any():
        return inside
    i, j, k = ((np.arange(n) + 0.5) * mm for n, mm in zip(suv.shape, step, strict=True))
    columns, rows = (np.flatnonzero(body.any(axis=other)) for other in ((1, 2), (0, 2)))
    left = (i[columns[0]] + i[columns[-1]]) / 2 - i
    front = j - (j[rows[0]] + j[rows[-1]]) / 2
    down = _brain_top(suv, body, step) - k
    for name, box in _boxes().items():
        if name != "landmark":
            near = [
                (at >= low) & (at <= high)
                for at, (low, high) in ((left, box["left"]), (front, box["front"]),
                                        (down, box["down"]))
            ]  # fmt: skip
            inside[np.ix_(*near)] = True
    return inside


def _brain_top(
    suv: NDArray[np.float64], body: NDArray[np.bool_], step: NDArray[np.float64]
) -> float:
    """Height in mm of the top of the brain, or of where it would be above the field."""
    from scipy.ndimage import label

    mark = _boxes()["landmark"]
    top = int(np.flatnonzero(body.any(axis=(0, 1)))[-1])
    lowest = max(top - int(mark["search_mm"] / step[2]), 0)
    marks, _ = label(suv[:, :, lowest : top + 1] > mark["brain_suv"])
    sizes = np.bincount(marks.ravel()) * float(np.prod(step)) / 1e3
    sizes[0] = 0.0
    large = np.flatnonzero(sizes >= mark["brain_ml"])
    if not large.size:
        return float((top + 1) * step[2] + mark["missing_mm"])
    height = int(np.flatnonzero(np.isin(marks, large).any(axis=(0, 1)))[-1])
    return float((lowest + height + 1) * step[2])


@cache
def _boxes() -> dict[str, Any]:
    source = resources.files("pytest_pet2rep").joinpath("data/imaging/physiological.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))

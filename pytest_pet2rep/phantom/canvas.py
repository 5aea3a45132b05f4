"""A label map that solids are painted into, and the frames in which the body is described."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.phantom.tissues import tissues

Point = tuple[float, float, float]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Positions of the grid's voxels in centimetres of the adult reference body.

    The frame of MIRD-5 and Cristy and Eckerman (ORNL/TM-8381): the origin in the middle of the
    base of the trunk, x to the body's left, y to posterior, z up.  A smaller body is the same
    description on a stretched frame, which is how the reference series of ages was made.
    ``x``, ``y`` and ``z`` rise.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    z: NDArray[np.float32]

    def box(self, low: Point, high: Point) -> Box:
        """Smallest block of voxels whose centres lie between two corners."""
        cuts = [
            slice(int(np.searchsorted(c, lo)), int(np.searchsorted(c, hi, side="right")))
            for c, lo, hi in zip((self.x, self.y, self.z), low, high, strict=True)
        ]
        return cuts[0], cuts[1], cuts[2]

    def open(self, box: Box) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Coordinates of a block, shaped to broadcast to (i, j, k)."""
        return (
            self.x[box[0]][:, None, None],
            self.y[box[1]][None, :, None],
            self.z[box[2]][None, None, :],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """Some voxels: a block of the grid and which of its voxels belong."""

    box: Box
    mask: NDArray[np.bool_]


class Canvas:
    """The label map of one body while it is painted; later paint covers earlier."""

    def __init__(self, trunk: Frame, head: Frame, seed: int) -> None:
        self.trunk = trunk
        self.head = head
        self.seed = seed
        self.labels: NDArray[np.uint8] = np.zeros(
            (trunk.x.size, trunk.y.size, trunk.z.size), dtype=np.uint8
        )

    def fill(
        self, regions: Region | Iterable[Region], tissue: str, over: tuple[str, ...] = ()
    ) -> None:
        """Paint regions with one tissue; with ``over``, only where one of these tissues is."""
        number = tissues()[tissue].number
        for region in [regions] if isinstance(regions, Region) else regions:
            if not region.mask.any():
                continue
            block = self.labels[region.box]
            mask = region.mask
            if over:
                mask = mask & np.isin(block, [tissues()[name].number for name in over])
            block[mask] = number

    def vary(self, name: str, shift_cm: float = 0.3, scale: float = 0.05) -> tuple[Any, float]:
        """Return this subject's displacement (x, y, z in cm) and size factor of one organ."""
        rng = stream(self.seed, f"shape of {name}")
        shift = np.clip(rng.normal(0, shift_cm / 2, 3), -shift_cm, shift_cm)
        factor = 1 + float(np.clip(rng.normal(0, scale / 2), -scale, scale))
        return shift, factor

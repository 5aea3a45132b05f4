"""How far the values of a volume reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """Voxels, how many of them are finite, and the range of those (NaN where there are none)."""

    voxels: int
    finite: int
    low: float
    high: float


def extent_of(values: NDArray[Any]) -> Extent:
    """Measure an array of numbers of any shape."""
    finite = values
    if values.dtype.kind == "f" and not (usable := np.isfinite(values)).all():
        finite = values[usable]
    if not finite.size:
        return Extent(voxels=values.size, finite=0, low=np.nan, high=np.nan)
    return Extent(
        voxels=values.size, finite=finite.size, low=float(finite.min()), high=float(finite.max())
    )


def joined(parts: Iterable[Extent]) -> Extent:
    """Return the extent of what the parts are made of."""
    all_parts = list(parts)
    return Extent(
        voxels=sum(part.voxels for part in all_parts),
        finite=sum(part.finite for part in all_parts),
        low=float(np.fmin.reduce([part.low for part in all_parts])),
        high=float(np.fmax.reduce([part.high for part in all_parts])),
    )

"""The two colour maps for PET, computed from their definitions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# matplotlib's ``hot`` (Hunter 2007; after Matlab's) is piecewise linear in each channel.  Red
# starts at 0.0416 and is full at 0.365079; green and blue climb one after the other.
_HOT = {
    "red": ((0.0, 0.365079, 1.0), (0.0416, 1.0, 1.0)),
    "green": ((0.0, 0.365079, 0.746032, 1.0), (0.0, 0.0, 1.0, 1.0)),
    "blue": ((0.0, 0.746032, 1.0), (0.0, 0.0, 1.0)),
}


@cache
def colour_table(name: str) -> NDArray[Any]:
    """Return the 256 colours of ``hot`` or ``gray``: float64, shape (256, 3), values 0 to 255."""
    position = np.linspace(0.0, 1.0, 256)
    channels = (
        [np.interp(position, *_HOT[channel]) for channel in ("red", "green", "blue")]
        if name == "hot"
        else [position] * 3
    )
    table = np.stack(channels, axis=1) * 255.0
    table.setflags(write=False)
    return table

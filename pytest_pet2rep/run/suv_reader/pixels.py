"""From 8-bit images back to SUV and CT grey: the inverse of the rendering.

A fused pixel is ``alpha * hot(SUV) + (1 - alpha) * grey``.  Grey moves all channels alike, so the
differences between channels depend on SUV alone, and they are different for every level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.errors import GenerationFailed
from pytest_pet2rep.imaging.colours import colour_table
from pytest_pet2rep.imaging.options import ViewOptions, Views
from pytest_pet2rep.types import SentImage

FUSED, SEPARATE = ViewOptions(), ViewOptions(views=Views.SEPARATE)
"""The default displays: colour map, SUV at its end, weight of the PET."""

DARK = 100
"""Below this value in every channel a pixel without colour is black, not the map's white end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plane:
    """One coronal plane as it can be measured in an image: float32, shape (rows, columns).

    ``suv`` ends at ``suv_end``, the upper end of the colour map; ``grey`` is the CT's grey, 0 to
    255.  Row 0 is the head, column 0 the patient's right.
    """

    suv_end: float
    suv: NDArray[np.float32]
    grey: NDArray[np.float32]


def measured_planes(images: Sequence[SentImage]) -> tuple[Plane, ...]:
    """Invert the colours of fused images, or of separate ones: PET planes, then CT planes.

    Which of the two it is shows in the pixels: only CT images are grey all over.  Raises
    ``GenerationFailed`` where the images are neither.
    """
    pictures = [np.asarray(image.pixels) for image in images]
    if not pictures or any(p.shape != pictures[0].shape for p in pictures):
        raise GenerationFailed("the images are missing, or not of one size: nothing to measure")
    half = len(pictures) // 2
    if half and len(pictures) == 2 * half and all(_is_grey(p) for p in pictures[half:]):
        return tuple(
            Plane(
                suv_end=SEPARATE.suv_max,
                suv=_level(pet, 1.0) * np.float32(SEPARATE.suv_max / 255),
                grey=ct[:, :, 0].astype(np.float32),
            )
            for pet, ct in zip(pictures[:half], pictures[half:], strict=True)
        )
    return tuple(_unmixed(picture) for picture in pictures)


def _is_grey(picture: NDArray[Any]) -> bool:
    return bool((picture == picture[:, :, :1]).all())


def _unmixed(picture: NDArray[Any]) -> Plane:
    level = _level(picture, FUSED.alpha)
    colour = FUSED.alpha * colour_table(FUSED.colormap)[level]
    grey = (picture - colour).mean(axis=2) / (1 - FUSED.alpha)
    return Plane(
        suv_end=FUSED.suv_max,
        suv=level * np.float32(FUSED.suv_max / 255),
        grey=np.clip(grey, 0, 255).astype(np.float32),
    )


def _level(picture: NDArray[Any], alpha: float) -> NDArray[np.uint8]:
    """Level whose colour differs least from each pixel once grey is taken out."""
    signed = picture.astype(np.int16)
    step = 256
    red_green = np.clip(signed[:, :, 0] - signed[:, :, 1], -step, step - 1) + step
    green_blue = np.clip(signed[:, :, 1] - signed[:, :, 2], -step, step - 1) + step
    level: NDArray[np.uint8] = _nearest_levels(alpha)[red_green, green_blue]
    level[(signed.max(axis=2) < DARK) & (level > 0.9 * 255)] = 0
    return level


@cache
def _nearest_levels(alpha: float) -> NDArray[np.uint8]:
    """Level for every pair of channel differences from -256 to 255."""
    from scipy.spatial import cKDTree

    table = alpha * colour_table(FUSED.colormap)
    wanted = np.stack([table[:, 0] - table[:, 1], table[:, 1] - table[:, 2]], axis=1)
    values = np.arange(-256, 256)
    pairs = np.stack(np.meshgrid(values, values, indexing="ij"), axis=-1).reshape(-1, 2)
    _, nearest = cKDTree(wanted).query(pairs)
    levels: NDArray[np.uint8] = nearest.astype(np.uint8).reshape(512, 512)
    return levels

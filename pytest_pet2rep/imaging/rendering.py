"""Coronal slices of PET and CT as 8-bit images, the way the model gets to see them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.colours import colour_table
from pytest_pet2rep.imaging.options import ViewOptions, Views, plane_indices
from pytest_pet2rep.imaging.planes import sample_plane
from pytest_pet2rep.imaging.volumes import Volume
from pytest_pet2rep.types import SentImage

CT_FILL = -1000.0
"""HU outside the CT field of view: air."""


def render_views(
    pet: Volume, ct: Volume, options: ViewOptions | None = None
) -> tuple[SentImage, ...]:
    """Render the coronal planes that ``options`` asks for, CT resampled linearly onto the PET.

    ``pet`` in SUV, ``ct`` in HU, both in RAS order.  Radiological convention: the patient's
    right is on the image's left, the head is up.  Pixels are uint8, shape (rows, columns, 3);
    one pixel per PET voxel unless ``aspect`` is set.  ``FUSED`` gives one image a plane,
    ``SEPARATE`` the PET images and then the CT images.

    Raises ``UsageProblem`` for a plane that the PET does not have.
    """
    options = options or ViewOptions()
    shown = plane_indices(options, pet.data.shape[1])
    hot = [_pet_colours(pet, j, options) for j in shown]
    grey = [_ct_greys(sample_plane(ct, pet, j, CT_FILL), options) for j in shown]
    stretch = pet.spacing[2] / pet.spacing[0] if options.aspect else 1.0
    if options.views is Views.FUSED:
        fused = [
            options.alpha * p + (1 - options.alpha) * c for p, c in zip(hot, grey, strict=True)
        ]
        return tuple(
            _image(f"fused_{j:03d}", f, stretch) for j, f in zip(shown, fused, strict=True)
        )
    return tuple(
        _image(f"{kind}_{j:03d}", plane, stretch)
        for kind, planes in (("pet", hot), ("ct", grey))
        for j, plane in zip(shown, planes, strict=True)
    )


def _pet_colours(pet: Volume, j: int, options: ViewOptions) -> NDArray[Any]:
    suv = np.nan_to_num(pet.data[:, j, :].astype(np.float64), nan=0.0)
    level = np.rint(np.clip(suv / options.suv_max, 0.0, 1.0) * 255.0).astype(np.intp)
    return colour_table(options.colormap)[level]


def _ct_greys(hu: NDArray[np.float64], options: ViewOptions) -> NDArray[Any]:
    low, high = options.ct_window
    grey = np.clip((np.nan_to_num(hu, nan=CT_FILL) - low) / (high - low), 0.0, 1.0) * 255.0
    return np.repeat(grey[:, :, None], 3, axis=2)


def _image(name: str, plane: NDArray[Any], stretch: float) -> SentImage:
    """Turn an (i, k, 3) plane, i to the right and k to the head, into rows and columns."""
    upright = plane[::-1, ::-1].transpose(1, 0, 2)
    if stretch != 1.0:
        upright = _stretch_rows(upright, stretch)
    return SentImage(name=name, pixels=np.ascontiguousarray(np.rint(upright).astype(np.uint8)))


def _stretch_rows(picture: NDArray[Any], stretch: float) -> NDArray[Any]:
    rows = picture.shape[0]
    wanted = max(1, round(rows * stretch))
    at = np.clip((np.arange(wanted) + 0.5) / wanted * rows - 0.5, 0, rows - 1)
    low = np.minimum(at.astype(np.intp), max(rows - 2, 0))
    high = np.minimum(low + 1, rows - 1)
    part = (at - low)[:, None, None]
    stretched: NDArray[Any] = (1 - part) * picture[low] + part * picture[high]
    return stretched

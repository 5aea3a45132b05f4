"""Slices of PET and CT as 8-bit images, the way the model gets to see them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.colours import colour_table
from pytest_pet2rep.imaging.options import Choice, Plane, ViewOptions, Views, plane_indices
from pytest_pet2rep.imaging.parts import FileGrid, Part, open_grid, read_part, read_projection
from pytest_pet2rep.imaging.planes import (
    Voxels,
    own_indices,
    own_plane,
    sample_plane,
    sampled_indices,
)
from pytest_pet2rep.imaging.uptake import hottest_planes
from pytest_pet2rep.imaging.volumes import Volume, load_volume, spacing_of
from pytest_pet2rep.types import SentImage

CT_FILL = -1000.0
"""HU outside the CT field of view: air."""
PICTURE_AXES = {Plane.CORONAL: (0, 2), Plane.AXIAL: (0, 1), Plane.SAGITTAL: (1, 2)}
PICTURE_AXES[Plane.MIP] = PICTURE_AXES[Plane.CORONAL]


def render_views(
    pet: Volume, ct: Volume, options: ViewOptions | None = None
) -> tuple[SentImage, ...]:
    """Render the planes that ``options`` asks for, CT resampled linearly onto the PET.

    ``pet`` in SUV, ``ct`` in HU, both in RAS order.  Radiological convention: the patient's
    right is on the image's left (sagittal: the front is), head or front is up.  Pixels are uint8,
    shape (rows, columns, 3); one pixel per PET voxel unless ``aspect`` is set.  ``FUSED`` gives
    one image a plane, ``SEPARATE`` the PET images and then the CT images; ``Plane.MIP`` is one
    image of the PET alone in both.

    Raises ``UsageProblem`` for a plane that the PET does not have.
    """
    options = options or ViewOptions()
    if options.plane is Plane.MIP:
        return (render_projection(np.fmax.reduce(pet.data, axis=1), pet.affine, options),)
    return render_planes(pet, ct, shown_planes(pet, options), options)


def render_files(pet: Path, ct: Path, options: ViewOptions | None = None) -> tuple[SentImage, ...]:
    """Render what ``render_views`` renders of two files, without holding the volumes.

    Each file is read once, slice by slice, and only the rows that the planes need are kept; for
    ``Choice.UPTAKE`` the PET is held.  The CT is not read for ``Plane.MIP``.

    Raises ``ImagingError`` as ``load_volume`` does and ``UsageProblem`` as ``render_views`` does.
    """
    options = options or ViewOptions()
    if options.plane is Plane.MIP:
        grid = open_grid(pet)
        return (render_projection(read_projection(grid), grid.affine, options),)
    ct_grid = open_grid(ct)  # a broken header is found before anything long starts
    shown_pet, shown = _pet_and_planes(pet, options)
    axis = options.plane.axis
    shown_ct = read_part(ct_grid, sampled_indices(ct_grid, shown_pet, shown, axis))
    return render_planes(shown_pet, shown_ct, shown, options)


def _pet_and_planes(path: Path, options: ViewOptions) -> tuple[Volume | Part, tuple[int, ...]]:
    if options.choice is Choice.UPTAKE:
        whole = load_volume(path)
        return whole, shown_planes(whole, options)
    grid: FileGrid = open_grid(path)
    axis = options.plane.axis
    shown = plane_indices(options, grid.shape[axis])
    return read_part(grid, own_indices(grid.shape, shown, axis)), shown


def shown_planes(pet: Volume, options: ViewOptions) -> tuple[int, ...]:
    """Choose indices along ``options.plane.axis`` of the PET; ``UsageProblem`` as above."""
    if options.choice is Choice.UPTAKE:
        return hottest_planes(pet, options.plane.axis, options.count)
    return plane_indices(options, pet.shape[options.plane.axis])


def render_planes(
    pet: Voxels, ct: Voxels, shown: Sequence[int], options: ViewOptions
) -> tuple[SentImage, ...]:
    """Render these planes, whichever ``options`` would choose; they must not be a projection."""
    axis = options.plane.axis
    stretch = _stretch(pet.affine, options)
    hot = [_pet_colours(own_plane(pet, n, axis), options) for n in shown]
    grey = [_ct_greys(sample_plane(ct, pet, n, axis, CT_FILL), options) for n in shown]
    names = [_name(options.plane, n) for n in shown]
    if options.views is Views.FUSED:
        fused = [
            options.alpha * p + (1 - options.alpha) * c for p, c in zip(hot, grey, strict=True)
        ]
        return tuple(
            _image(f"fused_{name}", f, stretch) for name, f in zip(names, fused, strict=True)
        )
    return tuple(
        _image(f"{kind}_{name}", plane, stretch)
        for kind, planes in (("pet", hot), ("ct", grey))
        for name, plane in zip(names, planes, strict=True)
    )


def render_projection(
    suv: NDArray[Any], affine: NDArray[np.float64], options: ViewOptions
) -> SentImage:
    """Render largest uptakes along j, shape (i, k), of a PET with this affine."""
    return _image("pet_mip", _pet_colours(suv, options), _stretch(affine, options))


def _name(plane: Plane, index: int) -> str:
    return f"{index:03d}" if plane is Plane.CORONAL else f"{plane}_{index:03d}"


def _stretch(affine: NDArray[np.float64], options: ViewOptions) -> float:
    across, down = PICTURE_AXES[options.plane]
    spacing = spacing_of(affine)
    return spacing[down] / spacing[across] if options.aspect else 1.0


def _pet_colours(plane: NDArray[Any], options: ViewOptions) -> NDArray[Any]:
    suv = np.nan_to_num(plane.astype(np.float64), nan=0.0)
    level = np.rint(np.clip(suv / options.suv_max, 0.0, 1.0) * 255.0).astype(np.intp)
    return colour_table(options.colormap)[level]


def _ct_greys(hu: NDArray[np.float64], options: ViewOptions) -> NDArray[Any]:
    low, high = options.ct_window
    grey = np.clip((np.nan_to_num(hu, nan=CT_FILL) - low) / (high - low), 0.0, 1.0) * 255.0
    return np.repeat(grey[:, :, None], 3, axis=2)


def _image(name: str, plane: NDArray[Any], stretch: float) -> SentImage:
    """Turn a (right or front, up, 3) plane into rows and columns."""
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

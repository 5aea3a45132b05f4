"""Slices of PET and CT as 8-bit images, the way the model gets to see them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.colours import colour_table
from pytest_pet2rep.imaging.file_grid import FileGrid, open_grid, pass_over
from pytest_pet2rep.imaging.options import Choice, Plane, ViewOptions, Views, plane_indices
from pytest_pet2rep.imaging.parts import read_part
from pytest_pet2rep.imaging.planes import (
    SampledPoints,
    Voxels,
    own_plane,
    own_points,
    sample_plane,
)
from pytest_pet2rep.imaging.projections import read_projection
from pytest_pet2rep.imaging.uptake import FileAveraging, blocks_of, hottest_planes
from pytest_pet2rep.imaging.volumes import Volume, spacing_of
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

    Each file is read once, slice by slice, and only the voxels that the planes need are kept; for
    ``Choice.UPTAKE`` the PET is read twice.  The CT is not read for ``Plane.MIP``.

    Raises ``ImagingError`` as ``load_volume`` does and ``UsageProblem`` as ``render_views`` does.
    """
    options = options or ViewOptions()
    grid = open_grid(pet)
    if options.plane is Plane.MIP:
        return (render_projection(read_projection(grid), grid.affine, options),)
    ct_grid = open_grid(ct)  # a broken header is found before anything long starts
    axis = options.plane.axis
    shown = planes_of_file(grid, options)
    shown_pet = read_part(grid, own_points(grid.shape, shown, axis))
    points = SampledPoints(moving=ct_grid, grid=grid, positions=shown, axis=axis)
    return render_planes(shown_pet, read_part(ct_grid, points), shown, options)


def planes_of_file(grid: FileGrid, options: ViewOptions) -> tuple[int, ...]:
    """Choose what ``shown_planes`` does of a file, which is read for ``Choice.UPTAKE`` only."""
    axis = options.plane.axis
    if options.choice is not Choice.UPTAKE:
        return plane_indices(options, grid.shape[axis])
    averaging = FileAveraging(grid)
    pass_over(grid, averaging)
    return hottest_planes(averaging.blocks(), axis, options.count)


def shown_planes(pet: Volume, options: ViewOptions) -> tuple[int, ...]:
    """Choose indices along ``options.plane.axis`` of the PET; ``UsageProblem`` as above."""
    if options.choice is Choice.UPTAKE:
        return hottest_planes(blocks_of(pet), options.plane.axis, options.count)
    return plane_indices(options, pet.shape[options.plane.axis])


def render_planes(
    pet: Voxels, ct: Voxels, shown: Sequence[int], options: ViewOptions
) -> tuple[SentImage, ...]:
    """Render these planes, whichever ``options`` would choose; they must not be a projection."""
    stretch = _stretch(pet.affine, options)

    def image(kind: str, n: int, pixels: NDArray[Any]) -> SentImage:
        return _image(f"{kind}_{_name(options.plane, n)}", pixels, stretch)

    def hot(n: int) -> NDArray[Any]:
        return _pet_colours(own_plane(pet, n, options.plane.axis), options)

    def grey(n: int) -> NDArray[Any]:
        return _ct_greys(sample_plane(ct, pet, n, options.plane.axis, CT_FILL), options)

    if options.views is Views.FUSED:
        weight = options.alpha
        return tuple(image("fused", n, weight * hot(n) + (1 - weight) * grey(n)) for n in shown)
    return (*(image("pet", n, hot(n)) for n in shown), *(image("ct", n, grey(n)) for n in shown))


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

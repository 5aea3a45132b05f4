"""The slices of one series put in order and placed in space, or refused with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.dicom_headers import SliceHeader

SAME_PLACE_MM = 0.01
OFF_GRID = 0.05
"""How far a slice may lie from its place on a regular grid, as a part of the spacing ..."""
OFF_GRID_MM = 0.1
"""... or in mm, whichever is more: positions are often rounded to a tenth."""
SAME_DIRECTION = 1e-3
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """Slices in order along their normal.

    ``affine`` is 4 x 4 from (column, row, slice) to RAS millimetres; ``shape`` counts the same.
    """

    slices: tuple[SliceHeader, ...]
    affine: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.slices[0].columns, self.slices[0].rows, len(self.slices)

    @property
    def bounds(self) -> NDArray[np.float64]:
        """Lowest and highest RAS coordinates of the voxel borders in mm: shape (2, 3)."""
        corners = np.array(list(np.ndindex(2, 2, 2))) * np.array(self.shape) - 0.5
        places = corners @ self.affine[:3, :3].T + self.affine[:3, 3]
        return np.stack([places.min(axis=0), places.max(axis=0)])


def stack_slices(headers: Sequence[SliceHeader]) -> Stack:
    """Sort the slices of a series along their normal and check that they make a regular grid.

    Position = first pixel + column x direction of a row x spacing + row x direction of a column x
    spacing (DICOM PS3.3 C.7.6.2.1.1); LPS becomes RAS by the signs of x and y.  A tilted gantry
    gives a sheared affine, as it is.

    Raises ``ImagingError`` for fewer than two slices, slices that differ in size, spacing or
    direction, that share a place, or that are missing.
    """
    first = headers[0]
    _check_alike(headers)
    along_row, along_column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    normal = np.cross(along_row, along_column)
    places = np.array([header.position for header in headers])
    order = np.argsort(places @ normal, kind="stable")
    places = places[order]
    _check_spacing(places @ normal)
    step = (places[-1] - places[0]) / (len(places) - 1)
    _check_on_grid(places, step)
    lps = np.eye(4)
    lps[:3, 0] = along_row * first.spacing[1]
    lps[:3, 1] = along_column * first.spacing[0]
    lps[:3, 2] = step
    lps[:3, 3] = places[0]
    return Stack(slices=tuple(headers[i] for i in order), affine=LPS_TO_RAS @ lps)


def _check_alike(headers: Sequence[SliceHeader]) -> None:
    first = headers[0]
    for header in headers:
        if header.images > 1:
            raise ImagingError(
                f"{header.images} images in one file (enhanced DICOM) cannot be read: export the "
                f"series with one file per slice"
            )
        sizes = (len(header.spacing), len(header.position), len(header.orientation))
        if sizes != (2, 3, 6) or min(header.spacing) <= 0:
            raise ImagingError(
                "a slice lacks Pixel Spacing (0028,0030), Image Position (0020,0032) or Image "
                "Orientation (0020,0037): it has no place in space"
            )
        if (header.rows, header.columns) != (first.rows, first.columns):
            raise ImagingError(
                f"slices of {first.rows} x {first.columns} and of {header.rows} x "
                f"{header.columns} pixels in one series"
            )
        if not np.allclose(header.spacing, first.spacing, rtol=1e-3):
            raise ImagingError(
                f"pixels of {first.spacing[0]:g} and of {header.spacing[0]:g} mm in one series"
            )
        if not np.allclose(header.orientation, first.orientation, atol=SAME_DIRECTION):
            raise ImagingError("slices of different directions in one series")
    if len(headers) < 2:
        raise ImagingError("a series of one slice makes no volume")
    along_row, along_column = np.array(first.orientation[:3]), np.array(first.orientation[3:])
    lengths = np.linalg.norm(along_row), np.linalg.norm(along_column)
    if not np.allclose([*lengths, along_row @ along_column], [1, 1, 0], atol=SAME_DIRECTION):
        raise ImagingError("Image Orientation (0020,0037) is no pair of perpendicular directions")


def _check_spacing(along: NDArray[np.float64]) -> None:
    """``along`` are sorted distances along the normal in mm."""
    gaps = np.diff(along)
    shared = int((gaps < SAME_PLACE_MM).sum())
    if shared:
        raise ImagingError(
            f"{shared} of {len(along)} slices share their place with another: several times or "
            f"phases in one series, export one of them"
        )
    usual = float(np.median(gaps))
    off = np.abs(gaps - usual) > max(OFF_GRID * usual, OFF_GRID_MM)
    if not off.any():
        return
    steps = np.rint(gaps / usual)
    whole = np.abs(gaps - steps * usual) <= max(OFF_GRID * usual, OFF_GRID_MM)
    if whole.all() and (steps >= 1).all():
        missing, where = int((steps - 1).sum()), int(np.argmax(steps > 1)) + 1
        raise ImagingError(
            f"{missing} slices are missing (the first after slice {where} of {len(along)}): "
            f"export the whole series"
        )
    raise ImagingError(
        f"the slices are not evenly spaced: {gaps.min():.2f} to {gaps.max():.2f} mm apart, mostly "
        f"{usual:.2f} mm"
    )


def _check_on_grid(places: NDArray[np.float64], step: NDArray[np.float64]) -> None:
    expected = places[0] + np.arange(len(places))[:, None] * step
    off = float(np.linalg.norm(places - expected, axis=1).max())
    if off > max(OFF_GRID * float(np.linalg.norm(step)), OFF_GRID_MM):
        raise ImagingError(f"a slice lies {off:.2f} mm beside its place on a regular grid")

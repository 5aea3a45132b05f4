"""Reading volumes: any NIfTI that nibabel reads, turned to RAS by its affine, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.extent import Extent, extent_of
from pytest_pet2rep.imaging.voxel_files import open_voxels, slices

Indices = NDArray[np.intp]

STORED_STEP = 1 / 512
"""SUV per integer step in files that ``save_volume`` writes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """A scalar volume in RAS order: axes run nearest to right, anterior and superior.

    ``data`` has shape (i, j, k), i towards the patient's right, j to anterior, k to the head
    (exactly along these for straight scans, nearest to them for oblique ones); SUV for PET, HU
    for CT.  ``affine`` is 4 x 4, voxel index to RAS millimetres.
    """

    data: NDArray[Any]
    affine: NDArray[np.float64]

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel edge lengths along i, j and k in mm."""
        return spacing_of(self.affine)

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along i, j and k."""
        return self.data.shape

    @property
    def extent(self) -> Extent:
        """Range of the values, measured anew each time."""
        return extent_of(self.data)

    def at(self, i: Indices, j: Indices, k: Indices) -> NDArray[Any]:
        """Values at voxel indices that broadcast against each other."""
        values: NDArray[Any] = self.data[i, j, k]
        return values


def spacing_of(affine: NDArray[np.float64]) -> tuple[float, float, float]:
    """Voxel edge lengths in mm along the three axes of an affine."""
    x, y, z = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    return float(x), float(y), float(z)


def canonical(data: NDArray[Any], affine: NDArray[np.float64], where: str = "volume") -> Volume:
    """Reorder and flip axes so that they run nearest to R, A and S; no value is changed.

    Raises ``ImagingError`` unless the data is 3D and the affine finite and invertible.
    """
    if data.ndim > 3 and all(n == 1 for n in data.shape[3:]):
        data = data.reshape(data.shape[:3])
    if data.ndim != 3 or 0 in data.shape:
        raise ImagingError(f"{where}: has shape {data.shape}; a volume needs three axes")
    turn = turn_to_ras(affine, data.shape, where)
    return Volume(data=turn.apply(data), affine=turn.affine)


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """How the axes of a file become those of a ``Volume``.

    ``axes[r]`` is the axis of the file that runs along R, A or S (r = 0, 1, 2), ``flipped[r]``
    whether it runs the other way; ``affine`` is that of the turned grid.
    """

    axes: tuple[int, ...]
    flipped: tuple[bool, ...]
    affine: NDArray[np.float64]

    def apply(self, data: NDArray[Any]) -> NDArray[Any]:
        """Return a view of ``data`` with its axes in RAS order."""
        steps = (slice(None, None, -1 if flip else None) for flip in self.flipped)
        return data.transpose(self.axes)[tuple(steps)]


def turn_to_ras(affine: NDArray[np.float64], shape: tuple[int, ...], where: str) -> Turn:
    """Find the nearest axis permutation and flips to RAS; the affine must be usable for that."""
    from nibabel.orientations import inv_ornt_aff, io_orientation

    affine = np.asarray(affine, dtype=np.float64)
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        raise ImagingError(f"{where}: the affine is not finite; write it again with a valid affine")
    orientation = io_orientation(affine)
    if abs(np.linalg.det(affine[:3, :3])) < 1e-9 or not np.isfinite(orientation).all():
        raise ImagingError(f"{where}: the affine is singular; write it again with a valid affine")
    axes = tuple(int(f) for f in np.argsort(orientation[:, 0]))
    flipped = tuple(bool(orientation[f, 1] < 0) for f in axes)
    if axes != (0, 1, 2) or any(flipped):
        affine = affine @ inv_ornt_aff(orientation, shape)
    return Turn(axes=axes, flipped=flipped, affine=affine)


def load_volume(path: Path) -> Volume:
    """Read a NIfTI (or another file that nibabel knows), turned to RAS.

    Integers that are stored without scaling keep their type; everything else becomes float32.

    Raises ``ImagingError`` with the path and the reason for anything that is not a readable 3D
    volume: missing, a folder, empty, cut off, 2D, several frames, unusable affine or values.
    """
    file = open_voxels(path)
    turn = turn_to_ras(file.affine, file.shape, str(path))
    data = np.empty(file.shape, dtype=file.dtype, order="F")
    for k, plane in slices(file):
        data[:, :, k] = file.values(plane)
    return Volume(data=turn.apply(data), affine=turn.affine)


def save_volume(volume: Volume, path: Path) -> None:
    """Write a volume as NIfTI-1; a float volume whose values are whole multiples of 1/512 (SUV of
    the phantoms) is stored as scaled 16-bit integers without loss, the rest in its own type.
    """
    import nibabel as nib

    data = volume.data
    if data.dtype.kind == "f":
        steps = np.rint(data / STORED_STEP)
        exact = np.abs(steps).max(initial=0) < 2**15 and np.array_equal(
            (steps * STORED_STEP).astype(np.float32), data
        )
        if exact:
            image = nib.Nifti1Image(steps.astype(np.int16), volume.affine)
            image.header.set_slope_inter(STORED_STEP, 0)
            image.to_filename(path)
            return
    nib.Nifti1Image(data, volume.affine).to_filename(path)

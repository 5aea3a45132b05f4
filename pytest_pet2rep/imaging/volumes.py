"""Reading volumes: any NIfTI that nibabel reads, turned to RAS by its affine, never by its name."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.errors import ImagingError

MAX_VOXELS = 2**31
"""A grid above this (8 GiB as float32) is taken for a broken header."""
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
        x, y, z = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return float(x), float(y), float(z)


def canonical(data: NDArray[Any], affine: NDArray[np.float64], where: str = "volume") -> Volume:
    """Reorder and flip axes so that they run nearest to R, A and S; no value is changed.

    Raises ``ImagingError`` unless the data is 3D and the affine finite and invertible.
    """
    import nibabel as nib
    from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

    if data.ndim > 3 and all(n == 1 for n in data.shape[3:]):
        data = data.reshape(data.shape[:3])
    if data.ndim != 3 or 0 in data.shape:
        raise ImagingError(f"{where}: has shape {data.shape}; a volume needs three axes")
    affine = np.asarray(affine, dtype=np.float64)
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        raise ImagingError(f"{where}: the affine is not finite; write it again with a valid affine")
    if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise ImagingError(f"{where}: the affine is singular; write it again with a valid affine")
    orientation = io_orientation(affine)
    if nib.orientations.aff2axcodes(affine) != ("R", "A", "S"):
        affine = affine @ inv_ornt_aff(orientation, data.shape)
        data = apply_orientation(data, orientation)
    return Volume(data=data, affine=affine)


def load_volume(path: Path) -> Volume:
    """Read a NIfTI (or another file that nibabel knows), turned to RAS.

    Integers that are stored without scaling keep their type; everything else becomes float32.

    Raises ``ImagingError`` with the path and the reason for anything that is not a readable 3D
    volume: missing, a folder, empty, cut off, 2D, several frames, unusable affine or values.
    """
    import nibabel as nib
    from nibabel.filebasedimages import ImageFileError

    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist or cannot be followed"
        raise ImagingError(f"{path}: {what}; a volume must be a NIfTI file")
    try:
        image = nib.load(path)
        _check_header(image, path)
        data = _voxels(image)
    except ImagingError:
        raise
    except (OSError, EOFError, ValueError, TypeError, OverflowError, zlib.error) as why:
        raise ImagingError(f"{path}: cannot be read as a volume ({_first_line(why)})") from why
    except ImageFileError as why:
        raise ImagingError(f"{path}: is not a volume file ({_first_line(why)})") from why
    if data.dtype.kind == "f" and not np.isfinite(data).any():
        raise ImagingError(f"{path}: holds no finite value")
    return canonical(data, image.affine, str(path))


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


def _voxels(image: Any) -> NDArray[Any]:
    """Stored integers as they are where no scaling applies, float32 otherwise."""
    proxy = image.dataobj
    plain = getattr(proxy, "slope", None) == 1 and getattr(proxy, "inter", None) == 0
    whole = image.get_data_dtype().kind in "iu"
    return np.asarray(proxy) if plain and whole else np.asarray(proxy, dtype=np.float32)


def _check_header(image: Any, path: Path) -> None:
    """Refuse before any voxel is read what could not be used or would not fit."""
    shape = tuple(int(n) for n in image.shape)
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise ImagingError(f"{path}: has shape {shape}; a volume needs three axes and one frame")
    if np.prod(shape, dtype=np.float64) > MAX_VOXELS:
        raise ImagingError(f"{path}: its header claims {shape} voxels; the header is broken")
    if image.get_data_dtype().names or image.get_data_dtype().kind not in "iuf":
        raise ImagingError(f"{path}: voxels are {image.get_data_dtype()}, not plain numbers")


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]

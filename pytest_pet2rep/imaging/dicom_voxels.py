"""The pixels of a stack of DICOM slices as a volume: SUV for PET, HU for CT."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.dicom_geometry import Stack
from pytest_pet2rep.imaging.dicom_headers import SliceHeader, lenient_reading, load_pydicom
from pytest_pet2rep.imaging.dicom_series import PetSeries
from pytest_pet2rep.imaging.volumes import Volume, canonical

DECODERS = "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg pylibjpeg-rle"


def read_suv(pet: PetSeries) -> Volume:
    """Read a PET series as SUV: float32, RAS; slope and factor are those of each slice.

    Raises ``ImagingError`` for slices whose pixels cannot be read.
    """
    data = np.empty(pet.stack.shape, dtype=np.float32)
    for k, (header, factor) in enumerate(zip(pet.stack.slices, pet.suv.factors, strict=True)):
        data[:, :, k] = _rescaled(header) * factor
    return canonical(data, pet.stack.affine, "PET series")


def read_hu(ct: Stack) -> Volume:
    """Read a CT series as HU: int16, RAS.  Raises ``ImagingError`` as ``read_suv`` does."""
    data = np.empty(ct.shape, dtype=np.int16)
    limits = np.iinfo(np.int16)
    for k, header in enumerate(ct.slices):
        data[:, :, k] = np.clip(np.rint(_rescaled(header)), limits.min, limits.max)
    return canonical(data, ct.affine, "CT series")


def _rescaled(header: SliceHeader) -> NDArray[np.float64]:
    """Stored values x slope + intercept, shape (columns, rows)."""
    stored = _stored(header).astype(np.float64)
    return stored.T * (header.slope or 0.0) + (header.intercept or 0.0)


def _stored(header: SliceHeader) -> NDArray[Any]:
    pydicom = load_pydicom()
    with lenient_reading():
        try:
            data = pydicom.dcmread(header.path)
            _check_decoder(data, header)
            pixels: NDArray[Any] = data.pixel_array
        except ImagingError:
            raise
        except Exception as why:  # decoders raise whatever their libraries raise
            reason = str(why).strip().splitlines()[0] if str(why).strip() else type(why).__name__
            raise ImagingError(f"{header.path}: its pixels cannot be read ({reason})") from why
    if pixels.shape != (header.rows, header.columns):
        raise ImagingError(
            f"{header.path}: has pixels of shape {pixels.shape}, not one grey image of "
            f"{header.rows} x {header.columns}"
        )
    return pixels


def _check_decoder(data: Any, header: SliceHeader) -> None:
    from pydicom.pixels import get_decoder

    syntax = getattr(data.file_meta, "TransferSyntaxUID", None)
    if syntax is None:
        raise ImagingError(f"{header.path}: has no Transfer Syntax (0002,0010)")
    if not syntax.is_compressed:
        return
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:  # pydicom's word for: nothing that could be installed decodes this
        raise ImagingError(
            f"{header.path}: its pixels are compressed ({syntax.name}) in a way that is not read: "
            f"export the series uncompressed"
        ) from None
    if not decoder.is_available:
        raise ImagingError(
            f"{header.path}: its pixels are compressed ({syntax.name}) and no decoder is "
            f"installed: {DECODERS}, or export the series uncompressed"
        )

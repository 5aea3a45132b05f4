"""Voxels of a file one slice after the other, so that nobody has to hold a whole volume."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.errors import ImagingError

MAX_VOXELS = 2**31
"""A grid above this (8 GiB as float32) is taken for a broken header."""
MOST_INFLATION = 1032
"""Bytes that one byte of a deflate stream can become (zlib's technical notes)."""
TRAILER = 2**20
"""Bytes read behind the voxels, to reach the checksum at the end of a gzip stream."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VoxelFile:
    """A file whose header has been read and found usable; nothing else has been read.

    ``shape`` and ``affine`` are those of the file, in its own axis order.  ``stored`` is the type
    of the voxels on disk; ``dtype`` that of the values read: the stored one for integers without
    scaling, float32 otherwise.
    """

    path: Path
    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    stored: np.dtype[Any]
    dtype: np.dtype[Any]
    slope: float
    intercept: float
    source: Any
    """nibabel's array proxy."""

    def values(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Stored voxels as values of ``dtype``: raw * slope + intercept, in float64."""
        if self.dtype.kind in "iu":
            return raw
        with np.errstate(over="ignore", invalid="ignore"):
            if (self.slope, self.intercept) != (1.0, 0.0):
                raw = raw * np.float64(self.slope) + np.float64(self.intercept)
            return raw.astype(self.dtype)


def open_voxels(path: Path) -> VoxelFile:
    """Read the header of a NIfTI, or of another file that nibabel knows.

    Raises ``ImagingError`` with the path and the reason for what cannot be a volume: missing, a
    folder, a loop of links, empty, 2D, several frames, colours or complex numbers, a header that
    claims more voxels than the file can hold.
    """
    import nibabel as nib
    from nibabel.spatialimages import SpatialImage

    if not os.path.isfile(path):  # unlike pathlib's never raises, whatever the name
        what = "is a folder" if os.path.isdir(path) else "does not exist or cannot be followed"
        raise ImagingError(f"{path}: {what}; a volume must be a NIfTI file")
    with _one_sentence(path):
        image = nib.load(path)
        if not isinstance(image, SpatialImage):
            raise ImagingError(f"{path}: is not a volume file, but a {type(image).__name__}")
        return _checked(image, path)


def slices(file: VoxelFile) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield (k, stored voxels) along the third axis of the file: shape (n0, n1), values unscaled.

    The array is valid until the next one is asked for.  The file is read once and to its end.
    Raises ``ImagingError`` if it is cut off or damaged, or holds no finite value at all.
    """
    finite = file.stored.kind != "f"
    with _one_sentence(file.path):
        for k, plane in enumerate(_planes(file)):
            finite = finite or bool(np.isfinite(plane).any())
            yield k, plane
        if not finite:
            raise ImagingError(f"{file.path}: holds no finite value")


def _planes(file: VoxelFile) -> Iterator[NDArray[Any]]:
    if not _streams(file.source):
        whole = np.asanyarray(file.source.get_unscaled()).reshape(file.shape)
        yield from whole.transpose(2, 0, 1)
        return
    n0, n1, n2 = file.shape
    buffer = memoryview(bytearray(n0 * n1 * file.stored.itemsize))
    plane = np.frombuffer(buffer, dtype=file.stored).reshape((n0, n1), order="F")
    with _opened(Path(file.source.file_like)) as stream:
        _skip(stream, int(file.source.offset))
        for k in range(n2):
            _fill(stream, buffer, f"slice {k} of {n2}")
            yield plane
        stream.read(TRAILER)


def _streams(source: Any) -> bool:
    """Whether the voxels lie in file order behind an offset, plain or in gzip."""
    from nibabel.arrayproxy import ArrayProxy

    return (
        type(source) is ArrayProxy
        and source.order == "F"
        and isinstance(source.file_like, str)
        and Path(source.file_like).suffix.lower() not in (".bz2", ".zst")
    )


def _opened(path: Path) -> BinaryIO:
    if not _gzipped(path):
        return path.open("rb")
    try:
        inflate = import_module("isal.igzip")  # some three times as fast
    except ImportError:
        inflate = gzip
    return cast(BinaryIO, inflate.open(path, "rb"))


def _gzipped(path: Path) -> bool:
    return path.suffix.lower() in (".gz", ".mgz")


def _skip(stream: BinaryIO, count: int) -> None:
    while count > 0:
        passed = len(stream.read(min(count, TRAILER)))
        if not passed:
            raise EOFError("it ends before its voxels")
        count -= passed


def _fill(stream: BinaryIO, buffer: memoryview, what: str) -> None:
    done = 0
    while done < len(buffer):
        read = stream.readinto(buffer[done:])  # type: ignore[attr-defined]
        if not read:
            raise EOFError(f"it is cut off in {what}")
        done += read


def _checked(image: Any, path: Path) -> VoxelFile:
    """Refuse before any voxel is read what could not be used or would not fit."""
    shape = tuple(int(n) for n in image.shape)
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        raise ImagingError(f"{path}: has shape {shape}; a volume needs three axes and one frame")
    if min(shape) < 1:
        raise ImagingError(f"{path}: has shape {shape}; a volume needs voxels")
    if np.prod(shape, dtype=np.float64) > MAX_VOXELS:
        raise ImagingError(f"{path}: its header claims {shape} voxels; the header is broken")
    stored = image.get_data_dtype()
    if stored.names or stored.kind not in "iuf":
        raise ImagingError(f"{path}: voxels are {stored}, not plain numbers")
    source = image.dataobj
    if _streams(source):
        _check_size(source, int(np.prod(shape)) * stored.itemsize, path)
    slope, intercept = (
        float(getattr(source, name, default)) for name, default in (("slope", 1), ("inter", 0))
    )
    plain = (slope, intercept) == (1.0, 0.0) and stored.kind in "iu"
    return VoxelFile(
        path=path, shape=cast(tuple[int, int, int], shape[:3]),
        affine=np.asarray(image.affine, dtype=np.float64), stored=stored,
        dtype=stored.newbyteorder("=") if plain else np.dtype(np.float32),
        slope=slope, intercept=intercept, source=source,
    )  # fmt: skip


def _check_size(source: Any, size: int, path: Path) -> None:
    held = Path(source.file_like)
    most = held.stat().st_size * (MOST_INFLATION if _gzipped(held) else 1)
    if source.offset + size > most:
        raise ImagingError(
            f"{path}: its header claims {size / 1e6:,.1f} MB of voxels, which the file cannot "
            f"hold; it is cut off, or the header is broken"
        )


@contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    """Turn whatever a parser raises over foreign bytes into one ``ImagingError``."""
    try:
        yield
    except ImagingError:
        raise
    except Exception as why:  # nibabel, gzip and numpy have a dozen unrelated kinds for this
        first = (str(why).strip().splitlines() or [type(why).__name__])[0]
        raise ImagingError(f"{path}: cannot be read as a volume ({first})") from why

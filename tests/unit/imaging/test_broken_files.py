"""A broken file is one clear sentence, never a traceback and never a guess."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.options import Plane, ViewOptions
from pytest_pet2rep.imaging.rendering import render_files
from pytest_pet2rep.imaging.volumes import load_volume

Maker = Callable[[Path], Path]


def saved(path: Path, data: np.ndarray, affine: np.ndarray | None = None) -> Path:
    nib.save(nib.Nifti1Image(data, np.eye(4) if affine is None else affine), path)
    return path


def noise(path: Path) -> Path:
    return saved(path, np.random.default_rng(0).random((20, 20, 20)))


def cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


def without_checksum(path: Path) -> Path:
    raw = bytearray(noise(path).read_bytes())
    raw[-6] ^= 0xFF
    path.write_bytes(raw)
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def loop(path: Path) -> Path:
    path.with_name("there.nii.gz").symlink_to(path)
    path.symlink_to(path.with_name("there.nii.gz"))
    return path


def claiming(path: Path, shape: tuple[int, ...], voxels: bytes = b"\0" * 4) -> Path:
    """Write a header that claims float32 voxels of ``shape``, and ``voxels``."""
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.float32)
    header["vox_offset"] = 352
    content = header.binaryblock + b"\0" * 4 + voxels
    return written(path, gzip.compress(content) if path.suffix == ".gz" else content)


def coloured(path: Path) -> Path:
    return saved(path, np.zeros((2, 2, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")]))


def patched(path: Path, start: int, values: np.ndarray) -> Path:
    """Overwrite bytes of the NIfTI-1 header by hand: no library writes such values."""
    raw = bytearray(saved(path, np.ones((3, 3, 3), dtype=np.float32)).read_bytes())
    raw[start : start + values.nbytes] = values.tobytes()
    return written(path, bytes(raw))


def first_row(path: Path, *row: float) -> Path:
    return patched(path, 280, np.array(row, dtype=np.float32))


BROKEN: dict[str, tuple[Maker, str]] = {
    "missing": (lambda d: d / "missing.nii.gz", "does not exist"),
    "name that no file can have": (lambda d: d / ("n" * 300), "does not exist"),
    "a folder": (lambda d: folder(d / "d.nii.gz"), "is a folder"),
    "loop of links": (lambda d: loop(d / "l.nii.gz"), "cannot be followed"),
    "0 bytes": (lambda d: written(d / "e.nii.gz", b""), "volume"),
    "text": (lambda d: written(d / "x.nii.gz", b"no image at all" * 40), "volume"),
    "surface": (lambda d: written(d / "s.gii", b"<?xml version='1.0'?><GIFTI/>"), "volume"),
    "cut off in the header": (lambda d: cut(noise(d / "t.nii.gz"), 100), "volume"),
    "cut off in the voxels": (lambda d: cut(noise(d / "t.nii.gz"), 30_000), "cannot be read"),
    "cut off before the end mark": (
        lambda d: cut(noise(d / "t.nii.gz"), -10), "cannot be read"),
    "cut off without compression": (lambda d: cut(noise(d / "t.nii"), 30_000), "cut off"),
    "wrong checksum": (lambda d: without_checksum(d / "c.nii.gz"), "cannot be read"),
    "2D": (lambda d: saved(d / "2.nii", np.ones((4, 4))), "three axes"),
    "5D": (lambda d: saved(d / "5.nii", np.ones((2, 2, 2, 2, 2))), "three axes"),
    "frames": (lambda d: saved(d / "4.nii", np.ones((2, 2, 2, 7))), "one frame"),
    "200 GB": (lambda d: claiming(d / "h.nii.gz", (3700, 3700, 3700)), "header"),
    "4 GB in a small file": (lambda d: claiming(d / "h.nii.gz", (1000, 1000, 1000)), "hold"),
    "4 GB uncompressed": (lambda d: claiming(d / "h.nii", (1000, 1000, 1000)), "hold"),
    "negative size": (
        lambda d: patched(d / "n.nii", 42, np.array([-3], dtype=np.int16)), "volume"),
    "colours": (lambda d: coloured(d / "rgb.nii"), "not plain numbers"),
    "complex": (lambda d: saved(d / "c.nii", np.ones((2, 2, 2), dtype=np.complex64)), "plain"),
    "NaN affine": (lambda d: first_row(d / "n.nii", np.nan, 0, 0, 0), "affine is not finite"),
    "flat affine": (lambda d: first_row(d / "n.nii", 0, 0, 0, 0), "affine is singular"),
    "NaN intercept": (
        lambda d: patched(d / "i.nii", 112, np.array([1, np.nan], np.float32)), "cannot be read"),
    "nothing but NaN": (lambda d: saved(d / "v.nii", np.full((2, 2, 2), np.nan)), "no finite"),
}  # fmt: skip


def as_pet(path: Path, good: Path) -> None:
    render_files(path, good)


def as_ct(path: Path, good: Path) -> None:
    render_files(good, path)


def as_projection(path: Path, good: Path) -> None:
    render_files(path, good, ViewOptions(plane=Plane.MIP))


def whole(path: Path, good: Path) -> None:
    load_volume(path)


@pytest.mark.parametrize("read", [whole, as_pet, as_ct, as_projection])
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_file_is_refused_in_one_sentence(
    tmp_path: Path, broken: str, read: Callable[[Path, Path], None]
) -> None:
    make, says = BROKEN[broken]
    path, good = make(tmp_path), saved(tmp_path / "good.nii", np.ones((3, 3, 3)))
    with pytest.raises(ImagingError) as caught:
        read(path, good)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["h.nii.gz", "h.nii"])
def test_a_header_that_claims_gigabytes_is_refused_before_memory_is_taken(
    tmp_path: Path, name: str
) -> None:
    path = claiming(tmp_path / name, (1200, 1200, 1200))
    tracemalloc.start()
    try:
        with pytest.raises(ImagingError):
            load_volume(path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()

"""A broken volume is one clear sentence, never a traceback and never a guess."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.volumes import Volume, load_volume, save_volume


def saved(path: Path, data: np.ndarray, affine: np.ndarray | None = None) -> Path:
    nib.save(nib.Nifti1Image(data, np.eye(4) if affine is None else affine), path)
    return path


def test_a_volume_comes_back_in_ras_with_its_values(tmp_path: Path) -> None:
    data = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    volume = load_volume(saved(tmp_path / "lps.nii.gz", data, np.diag([-2.0, -3.0, 4.0, 1.0])))
    assert np.array_equal(volume.data, data[::-1, ::-1])
    assert np.allclose(volume.affine[:3, 3], [-2, -6, 0])
    assert volume.spacing == pytest.approx((2, 3, 4))


def test_scaled_integers_are_read_with_their_slope(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.array([[[0, 100, 2000]]], dtype=np.int16), np.eye(4))
    image.header.set_slope_inter(0.002, 0)
    nib.save(image, tmp_path / "pet.nii.gz")
    stored = np.asarray(nib.load(tmp_path / "pet.nii.gz").dataobj)
    assert load_volume(tmp_path / "pet.nii.gz").data == pytest.approx(stored)


@pytest.mark.parametrize("suv", [np.arange(60) / 512, np.arange(60) * 0.0021, np.arange(60) * 9])
def test_saving_loses_nothing(tmp_path: Path, suv: np.ndarray) -> None:
    pet = Volume(data=suv.astype(np.float32).reshape(3, 4, 5), affine=np.diag([4.0, 4, 5, 1]))
    save_volume(pet, tmp_path / "pet.nii.gz")
    again = load_volume(tmp_path / "pet.nii.gz")
    assert np.array_equal(again.data, pet.data)
    assert np.array_equal(again.affine, pet.affine)


def test_unscaled_integers_keep_their_type(tmp_path: Path) -> None:
    ct = np.array([[[-1000, 40, 3000]]], dtype=np.int16)
    assert load_volume(saved(tmp_path / "ct.nii.gz", ct)).data.dtype == np.int16


def test_a_single_trailing_frame_is_dropped(tmp_path: Path) -> None:
    assert load_volume(saved(tmp_path / "a.nii", np.ones((2, 3, 4, 1)))).data.shape == (2, 3, 4)


def _truncated(folder: Path) -> Path:
    path = saved(folder / "t.nii.gz", np.random.default_rng(0).random((20, 20, 20)))
    path.write_bytes(path.read_bytes()[:3000])
    return path


def _empty(folder: Path) -> Path:
    (folder / "e.nii.gz").write_bytes(b"")
    return folder / "e.nii.gz"


def _text(folder: Path) -> Path:
    (folder / "x.nii.gz").write_bytes(b"not an image at all" * 40)
    return folder / "x.nii.gz"


def _folder(folder: Path) -> Path:
    (folder / "d.nii.gz").mkdir()
    return folder / "d.nii.gz"


def _loop(folder: Path) -> Path:
    (folder / "l.nii.gz").symlink_to(folder / "l.nii.gz")
    return folder / "l.nii.gz"


def _huge(folder: Path) -> Path:
    """Claim 200 GB in the header of a file of 352 bytes."""
    header = nib.Nifti1Header()
    header.set_data_shape((3700, 3700, 3700))
    header.set_data_dtype(np.float32)
    header["vox_offset"] = 352
    (folder / "h.nii.gz").write_bytes(gzip.compress(header.binaryblock + b"\0" * 4))
    return folder / "h.nii.gz"


def _rgb(folder: Path) -> Path:
    data = np.zeros((2, 2, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    return saved(folder / "rgb.nii", data)


def _with_first_row(folder: Path, *row: float) -> Path:
    """Write srow_x of the NIfTI-1 header by hand: no library writes such an affine."""
    path = saved(folder / "n.nii", np.ones((3, 3, 3), dtype=np.float32))
    raw = bytearray(path.read_bytes())
    raw[280:296] = np.array(row, dtype=np.float32).tobytes()
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda d: d / "missing.nii.gz", "does not exist"),
        (_folder, "is a folder"),
        (_loop, "cannot be followed"),
        (_empty, "volume"),
        (_text, "volume"),
        (_truncated, "cannot be read"),
        (lambda d: saved(d / "2.nii", np.ones((4, 4))), "three axes"),
        (lambda d: saved(d / "5.nii", np.ones((2, 2, 2, 2, 2))), "three axes"),
        (lambda d: saved(d / "4.nii", np.ones((2, 2, 2, 7))), "one frame"),
        (_huge, "header"),
        (_rgb, "not plain numbers"),
        (lambda d: _with_first_row(d, np.nan, 0, 0, 0), "affine is not finite"),
        (lambda d: _with_first_row(d, 0, 0, 0, 0), "affine is singular"),
        (lambda d: saved(d / "v.nii", np.full((2, 2, 2), np.nan)), "no finite value"),
    ],
)  # fmt: skip
def test_a_broken_volume_is_refused_in_one_sentence(tmp_path: Path, make, says: str) -> None:
    path = make(tmp_path)
    with pytest.raises(ImagingError) as caught:
        load_volume(path)
    text = str(caught.value)
    assert says in text
    assert str(path) in text
    assert "\n" not in text

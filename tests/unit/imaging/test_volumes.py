"""A broken volume is one clear sentence, never a traceback and never a guess."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

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

"""Files that are checked and rendered in one pass: the same notices, the same pixels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from pytest_pet2rep.errors import ImagingError, UsageProblem
from pytest_pet2rep.imaging.checked_files import render_checked_files
from pytest_pet2rep.imaging.options import Choice, Plane, ViewOptions
from pytest_pet2rep.imaging.rendering import render_views
from pytest_pet2rep.imaging.sanity import Severity, check_volumes
from pytest_pet2rep.imaging.volumes import Volume, load_volume, save_volume
from tests.unit.imaging.phantom_volumes import flipped, moved, phantom, scaled

Pair = tuple[Volume, Volume]


def holed(pet: Volume) -> Volume:
    data = pet.data.copy()
    data[:40] = np.nan
    return Volume(data=data, affine=pet.affine)


def tilted(volume: Volume, angle: float = 0.1) -> Volume:
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return Volume(data=volume.data, affine=turn @ volume.affine)


def permuted(volume: Volume, path: Path) -> Path:
    """Write a volume with the axes S, L, P in this order."""
    turned = volume.data.transpose(2, 0, 1)[:, ::-1, ::-1]
    ni, nj, _ = volume.shape
    move = np.array([[0, -1, 0, ni - 1], [0, 0, -1, nj - 1], [1, 0, 0, 0], [0, 0, 0, 1]])
    nib.save(nib.Nifti1Image(turned, volume.affine @ move), path)
    return path


def written(volume: Volume, path: Path) -> Path:
    save_volume(volume, path)
    return path


PAIRS: dict[str, Callable[[Volume, Volume], Pair]] = {
    "as it should be": lambda pet, ct: (pet, ct),
    "tilted": lambda pet, ct: (pet, tilted(ct)),
    "swapped": lambda pet, ct: (ct, pet),
    "Bq/mL": lambda pet, ct: (scaled(pet, 3600), ct),
    "not finite in part": lambda pet, ct: (holed(pet), ct),
    "upside down": lambda pet, ct: (flipped(pet, 2), flipped(ct, 2)),
    "mirrored": lambda pet, ct: (flipped(pet, 0), flipped(ct, 0)),
    "elsewhere": lambda pet, ct: (pet, moved(ct, x=5000)),
    "beside": lambda pet, ct: (pet, moved(ct, x=150)),
}


def expected(files: tuple[Path, Path], options: ViewOptions) -> tuple[list, tuple]:
    volumes = load_volume(files[0]), load_volume(files[1])
    notices = check_volumes(*volumes)
    broken = any(notice.severity is Severity.ERROR for notice in notices)
    return [] if broken else [i.pixels for i in render_views(*volumes, options)], notices


def assert_equal(files: tuple[Path, Path], options: ViewOptions) -> None:
    images, notices = render_checked_files(*files, options)
    pixels, expected_notices = expected(files, options)
    assert notices == expected_notices
    assert len(images) == len(pixels)
    assert all(np.array_equal(a.pixels, b) for a, b in zip(images, pixels, strict=True))


@pytest.mark.parametrize("pair", PAIRS)
def test_files_are_checked_as_whole_volumes_are(tmp_path: Path, pair: str) -> None:
    pet, ct = PAIRS[pair](*phantom())
    files = written(pet, tmp_path / "pet.nii"), written(ct, tmp_path / "ct.nii")
    assert_equal(files, ViewOptions())


@pytest.mark.parametrize("plane", Plane)
@pytest.mark.parametrize("choice", [Choice.FRACTIONS, Choice.UPTAKE])
def test_every_view_is_checked_and_rendered(tmp_path: Path, plane: Plane, choice: Choice) -> None:
    pet, ct = phantom()
    files = permuted(pet, tmp_path / "pet.nii"), permuted(ct, tmp_path / "ct.nii")
    assert_equal(files, ViewOptions(plane=plane, choice=choice))


def test_files_that_cannot_be_shown_are_refused(tmp_path: Path) -> None:
    pet, ct = phantom()
    files = written(pet, tmp_path / "pet.nii"), written(ct, tmp_path / "ct.nii")
    with pytest.raises(UsageProblem, match="200 coronal planes"):
        render_checked_files(*files, ViewOptions(indices=(200,)))
    with pytest.raises(ImagingError, match="does not exist"):
        render_checked_files(files[0], tmp_path / "no.nii")

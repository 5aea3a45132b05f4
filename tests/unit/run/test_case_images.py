from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.options import Views
from pytest_pet2rep.imaging.pictures import encode_png
from pytest_pet2rep.imaging.volumes import Volume, save_volume
from pytest_pet2rep.run.case_images import images_of, phantom_files, view_options
from pytest_pet2rep.types import Case, ImageSource


def case(**images: object) -> Case:
    return Case(id="c", folder=Path("c"), cohort="x", images=ImageSource(**images))  # type: ignore[arg-type]


def write_volumes(folder: Path, factor: float = 1.0) -> tuple[Path, Path]:
    """A warm box in air, small enough to be a crop and not a whole body."""
    grid = np.diag([4.0, 4.0, 5.0, 1.0])
    suv, hu = np.zeros((20, 20, 30), np.float32), np.full((20, 20, 30), -1000, np.int16)
    inside = np.s_[4:16, 4:16, 3:27]
    suv[inside], hu[inside] = np.random.default_rng(1).uniform(0.5, 6, (12, 12, 24)), 40
    pet, ct = folder / "pet.nii.gz", folder / "ct.nii.gz"
    save_volume(Volume(data=suv * factor, affine=grid), pet)
    save_volume(Volume(data=hu, affine=grid), ct)
    return pet, ct


def test_a_pet_in_becquerel_stops_the_case_with_the_evidence(tmp_path: Path) -> None:
    pet, ct = write_volumes(tmp_path, factor=5000.0)
    with pytest.raises(ImagingError, match="case c: "):
        images_of(case(pet=pet, ct=ct), view_options(Views.FUSED))


@pytest.mark.filterwarnings("ignore::pytest_pet2rep.run.case_images.ImagingWarning")
def test_volumes_become_three_fused_or_three_and_three_separate_images(tmp_path: Path) -> None:
    pet, ct = write_volumes(tmp_path)
    fused = images_of(case(pet=pet, ct=ct), view_options(Views.FUSED))
    separate = images_of(case(pet=pet, ct=ct), view_options(Views.SEPARATE))
    assert [len(fused), len(separate)] == [3, 6]
    assert {image.pixels.dtype.name for image in fused + separate} == {"uint8"}
    assert {image.pixels.shape for image in fused + separate} == {(30, 20, 3)}


def test_ready_slices_are_sent_as_they_are_in_their_order(tmp_path: Path) -> None:
    pictures = [np.full((4, 5, 3), shade, np.uint8) for shade in (10, 200)]
    paths = []
    for number, picture in enumerate(pictures):
        paths.append(tmp_path / f"{number}.png")
        paths[-1].write_bytes(encode_png(picture))
    sent = images_of(case(slices=tuple(paths)), view_options(Views.FUSED))
    assert [image.pixels[0, 0, 0] for image in sent] == [10, 200]


def test_a_text_only_case_says_that_it_has_no_images() -> None:
    with pytest.raises(ImagingError, match="c is text only, but the model under test looks at"):
        images_of(case(), view_options(Views.FUSED))


def test_a_missing_volume_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ImagingError, match=r"(pet|ct)\.nii\.gz"):
        images_of(
            case(pet=tmp_path / "pet.nii.gz", ct=tmp_path / "ct.nii.gz"), view_options(Views.FUSED)
        )


def test_a_phantom_is_made_once_and_kept_and_gives_the_same_pixels_again() -> None:
    shipped = load_case(find_cohort(None).case_files[0], cohort="shipped")
    first = images_of(shipped, view_options(Views.FUSED))
    assert shipped.images.phantom is not None
    pet, _ = phantom_files(shipped.images.phantom)
    made = pet.stat().st_mtime_ns
    second = images_of(shipped, view_options(Views.FUSED))
    assert pet.stat().st_mtime_ns == made
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, second, strict=True))
    assert not list(pet.parent.glob("tmp*"))

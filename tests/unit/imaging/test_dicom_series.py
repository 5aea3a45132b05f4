"""Slices become volumes in the right place and order, or a sentence that says what is wrong."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import MPEG2MPML, JPEGLSLossless, RLELossless

from pytest_pet2rep.errors import ImagingError, MissingDependency
from pytest_pet2rep.imaging.dicom_series import Pair, choose_pair, scan_folder
from pytest_pet2rep.imaging.dicom_voxels import read_hu, read_suv
from pytest_pet2rep.imaging.suv_facts import Normalisation
from pytest_pet2rep.imaging.volumes import Volume
from tests.dicom_files import Made, a_ct, a_pet, rewrite


def chosen(folder: Path) -> Pair:
    (study,) = scan_folder(folder).studies
    return choose_pair(study, Normalisation.BODY_WEIGHT)


def suv(folder: Path) -> Volume:
    return read_suv(chosen(folder).pet)


def at(volume: Volume, *ras: float) -> float:
    """Value of the voxel that holds a point in RAS mm."""
    index = np.linalg.inv(volume.affine) @ [*ras, 1.0]
    i, j, k = np.rint(index[:3]).astype(int)
    return float(volume.data[i, j, k])


def test_every_voxel_lands_where_its_slice_says(tmp_path: Path) -> None:
    a_pet().write(tmp_path)
    volume = suv(tmp_path)
    # Row 3, column 7, slice 4: 15 mm to the left, 25 mm to the front, 40 mm up.
    assert at(volume, -15, 25, 40) == pytest.approx(5.0)
    assert at(volume, 0, 0, 0) == pytest.approx(1.0)
    assert (volume.data > 4).sum() == 1
    assert volume.data.dtype == np.float32
    assert volume.spacing == pytest.approx((10, 10, 10))


def test_names_and_order_of_files_do_not_matter(tmp_path: Path) -> None:
    a_pet().write(tmp_path / "a")
    order = list(range(6))
    random.Random(7).shuffle(order)
    a_pet().write(tmp_path / "b", order)
    one, other = suv(tmp_path / "a"), suv(tmp_path / "b")
    assert np.array_equal(one.data, other.data)
    assert np.array_equal(one.affine, other.affine)


ORIENTATIONS: dict[str, dict[str, Any]] = {
    "feet last": {"step": (0.0, 0.0, -10.0), "origin": (-55.0, -55.0, 50.0)},
    "coronal": {
        "orientation": (1, 0, 0, 0, 0, -1),
        "step": (0.0, 10.0, 0.0),
        "origin": (-55.0, -25.0, 55.0),
    },
    "sagittal": {
        "orientation": (0, 1, 0, 0, 0, -1),
        "step": (10.0, 0.0, 0.0),
        "origin": (-25.0, -55.0, 55.0),
    },
    "prone": {"orientation": (-1, 0, 0, 0, -1, 0), "origin": (55.0, 55.0, 0.0)},
    "tilted": {"step": (0.0, 2.0, 10.0)},
}


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_slices_of_any_direction_keep_every_voxel_in_its_place(tmp_path: Path, name: str) -> None:
    made = a_pet(**ORIENTATIONS[name])
    made.write(tmp_path)
    volume = suv(tmp_path)
    along_row, along_column = np.array(made.orientation[:3]), np.array(made.orientation[3:])
    for k, row, column in ((4, 3, 7), (0, 6, 6), (5, 0, 0), (2, 6, 9)):
        lps = (
            np.array(made.origin)
            + k * np.array(made.step)
            + 10.0 * (column * along_row + row * along_column)
        )
        expected = made.stored[k, row, column] * 2.5 * 4e-4
        assert at(volume, -lps[0], -lps[1], lps[2]) == pytest.approx(expected)


def test_each_slice_has_its_own_slope(tmp_path: Path) -> None:
    slopes = [2.5, 5.0, 1.25, 2.5, 0.5, 25.0]
    a_pet(slopes=slopes).write(tmp_path)
    middle = suv(tmp_path).data[6, 6, :]
    assert middle == pytest.approx([slope * 1000 * 4e-4 for slope in slopes])


def test_ct_becomes_hounsfield_units(tmp_path: Path) -> None:
    a_pet().write(tmp_path)
    a_ct().write(tmp_path)
    stack = chosen(tmp_path).ct
    assert stack is not None
    volume = read_hu(stack)
    assert volume.data.dtype == np.int16
    assert at(volume, 0, 0, 20) == 40
    assert at(volume, 55, 55, 20) == -1000


def test_signed_and_run_length_coded_pixels_are_read(tmp_path: Path) -> None:
    a_pet().write(tmp_path)
    signed = a_ct()
    signed.stored = signed.stored.astype(np.int16) - 1024
    signed.intercept = 0.0
    for path in signed.write(tmp_path):
        data = pydicom.dcmread(path)
        data.compress(RLELossless)
        data.save_as(path)
    stack = chosen(tmp_path).ct
    assert stack is not None
    assert sorted(set(read_hu(stack).data.ravel())) == [-1000, 40]


@pytest.mark.parametrize(
    ("syntax", "says"),
    [
        (JPEGLSLossless, r"JPEG-LS.*pip install|cannot be read"),
        (MPEG2MPML, r"MPEG2.* in a way that is not read: export the series uncompressed"),
    ],
)
def test_a_compression_without_decoder_is_refused_with_the_way_out(
    tmp_path: Path, syntax: str, says: str
) -> None:
    for path in a_pet().write(tmp_path):
        data = pydicom.dcmread(path)
        data.file_meta.TransferSyntaxUID = syntax
        data.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 no picture \xff\xd9"])
        data["PixelData"].is_undefined_length = True
        data.save_as(path)
    with pytest.raises(ImagingError, match=says):
        suv(tmp_path)


def test_cut_off_pixels_are_refused(tmp_path: Path) -> None:
    path = a_pet().write(tmp_path)[3]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ImagingError, match=r"003\.dcm: its pixels cannot be read"):
        suv(tmp_path)


def _second_time(folder: Path) -> None:
    for path in a_pet(number=3).write(folder):
        rewrite(path, SeriesInstanceUID=pydicom.dcmread(path).StudyInstanceUID + ".2")


def _shifted(k: int, millimetres: float) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = sorted(folder.iterdir())[k]
        x, y, z = pydicom.dcmread(path).ImagePositionPatient
        rewrite(path, ImagePositionPatient=[x, y, z + millimetres])

    return change


def _changed(**values: Any) -> Callable[[Path], None]:
    return lambda folder: rewrite(sorted(folder.iterdir())[2], **values)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (
            lambda folder: sorted(folder.iterdir())[2].unlink(),
            "1 slices are missing .*after slice 2",
        ),
        (_shifted(2, 4.0), "not evenly spaced: 6.00 to 14.00 mm"),
        (_shifted(2, 10.0), "share their place"),
        (_second_time, "6 of 12 slices share their place"),
        (_changed(Rows=10), "12 x 12 and of 10 x 12"),
        (_changed(PixelSpacing=[9, 9]), "of 10 and of 9 mm"),
        (_changed(ImageOrientationPatient=[0, 1, 0, 1, 0, 0]), "different directions"),
        (_changed(ImagePositionPatient=None), "0020,0032"),
        (_changed(ImagePositionPatient=[-40, -55, 20]), "beside its place"),
        (_changed(NumberOfFrames=3), "enhanced DICOM"),
        (lambda f: [p.unlink() for p in sorted(f.iterdir())[1:]], "one slice"),
    ],
)
def test_slices_that_make_no_volume_are_refused(
    tmp_path: Path, damage: Callable[[Path], Any], why: str
) -> None:
    a_pet().write(tmp_path)
    damage(tmp_path)
    with pytest.raises(ImagingError, match=why):
        chosen(tmp_path)


def test_positions_rounded_to_a_tenth_are_even_enough(tmp_path: Path) -> None:
    a_pet(step=(0.0, 0.0, 3.27)).write(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        x, y, z = pydicom.dcmread(path).ImagePositionPatient
        rewrite(path, ImagePositionPatient=[x, y, round(float(z), 1)])
    assert suv(tmp_path).spacing[2] == pytest.approx(3.27, abs=0.02)


def test_copies_of_a_file_are_left_out_and_named(tmp_path: Path) -> None:
    a_pet().write(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "again")
    contents = scan_folder(tmp_path)
    assert [path.parent.name for path in contents.copies] == ["again"] * 6
    assert suv(tmp_path).data.shape == (12, 12, 6)


def _of_study(made: Made, study: str) -> Made:
    return replace(made, study=study)


def test_studies_are_told_apart_even_in_one_folder(tmp_path: Path) -> None:
    a_pet(number=2).write(tmp_path)
    _of_study(a_pet(number=5), "1.2.3.4").write(tmp_path)
    assert [len(s.series) for s in scan_folder(tmp_path).studies] == [1, 1]


def test_the_corrected_pet_is_taken_and_the_other_named(tmp_path: Path) -> None:
    a_pet(number=4).write(tmp_path)
    a_pet(number=3, header={"CorrectedImage": ["DECY"]}).write(tmp_path)
    pair = chosen(tmp_path)
    assert pair.pet.stack.slices[0].series_number == 4
    assert any(note.startswith("PET series 3") and "ATTN" in note for note in pair.notes)


def test_of_several_ct_series_the_one_that_covers_the_pet_is_taken(tmp_path: Path) -> None:
    a_pet().write(tmp_path)
    a_ct(number=7).write(tmp_path)
    a_ct(number=6, step=(0.0, 0.0, 4.0)).write(tmp_path)
    a_ct(number=8, header={"FrameOfReferenceUID": "1.2.3"}).write(tmp_path)
    a_ct(number=9, header={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}).write(tmp_path)
    pair = chosen(tmp_path)
    assert pair.ct is not None
    assert pair.ct.slices[0].series_number == 7
    assert "CT series 7 (6 slices) is taken, not 6 (6 slices)" in pair.notes
    assert any(note.startswith("CT series 8: not in the frame") for note in pair.notes)
    assert len(scan_folder(tmp_path).others) == 6


def test_a_missing_pydicom_is_said_with_the_pip_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    with pytest.raises(MissingDependency, match=r"pytest-pet2rep\[dicom\]"):
        scan_folder(tmp_path)

"""Header values of scanners, written as DICOM files, give the factor worked out beside them."""

from __future__ import annotations

import contextlib
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.dicom_headers import (
    parse_age,
    parse_clock,
    parse_date_time,
    read_header,
)
from pytest_pet2rep.imaging.dicom_series import PetSeries, choose_pair, scan_folder
from pytest_pet2rep.imaging.dicom_voxels import read_suv
from pytest_pet2rep.imaging.suv_facts import Normalisation
from tests.dicom_files import a_pet, rewrite

GE = "GEMS_PETD_01"
PHILIPS = "Philips PET Private Group"


def converted(folder: Path) -> PetSeries:
    (study,) = scan_folder(folder).studies
    return choose_pair(study, Normalisation.BODY_WEIGHT).pet


# Factors: weight in g / (dose in Bq x 2^-(uptake in s / half-life in s)), worked out by hand.
SITUATIONS: dict[str, tuple[dict[str, Any], float]] = {
    "Philips, BQML, factors for counts beside it": (
        {
            "header": {"PatientWeight": 64, "SeriesTime": "110000", "AcquisitionTime": "110001"},
            "tracer": {
                "RadionuclideTotalDose": 128e6,
                "RadiopharmaceuticalStartTime": "091000",
                "RadiopharmaceuticalStartDateTime": "20210305091000",
            },
            "private": {
                (0x7053, PHILIPS, 0x00, "DS"): "0.0035",
                (0x7053, PHILIPS, 0x09, "DS"): "4.7",
            },
        },
        64e3 / 64e6,
    ),
    "Philips, CNTS with both factors": (
        {
            "header": {"Units": "CNTS"},
            "private": {
                (0x7053, PHILIPS, 0x00, "DS"): "0.000625",
                (0x7053, PHILIPS, 0x09, "DS"): "1.6",
            },
        },
        0.000625,
    ),
    "Philips, CNTS with the SUV factor": (
        {"header": {"Units": "CNTS"}, "private": {(0x7053, PHILIPS, 0x00, "DS"): "0.000725"}},
        0.000725,
    ),
    "Philips, CNTS with the activity factor": (
        {
            "header": {"Units": "CNTS"},
            "private": {
                (0x7053, PHILIPS, 0x00, "DS"): "0.0",
                (0x7053, PHILIPS, 0x09, "DS"): "1.25",
            },
        },
        1.25 * 4e-4,
    ),
    "Siemens, later beds, fractions of a second": (
        {
            "header": {"SeriesTime": "095000.000000", "AcquisitionTime": "095001.351370"},
            "tracer": {
                "RadiopharmaceuticalStartTime": "080000.000000",
                "RadiopharmaceuticalStartDateTime": "20210305080000.000000 ",
            },
            "per_slice": {"FrameReferenceTime": [38513.36 + 676 * k for k in range(6)]},
        },
        4e-4,
    ),
    "Siemens, series five microseconds after the acquisition": (
        {
            "header": {
                "AcquisitionTime": "094959.999995",
                # The mean over 120 s lies 59.936978 s into the frame at a half-life of 6,600 s.
                "FrameReferenceTime": 59936.978,
            },
        },
        4e-4,
    ),
    "GE, whole seconds": (
        {
            "header": {"SeriesTime": "095000", "PatientSize": 1.65},
            "tracer": {"RadiopharmaceuticalStartDateTime": "20210305080000.00 "},
        },
        4e-4,
    ),
    "GE, processed the next day, private scan time": (
        {
            "header": {"SeriesDate": "20210306", "SeriesTime": "070000"},
            "per_slice": {
                "AcquisitionTime": ["095000", "095000", "095400", "095400", "095800", "095800"]
            },
            "private": {(0x0009, GE, 0x0D, "DT"): "20210305095000.00"},
        },
        4e-4,
    ),
    "CPS, series after the acquisition, no frame times": (
        {"header": {"SeriesTime": "104500", "AcquisitionTime": "095000.000000"}},
        4e-4,
    ),
    "no date of injection, late acquisition": (
        {"header": {"SeriesTime": "095000.000", "AcquisitionTime": "101130.687000"}},
        4e-4,
    ),
    "dose in MBq": ({"tracer": {"RadionuclideTotalDose": 400}}, 4e-4),
    "corrected to the injection": ({"header": {"DecayCorrection": "ADMIN"}}, 2e-4),
    "already SUV": ({"header": {"Units": "GML", "DecayCorrection": "ADMIN"}}, 1.0),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_each_situation_gives_its_factor(tmp_path: Path, situation: str) -> None:
    changes, expected = SITUATIONS[situation]
    a_pet(**changes).write(tmp_path)
    assert converted(tmp_path).suv.factors == pytest.approx([expected] * 6, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"header": {"PatientWeight": None}}, "0010,1030"),
        ({"header": {"PatientWeight": ""}}, "0010,1030"),
        ({"tracer": {"RadionuclideTotalDose": None}}, "0018,1074"),
        ({"tracer": {"RadiopharmaceuticalStartTime": "25:99"}}, "0018,1072"),
        ({"header": {"SeriesDate": ""}}, "0008,0021"),
        ({"header": {"CorrectedImage": ["DECY"]}}, "ATTN"),
        ({"header": {"Units": "CNTS"}}, "7053,1000"),
        ({"intercept": -2.0}, "0028,1052"),
        ({"slopes": [2.5] * 5 + [0.0]}, "0028,1053"),
        ({"per_slice": {"Units": ["BQML"] * 5 + ["GML"]}}, "slices differ"),
        ({"header": {"BurnedInAnnotation": "YES"}}, "0028,0301"),
    ],
)
def test_a_series_that_cannot_be_converted_says_why(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    a_pet(**changes).write(tmp_path)
    with pytest.raises(ImagingError, match=why):
        converted(tmp_path)


def test_a_file_that_is_no_dicom_is_no_header(tmp_path: Path) -> None:
    for name, content in (("a.dcm", b""), ("b.txt", b"text"), ("c", b"\0" * 400)):
        (tmp_path / name).write_bytes(content)
        assert read_header(tmp_path / name) is None


def test_files_of_other_kinds_are_no_header_and_a_headless_one_is_damaged(tmp_path: Path) -> None:
    plan, broken = a_pet().write(tmp_path)[:2]
    rewrite(plan, Modality="RTSTRUCT", Rows=None, Columns=None, PixelData=None)
    rewrite(broken, Modality=None)
    assert read_header(plan) is None
    with pytest.raises(ImagingError, match="damaged"):
        read_header(broken)


@given(
    places=st.lists(st.integers(132, 1500), min_size=1, max_size=5),
    value=st.integers(0, 255),
    cut=st.integers(132, 5000),
)
def test_a_file_with_wrong_bytes_is_read_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, places: list[int], value: int, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = a_pet().write(folder)[0]
    raw = bytearray(path.read_bytes()[:cut])
    for place in places:
        raw[min(place, len(raw) - 1)] = value
    path.write_bytes(raw)
    contents = scan_folder(folder)
    found = sum(len(one.headers) for study in contents.studies for one in study.series)
    assert found + len(contents.damaged) + len(contents.others) == 6
    for study in contents.studies:
        with contextlib.suppress(ImagingError):
            read_suv(choose_pair(study, Normalisation.BODY_WEIGHT).pet)


def test_a_damaged_header_is_one_sentence(tmp_path: Path) -> None:
    path = a_pet().write(tmp_path)[0]
    rewrite(path, PixelSpacing=None)
    raw = path.read_bytes()
    broken = raw.replace(b"2.5 ", b"2,5 ", 1).replace(b"-55.0\\-55.0\\0.0", b"-55.0\\ohoh!\\0.0")
    assert broken != raw
    path.write_bytes(broken)
    (damaged,) = scan_folder(tmp_path).damaged
    assert damaged[0] == path
    assert "damaged" in damaged[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0830", time(8, 30)),
        ("083015", time(8, 30, 15)),
        ("083015.25", time(8, 30, 15, 250000)),
        ("08:30:15", time(8, 30, 15)),
        ("083015.1234567", time(8, 30, 15, 123456)),
        ("", None),
        ("8", None),
        ("240000", None),
        ("noon", None),
    ],
)
def test_times_of_day_in_the_forms_that_are_met(text: str, expected: time | None) -> None:
    assert parse_clock(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20210305083015.5+0800", datetime(2021, 3, 5, 8, 30, 15, 500000)),
        ("20210305083015 ", datetime(2021, 3, 5, 8, 30, 15)),
        ("202103050830", datetime(2021, 3, 5, 8, 30)),
        ("20210305", None),
        ("20211305083015", None),
    ],
)
def test_dates_with_times_in_the_forms_that_are_met(text: str, expected: datetime | None) -> None:
    assert parse_date_time(text) == expected


@pytest.mark.parametrize(
    ("text", "years"),
    [("017Y", 17), ("006M", 0.5), ("026W", 0.498), ("000Y", None), ("", None), ("old", None)],
)
def test_ages_become_years(text: str, years: float | None) -> None:
    assert parse_age(text) == pytest.approx(years, abs=1e-3)


def test_values_that_break_the_standard_are_read_in_silence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    header = {"StudyID": "a name that is too long", "PatientBirthDate": "born in spring"}
    found = read_header(a_pet(header=header).write(tmp_path)[0])
    assert found is not None
    assert "a name that is too long" in found.patient.identifying
    assert not caplog.records
    assert not recwarn.list


def test_a_chinese_name_is_known_even_if_its_character_set_is_not_said(tmp_path: Path) -> None:
    path = a_pet(header={"PatientName": "AAAAAA"}).write(tmp_path)[0]
    raw = path.read_bytes().replace(b"AAAAAA", "郑秀兰".encode("gb18030"))
    path.write_bytes(raw.replace(b"ISO_IR 192", b"ISO_IR 100"))
    found = read_header(path)
    assert found is not None
    assert "郑秀兰" in found.patient.identifying


def test_a_missing_age_is_counted_from_birth(tmp_path: Path) -> None:
    header = {"PatientAge": None, "PatientBirthDate": "19600306", "StudyDate": "20210305"}
    found = read_header(a_pet(header=header).write(tmp_path)[0])
    assert found is not None
    assert found.patient.age == 60


def test_a_size_in_centimetres_is_taken_as_such(tmp_path: Path) -> None:
    found = read_header(a_pet(header={"PatientSize": 163}).write(tmp_path)[0])
    assert found is not None
    assert found.patient.height_cm == 163

"""``pet2rep import dicom``: studies become cases, and nothing that identifies comes along."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from pytest_pet2rep.cli import main
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport
from pytest_pet2rep.errors import CaseFileError, ImportProblem
from pytest_pet2rep.imaging.volumes import load_volume
from pytest_pet2rep.run.importing.dicom import import_dicom
from pytest_pet2rep.run.importing.dicom_case import KEY_FILE, case_id, holds_identity
from pytest_pet2rep.types import Language
from tests.dicom_files import a_ct, a_pet, rewrite

REPORT = "影像所见：肝脏放射性分布均匀，未见异常。\n"
IDENTITY = {
    "PatientName": "Hausmann^Adelheid=郑^秀兰",
    "PatientID": "PAT-4471-X",
    "PatientBirthDate": "19591224",
    "AccessionNumber": "ACC0099817",
    "StudyID": "STUDY-5512",
    "StudyDate": "20210305",
    "StudyTime": "093012.5",
    "InstitutionName": "Sankt-Elisabeth-Spital",
    "InstitutionAddress": "Lindenallee 14",
    "StationName": "PETCT-ROOM7",
    "ReferringPhysicianName": "Oberholzer^Kurt",
    "OperatorsName": "Vandenbroucke^Lies",
    "DeviceSerialNumber": "SN-778811",
    "StudyDescription": "Ganzkoerper Hausmann",
    "SeriesDescription": "PETCT fuer Hausmann",
    "PatientComments": "Nachbarin von Frau Iselin",
    "EthnicGroup": "Frisian",
}


def a_study(folder: Path, study: str = "1.2.826.0.1.3680043.99.1", report: str = REPORT) -> Path:
    header = IDENTITY | {"PatientAge": "061Y"}
    a_pet(study=study, header=header).write(folder / "pet")
    a_ct(study=study, header=header).write(folder / "ct")
    if report:
        (folder / "report.zh.txt").write_text(report, encoding="utf-8")
    return folder


def imported(source: Path, dest: Path, **options: object) -> ImportReport:
    return import_dicom(source, dest, ImportOptions(**options))  # type: ignore[arg-type]


def test_a_study_becomes_a_case_that_loads(tmp_path: Path) -> None:
    report = imported(a_study(tmp_path / "src"), tmp_path / "dest")
    (name,) = report.written
    assert not report.skipped + report.missing
    case = load_case(tmp_path / "dest" / name / "case.toml", cohort="c")
    assert (case.sex, case.age, case.weight_kg, case.height_cm) == ("M", 61, 80, 180)
    assert case.private
    assert case.references == {Language.ZH: REPORT.strip()}
    assert case.images.pet is not None
    assert case.images.ct is not None
    pet, ct = load_volume(case.images.pet), load_volume(case.images.ct)
    assert float(pet.data.max()) == pytest.approx(5.0)
    assert float(np.median(pet.data[pet.data > 0])) == pytest.approx(1.0)
    assert (ct.data.dtype, ct.data.min(), ct.data.max()) == (np.int16, -1000, 40)
    assert "units BQML, dose in Bq" in case.provenance


def _strings(data: Dataset) -> Iterator[str]:
    for element in data:
        if element.VR == "SQ":
            for item in element.value:
                yield from _strings(item)
        elif element.VR in {"PN", "LO", "LT", "SH", "ST", "UI", "DA", "TM", "DT", "AE", "UT"}:
            for value in element.value if element.VM > 1 else [element.value]:
                yield from (part for part in str(value).replace("^", "=").split("="))


def _written_bytes(dest: Path) -> bytes:
    found = b""
    for path in sorted(dest.rglob("*")):
        found += str(path.relative_to(dest)).encode() + b"\0"
        if path.is_file():
            raw = path.read_bytes()
            found += raw + (gzip.decompress(raw) if path.suffix == ".gz" else b"")
    return found


def test_no_identifying_value_is_in_any_written_byte(tmp_path: Path) -> None:
    source = a_study(tmp_path / "src")
    values = {
        value.strip() for path in source.rglob("*.dcm") for value in _strings(pydicom.dcmread(path))
    }
    looked_for = {value for value in values if len(value) >= 4 or not value.isascii()}
    assert {"Hausmann", "郑", "PAT-4471-X", "19591224", "Lindenallee 14"} <= looked_for
    imported(source, tmp_path / "dest")
    written = _written_bytes(tmp_path / "dest")
    assert b"affine" not in written
    assert b"n+1" in written
    leaked = {
        value
        for value in looked_for
        if value.encode() in written or value.encode("utf-16-le") in written
    }
    assert not leaked
    assert str(source).encode() not in written


def test_the_same_import_again_changes_nothing(tmp_path: Path) -> None:
    source, dest = a_study(tmp_path / "src"), tmp_path / "dest"
    first = imported(source, dest)
    before = _written_bytes(dest)
    second = imported(source, dest)
    assert second.unchanged == first.written
    assert not second.written
    assert _written_bytes(dest) == before


def test_case_ids_hold_while_studies_are_added_and_need_the_key(tmp_path: Path) -> None:
    source, dest = tmp_path / "src", tmp_path / "dest"
    a_study(source / "b", study="1.2.3.4")
    (first,) = imported(source, dest).written
    a_study(source / "a", study="1.2.3.5")
    later = imported(source, dest)
    assert later.unchanged == (first,)
    assert len(later.written) == 1
    assert first == case_id("1.2.3.4", (dest / KEY_FILE).read_bytes())
    (other,) = imported(source / "b", tmp_path / "elsewhere").written
    assert other != first
    assert (dest / KEY_FILE).stat().st_mode & 0o077 == 0


def test_a_case_without_report_is_written_and_listed(tmp_path: Path) -> None:
    source, dest = a_study(tmp_path / "src", report=""), tmp_path / "dest"
    report = imported(source, dest)
    (name,) = report.written
    (missing,) = report.missing
    assert f"{name}/report.zh.txt" in missing.what
    with pytest.raises(CaseFileError, match=r"there is no report\.zh\.txt"):
        load_case(dest / name / "case.toml", cohort="c")
    (dest / name / "report.zh.txt").write_text(REPORT, encoding="utf-8")
    again = imported(source, dest)
    assert again.unchanged == (name,)
    assert not again.missing
    assert load_case(dest / name / "case.toml", cohort="c").references


@pytest.mark.parametrize(
    "slip",
    ["患者郑秀兰。", "Frau HAUSMANN.", "检查号ACC0099817", "born 24.12.1959", "2021年3月5日"],
)
def test_a_report_that_names_the_patient_is_not_copied(tmp_path: Path, slip: str) -> None:
    source = a_study(tmp_path / "src", report=REPORT + slip)
    report = imported(source, tmp_path / "dest")
    (missing,) = report.missing
    assert "name, number or date" in missing.what
    assert slip.strip("。.") not in missing.what
    assert not list((tmp_path / "dest").rglob("report*"))


def test_words_that_hold_a_short_or_longer_value_do_not_name_anybody() -> None:
    identifying = frozenset({"Li", "", "1", "Lung", "20210305"})
    assert not holds_identity("Lungs and liver: 1 nodule of 12021030517 mm.", identifying)
    assert holds_identity("Reported by Dr. LUNG.", identifying)


def test_a_report_above_several_studies_belongs_to_none(tmp_path: Path) -> None:
    source = tmp_path / "src"
    a_study(source / "a", study="1.2.3.4", report="")
    a_study(source / "b", study="1.2.3.5", report=REPORT)
    (source / "report.zh.txt").write_text(REPORT, encoding="utf-8")
    report = imported(source, tmp_path / "dest")
    assert len(report.written) == 2
    assert len(report.missing) == 1


def test_an_english_report_alone_makes_an_english_case(tmp_path: Path) -> None:
    source = a_study(tmp_path / "src", report="")
    (source / "report.en.txt").write_text("Findings: normal liver.", encoding="utf-8")
    (name,) = imported(source, tmp_path / "dest").written
    case = load_case(tmp_path / "dest" / name / "case.toml", cohort="c")
    assert case.language is Language.EN


def test_a_pet_without_ct_becomes_a_case_without_images(tmp_path: Path) -> None:
    source, dest = a_study(tmp_path / "src"), tmp_path / "dest"
    shutil.rmtree(source / "ct")
    report = imported(source, dest)
    (name,) = report.written
    (missing,) = report.missing
    assert "ct.nii.gz" in missing.what
    assert load_case(dest / name / "case.toml", cohort="c").images.kind == "none"
    assert (dest / name / "pet.nii.gz").is_file()


def test_one_broken_study_stops_only_itself(tmp_path: Path) -> None:
    source = tmp_path / "src"
    a_study(source / "good", study="1.2.3.4")
    a_study(source / "light", study="1.2.3.5")
    for path in (source / "light" / "pet").iterdir():
        rewrite(path, PatientWeight=None)
    a_study(source / "loud", study="1.2.3.6")
    for path in (source / "loud" / "pet").iterdir():
        rewrite(path, RescaleSlope=2500)
    a_study(source / "plain", study="1.2.3.7")
    shutil.rmtree(source / "plain" / "pet")
    (source / "note.txt").write_text("no image", encoding="utf-8")
    report = imported(source, tmp_path / "dest")
    assert len(report.written) == 1
    reasons = {notice.where: notice.what for notice in report.skipped}
    assert set(reasons) == {"light", "loud", "plain/ct"}
    assert "weight (0010,1030)" in reasons["light"]
    assert "median of 1e+03" in reasons["loud"]
    assert "no PET series" in reasons["plain/ct"]
    assert any("1 files are no slices" in note.what for note in report.notes)
    assert sorted(p.name for p in (tmp_path / "dest").iterdir()) == [KEY_FILE, *report.written]


def test_another_case_is_replaced_only_when_allowed(tmp_path: Path) -> None:
    source, dest = a_study(tmp_path / "src"), tmp_path / "dest"
    (name,) = imported(source, dest).written
    for path in (source / "pet").iterdir():
        rewrite(path, PatientWeight=40)
    assert not imported(source, dest).written
    kept = load_case(dest / name / "case.toml", cohort="c")
    assert kept.weight_kg == 80
    assert imported(source, dest, overwrite=True).written == (name,)
    assert load_case(dest / name / "case.toml", cohort="c").weight_kg == 40


def test_great_age_and_impossible_height_are_not_written_as_they_are(tmp_path: Path) -> None:
    source = a_study(tmp_path / "src")
    for path in (source / "pet").iterdir():
        rewrite(path, PatientAge="097Y", PatientSize=0.1, PatientSex="O")
    report = imported(source, tmp_path / "dest")
    case = load_case(tmp_path / "dest" / report.written[0] / "case.toml", cohort="c")
    assert (case.age, case.height_cm, case.sex) == (90, None, "")
    assert any("90 or more" in note.what for note in report.notes)
    assert any("height_cm 10" in note.what for note in report.notes)


def test_nothing_to_import_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text", encoding="utf-8")
    with pytest.raises(ImportProblem, match="no PET or CT images in DICOM \\(1 other"):
        imported(tmp_path, tmp_path / "dest")
    with pytest.raises(ImportProblem, match="is no folder"):
        imported(tmp_path / "a.txt", tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


def test_the_command_line_knows_the_importer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_study(tmp_path / "src")
    assert main(["import", "dicom", str(tmp_path / "src"), str(tmp_path / "dest")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 case written")
    assert "Hausmann" not in said

"""The importer of PETWB-REP on small trees in exactly the two layouts that were published."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.importers import load_importer
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport
from pytest_pet2rep.errors import ImportProblem
from pytest_pet2rep.types import Case, Language

ZH = "影像号,影像描述,报告诊断\n"
EN = "Image ID,Image Description,Report Diagnosis\n"
META = "Image ID,Sex,Age,Weight_kg,Disease\n"


def touch(path: Path, content: bytes = b"not opened") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def run(source: Path, dest: Path, **options: object) -> ImportReport:
    return load_importer("petwb-rep")(source, dest, ImportOptions(**options))  # type: ignore[arg-type]


def case(dest: Path, case_id: str) -> Case:
    return load_case(dest / case_id / "case.toml", cohort="c")


@pytest.fixture
def bids(tmp_path: Path) -> Path:
    """Two studies; ids with ``sub-`` in one table and without in the others."""
    root = tmp_path / "PETWB-REP"
    for study in ("1000001-000001", "1000001-0000012"):
        sub = f"sub-{study}"
        raw = root / "rawdata" / sub / "ses-01"
        touch(raw / "anat" / f"{sub}_ses-01_ct.nii.gz")
        touch(raw / "anat" / f"{sub}_ses-01_desc-resampled_ct.nii.gz")
        touch(raw / "pet" / f"{sub}_ses-01_pet.nii.gz")
    touch(root / "derivatives/sub-1000001-000001/sub-1000001-000001_ses-01_desc-pet_suv.nii.gz")
    touch(
        root
        / "derivatives/sub-1000001-0000012/ses-01/sub-1000001-0000012_ses-01_desc-suv_pet.nii.gz"
    )
    touch(
        root / "report_zh.csv",
        (
            ZH + '1000001-000001,"肝脏，FDG摄取增高。\n脾脏正常。",肝癌\n'
            "sub-1000001-0000012,影像所见：正常。,\n"
        ).encode(),
    )
    touch(
        root / "report_en.csv",
        (EN + 'sub-1000001-000001,"Liver 2\xd73 cm, caf\xe9.",Caf\xe9-au-lait spots\n').encode(
            "latin-1"
        ),
    )
    touch(
        root / "metadata.csv",
        (META + "1000001-000001,F,61,58.5,liver\nsub-1000001-0000012,Male,061Y,,\n").encode(),
    )
    return root


def test_the_bids_layout_becomes_cases_that_refer_to_the_volumes(
    bids: Path, tmp_path: Path
) -> None:
    dest = tmp_path / "out"
    report = run(bids, dest)
    assert report.written == ("sub-1000001-000001", "sub-1000001-0000012")
    assert (report.skipped, report.missing, report.notes) == ((), (), ())
    one, two = (case(dest, case_id) for case_id in report.written)
    anat = bids / "rawdata/sub-1000001-000001/ses-01/anat"
    assert one.images.ct == anat / "sub-1000001-000001_ses-01_ct.nii.gz"
    assert one.images.pet is not None
    assert one.images.pet.name == "sub-1000001-000001_ses-01_desc-pet_suv.nii.gz"
    assert two.images.pet is not None
    assert two.images.pet.name == "sub-1000001-0000012_ses-01_desc-suv_pet.nii.gz"
    assert (one.sex, one.age, one.weight_kg) == ("F", 61, 58.5)
    assert (two.sex, two.age, two.weight_kg) == ("M", 61, None)
    assert one.private is True


def test_both_languages_are_read_in_their_own_encodings(bids: Path, tmp_path: Path) -> None:
    run(bids, tmp_path / "out")
    one = case(tmp_path / "out", "sub-1000001-000001")
    assert one.language is Language.ZH
    assert one.references == {
        Language.ZH: "影像所见：肝脏，FDG摄取增高。\n脾脏正常。\n影像诊断：肝癌",
        Language.EN: "Findings: Liver 2×3 cm, café.\nImpression: Café-au-lait spots",
    }
    two = case(tmp_path / "out", "sub-1000001-0000012")
    assert two.references == {Language.ZH: "影像所见：正常。"}


def test_the_english_reports_can_be_chosen(bids: Path, tmp_path: Path) -> None:
    report = run(bids, tmp_path / "out", language=Language.EN)
    assert report.written == ("sub-1000001-000001",)
    assert "the language of the case is en" in report.skipped[0].what


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """The layout with ``Imaging_data``; ids ``sub_001``, files with and without ``sub_``."""
    root = tmp_path / "PETWB-REP"
    for folder in ("CT_RAW", "PET_RAW", "CT_NORM", "PET_SUV"):
        for name in ("sub_001.nii.gz", "sub_0010.nii.gz"):
            touch(root / "Imaging_data" / folder / name)
    touch(root / "Imaging_data/CT_RAW/002_ct.nii.gz")
    tables = root / "Non-Imaging_data"
    rows = "".join(f"sub_{i},正常{i}。,未见异常。\n" for i in ("001", "0010", "002"))
    touch(tables / "report_zh.csv", ("\ufeff" + ZH + rows).encode())
    touch(tables / "report_en.csv", (EN + "sub_001,Normal.,Normal \x96 study\n").encode("latin-1"))
    touch(tables / "meta_data.csv", (META + "sub_002,x,200,70,\nsub_9,F,1,1,\n").encode())
    return root


def test_the_other_layout_is_read_too(plain: Path, tmp_path: Path) -> None:
    dest = tmp_path / "out"
    report = run(plain, dest)
    assert report.written == ("sub-001", "sub-0010", "sub-002")
    one, ten = case(dest, "sub-001"), case(dest, "sub-0010")
    assert one.images.ct == plain / "Imaging_data/CT_RAW/sub_001.nii.gz"
    assert one.images.pet == plain / "Imaging_data/PET_SUV/sub_001.nii.gz"
    assert ten.images.pet == plain / "Imaging_data/PET_SUV/sub_0010.nii.gz"
    assert one.references[Language.EN] == "Findings: Normal.\nImpression: Normal – study"


def test_missing_partners_are_listed_and_doubts_told(plain: Path, tmp_path: Path) -> None:
    report = run(plain, tmp_path / "out")
    assert [n.where for n in report.missing] == ["case sub-002"]
    assert "no PET volume below" in report.missing[0].what
    assert case(tmp_path / "out", "sub-002").images.kind == "none"
    assert [n.where for n in report.notes] == ["case sub-002"] * 2
    assert "sex 'x' is not understood" in report.notes[0].what
    assert "age '200' is not understood" in report.notes[1].what
    assert report.skipped[0].where.endswith("meta_data.csv:3")
    assert report.skipped[0].what == "there is no report for this row"


def test_volumes_and_rows_without_a_report_are_listed(bids: Path, tmp_path: Path) -> None:
    touch(bids / "rawdata/sub-7/ses-01/anat/sub-7_ses-01_ct.nii.gz")
    with (bids / "report_zh.csv").open("a", encoding="utf-8") as file:
        file.write("1000001-000001,别的报告,\n,没有编号,\n8,,\n9,a,b,c\n")
    report = run(bids, tmp_path / "out")
    said = [(n.where.removeprefix(f"{bids}/"), n.what) for n in report.skipped]
    assert said[:4] == [
        ("report_zh.csv:8", "has 4 cells for 3 columns"),
        ("report_zh.csv:5", "is a second, other report of 1000001-000001"),
        ("report_zh.csv:6", "has no id"),
        ("report_zh.csv:7", "has no report in 影像描述 or 影像所见"),
    ]
    assert said[4][0] == "sub-7"
    assert "there is no report for" in said[4][1]
    assert len(report.written) == 2


def test_two_sessions_are_not_chosen_between_in_silence(bids: Path, tmp_path: Path) -> None:
    sub = "sub-1000001-000001"
    touch(bids / f"rawdata/{sub}/ses-02/anat/{sub}_ses-02_ct.nii.gz")
    report = run(bids, tmp_path / "out")
    assert report.notes[0].where == f"case {sub}"
    assert "the first CT is used, not" in report.notes[0].what
    assert case(tmp_path / "out", sub).images.ct == (
        bids / f"rawdata/{sub}/ses-01/anat/{sub}_ses-01_ct.nii.gz"
    )


def test_a_table_that_is_not_there_is_listed(bids: Path, tmp_path: Path) -> None:
    (bids / "report_en.csv").unlink()
    (bids / "metadata.csv").unlink()
    report = run(bids, tmp_path / "out")
    assert [n.where for n in report.missing] == ["report_en.csv", "metadata.csv"]


def test_a_folder_of_another_layout_is_refused(bids: Path, tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match="is no PETWB-REP folder"):
        run(tmp_path, tmp_path / "out")
    for name in ("report_zh.csv", "report_en.csv"):
        (bids / name).unlink()
    with pytest.raises(ImportProblem, match=r"has no report_zh\.csv or report_en\.csv"):
        run(bids, tmp_path / "out")
    assert not (tmp_path / "out" / "sub-1000001-000001").exists()


def test_rows_of_facts_that_are_not_used_are_listed(bids: Path, tmp_path: Path) -> None:
    table = bids / "metadata.csv"
    rows = ("1000001-000001,F,61,58.5,liver", "1000001-000001,M,30,80,liver",
            "1000001-000001,F,61,58.5,liver", "1000001-0000012,M,61,70,liver,more")  # fmt: skip
    table.write_text(META + "\n".join(rows) + "\n", encoding="utf-8")
    report = run(bids, tmp_path / "out")
    assert {(entry.where, entry.what) for entry in report.skipped} == {
        (f"{table}:3", "is a second, other row of 1000001-000001: the first is used"),
        (f"{table}:5", "has 6 cells for 5 columns"),
    }
    first = case(tmp_path / "out", "sub-1000001-000001")
    assert (first.sex, first.age, first.weight_kg) == ("F", 61, 58.5)

"""The importer of a user's own table."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.importers import load_importer
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport
from pytest_pet2rep.errors import ImportProblem
from pytest_pet2rep.types import Case, Language


def run(source: Path, dest: Path, **options: object) -> ImportReport:
    return load_importer("folder")(source, dest, ImportOptions(**options))  # type: ignore[arg-type]


def case(dest: Path, case_id: str) -> Case:
    return load_case(dest / case_id / "case.toml", cohort="c")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    root = tmp_path / "mine"
    (root / "r").mkdir(parents=True)
    for name in ("p.nii.gz", "c.nii.gz", "a.png", "b.png"):
        (root / name).write_bytes(b"not opened")
    (root / "r" / "2.txt").write_text("Findings: Normal liver.\n", encoding="utf-8-sig")
    (root / "cases.csv").write_text(
        "ID,report_zh,report,pet,ct,slices,Sex,Age,Weight,note\n"
        '1,"影像所见：正常，\n未见异常。",,p.nii.gz,c.nii.gz,,女,61岁,58,x\n'
        "2,,r/2.txt,,,a.png; b.png,M,,,\n"
        "3,正常。,,p.nii.gz,gone.nii.gz,,,,heavy,\n",
        encoding="utf-8",
    )
    return root


def test_rows_become_cases_with_reports_images_and_facts(mine: Path, tmp_path: Path) -> None:
    dest = tmp_path / "out"
    report = run(mine / "cases.csv", dest)
    assert report.written == ("1", "2", "3")
    one, two = case(dest, "1"), case(dest, "2")
    assert one.references == {Language.ZH: "影像所见：正常，\n未见异常。"}
    assert (one.images.pet, one.images.ct) == (mine / "p.nii.gz", mine / "c.nii.gz")
    assert (one.sex, one.age, one.weight_kg) == ("F", 61, 58)
    assert two.references == {Language.EN: "Findings: Normal liver."}
    assert two.language is Language.EN
    assert two.images.slices == (mine / "a.png", mine / "b.png")


def test_what_is_missing_unused_or_odd_is_told(mine: Path, tmp_path: Path) -> None:
    report = run(mine, tmp_path / "out")
    assert [(n.where, n.what) for n in report.missing] == [("case 3", str(mine / "gone.nii.gz"))]
    assert report.notes[0].what == "columns that are not used: note"
    assert "weight_kg 'heavy' is not understood" in report.notes[1].what
    assert report.skipped == ()


def test_a_table_from_a_chinese_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "表.csv"
    path.write_bytes("id,report_zh,性别\n患者1,肝脏正常。,女\n".encode("gb18030"))
    report = run(path, tmp_path / "out")
    (case_id,) = report.written
    assert report.renamed == (("患者1", case_id),)
    assert case(tmp_path / "out", case_id).references == {Language.ZH: "肝脏正常。"}
    assert case(tmp_path / "out", case_id).sex == "F"


def test_images_may_lie_elsewhere(mine: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    report = run(mine, tmp_path / "out", images_root=other)
    assert case(tmp_path / "out", "1").images.pet == other / "p.nii.gz"
    assert len(report.missing) == 6


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (",正常。,,,,,", "has no id"),
        ("x,,,,,,", "has no report"),
        ("x,r/none.txt,,,,,", "the report r/none.txt cannot be read: No such file"),
        ("x,正常。,,p.nii.gz,,,", "pet and ct go together"),
        ("x,正常。,,a.nii;b.nii,c.nii,,", "pet names 2 files"),
        ("x,正常。,,a.png,c.nii,,", "must end in .nii"),
        ("x,正常。,,a.nii,c.nii,a.png,", "one source of images"),
        ("x,正常。,,,,,fr", "language 'fr' is none of zh, en"),
        ("x,正常。,,,,,en", "the language of the case is en"),
        ("x,正常。,,,,,zh,1,2", "has 9 cells for 7 columns"),
    ],
)
def test_a_row_that_cannot_be_used_is_listed_with_its_line(
    tmp_path: Path, row: str, part: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"id,report_zh,report,pet,ct,slices,language\n{row}\nok,正常。\n", "utf-8")
    report = run(path, tmp_path / "out")
    assert report.written == ("ok",)
    assert report.skipped[0].where == f"{path}:2"
    assert part in report.skipped[0].what


def test_a_table_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,text\n1,x\n", encoding="utf-8")
    with pytest.raises(ImportProblem, match="needs the columns id and report_zh"):
        run(path, tmp_path / "out")
    path.write_text("", encoding="utf-8")
    with pytest.raises(ImportProblem, match="has no line with the names"):
        run(path, tmp_path / "out")
    (tmp_path / "u.csv").write_text("id,report\n", encoding="utf-8")
    with pytest.raises(ImportProblem, match=r"must hold one table .* t\.csv, u\.csv"):
        run(tmp_path, tmp_path / "out")
    with pytest.raises(ImportProblem, match="holds nothing to import"):
        run(tmp_path / "u.csv", tmp_path / "out")
    with pytest.raises(ImportProblem, match="cannot be read"):
        run(tmp_path / "none.csv", tmp_path / "out")

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.cohorts.casefile import CASE_ID, load_case
from pytest_pet2rep.cohorts.casewriter import to_toml
from pytest_pet2rep.cohorts.importers import importer_names, load_importer
from pytest_pet2rep.cohorts.importing import (
    ImportOptions,
    ImportReport,
    case_id_for,
    language_of,
)
from pytest_pet2rep.errors import ImportProblem, UnknownName
from pytest_pet2rep.types import Language

MARKS = '请根据图像<image> <image> <image>，\r\n写报告。\n模板：[正常] \\ """ 【摄取】'
ANSWER = "影像所见：肝脏FDG摄取未见异常。\n影像诊断：未见异常。"


def official(case_id: str = "demo_001", **changes: Any) -> dict[str, Any]:
    line = {
        "patient_id": case_id,
        "task": "PET2Rep",
        "prompt_system": "你是医师。",
        "prompt_user_fuse": [f"slices/{case_id}_{i}.jpg" for i in (90, 100, 110)],
        "prompt_user_text": MARKS,
        "answer": ANSWER,
        **changes,
    }
    return {key: value for key, value in line.items() if value is not None}


class Release:
    """A released tree: images in one folder, the JSON lines in a folder beside it."""

    def __init__(self, root: Path) -> None:
        self.root, self.dest = root / "release", root / "out"
        self.file = self.root / "text" / "prompt.jsonl"
        for folder in ("text", "slices"):
            (self.root / folder).mkdir(parents=True)
        for i in (90, 100, 110):
            (self.root / "slices" / f"demo_001_{i}.jpg").write_bytes(b"jpeg")

    def run(self, *lines: Any, **options: Any) -> ImportReport:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        self.file.write_text(text, encoding="utf-8")
        return load_importer("pet2rep-jsonl")(self.file, self.dest, ImportOptions(**options))


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return Release(tmp_path)


@pytest.mark.parametrize("key", ["prompt_user_fuse", "prompt_image_fuse"])
def test_an_official_case_keeps_prompt_images_and_report(release: Release, key: str) -> None:
    line = official()
    line[key] = line.pop("prompt_user_fuse")
    report = release.run(line)
    assert (report.written, report.missing, report.notes) == (("demo_001",), (), ())
    case = load_case(release.dest / "demo_001" / "case.toml", cohort="c")
    assert case.prompt is not None
    assert (case.prompt.system, case.prompt.user) == ("你是医师。", MARKS)
    assert case.images.slices == tuple(
        release.root / "slices" / f"demo_001_{i}.jpg" for i in (90, 100, 110)
    )
    assert case.references == {Language.ZH: ANSWER}
    assert case.private is True
    assert case.language is Language.ZH
    assert case.provenance == "imported from prompt.jsonl, line 1"


def test_images_are_looked_for_in_the_given_folder_first(release: Release, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "slices").mkdir(parents=True)
    (other / "slices" / "demo_001_90.jpg").write_bytes(b"other")
    release.run(official(), images_root=other)
    slices = load_case(release.dest / "demo_001" / "case.toml", cohort="c").images.slices
    assert slices[0] == other / "slices" / "demo_001_90.jpg"
    assert slices[1] == release.root / "slices" / "demo_001_100.jpg"


def test_missing_images_are_listed_and_the_case_is_written(release: Release) -> None:
    report = release.run(official("demo_002"))
    assert report.written == ("demo_002",)
    assert [n.where for n in report.missing] == ["case demo_002"] * 3
    assert report.missing[0].what.endswith("slices/demo_002_90.jpg")


def test_a_windows_path_and_a_single_path_are_understood(release: Release) -> None:
    report = release.run(official(prompt_user_fuse=r"slices\demo_001_90.jpg"))
    assert report.missing == ()
    assert report.notes[0].what == "the prompt has 3 <image> for 1 images"


def test_a_case_without_images_is_noted(release: Release) -> None:
    report = release.run(official(prompt_user_fuse=None))
    assert report.written == ("demo_001",)
    assert any("the case is without images" in note.what for note in report.notes)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"patient_id": None}, "there is no field patient_id"),
        ({"answer": None}, "there is no field answer"),
        ({"answer": "\n"}, "the answer is empty"),
        ({"prompt_user_text": None}, "there is no field prompt_user_text"),
        ({"prompt_user_text": " "}, "prompt.user: is empty"),
        ({"prompt_user_fuse": [1]}, "must be a list of paths"),
        ({"prompt_user_fuse": ["a.gif"]}, "must end in .png"),
    ],
)
def test_an_unusable_line_is_skipped_with_its_reason(
    release: Release, changes: dict[str, Any], part: str
) -> None:
    report = release.run(official("x", **changes), official())
    assert report.written == ("demo_001",)
    assert report.skipped[0].where == f"{release.file}:1"
    assert part in report.skipped[0].what
    assert str(release.dest) not in report.skipped[0].what
    assert sorted(p.name for p in release.dest.iterdir()) == ["demo_001"]


def test_a_second_import_changes_nothing(release: Release) -> None:
    release.run(official())
    before = {p: p.stat().st_mtime_ns for p in release.dest.rglob("*")}
    report = release.run(official())
    assert (report.written, report.unchanged, report.skipped) == ((), ("demo_001",), ())
    assert {p: p.stat().st_mtime_ns for p in release.dest.rglob("*")} == before


def test_a_case_that_differs_is_kept_unless_overwriting_is_allowed(release: Release) -> None:
    release.run(official())
    report = release.run(official(answer="Findings: fine."))
    assert report.written == ()
    assert "holds another case" in report.skipped[0].what
    assert (release.dest / "demo_001" / "report.zh.txt").read_text("utf-8") == ANSWER + "\n"
    report = release.run(official(answer="Findings: fine."), overwrite=True)
    assert report.written == ("demo_001",)
    names = sorted(p.name for p in (release.dest / "demo_001").iterdir())
    assert names == ["case.toml", "report.en.txt"]


def test_ids_become_folder_names_and_the_change_is_told(release: Release) -> None:
    report = release.run(official("患者 1"), official("患者 2"), official("../x"))
    assert len(set(report.written)) == 3
    assert [old for old, _ in report.renamed] == ["患者 1", "患者 2", "../x"]
    assert all(new == case_id_for(old) for old, new in report.renamed)
    assert {p.name for p in release.dest.iterdir()} == set(report.written)


def test_the_options_reach_the_case(release: Release) -> None:
    release.run(official(), private=False, licence="CC BY 4.0", language=Language.EN)
    case = load_case(release.dest / "demo_001" / "case.toml", cohort="c")
    assert (case.private, case.licence, case.language) == (False, "CC BY 4.0", Language.EN)


def test_a_source_without_anything_is_refused(release: Release, tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match="holds nothing to import"):
        release.run()
    with pytest.raises(ImportProblem, match="there is nothing at"):
        load_importer("pet2rep-jsonl")(tmp_path / "no", release.dest, ImportOptions())
    with pytest.raises(ImportProblem, match="cannot be made"):
        load_importer("pairs")(release.file, release.file, ImportOptions())


def test_an_importer_nobody_knows_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'pairs'"):
        load_importer("pair")
    for name in importer_names():
        assert callable(load_importer(name))


@pytest.mark.parametrize("kept", ["PET-0001", "a", "sub_01.2", "x" * 100])
def test_a_legal_id_is_kept(kept: str) -> None:
    assert case_id_for(kept) == kept


def test_an_illegal_id_gets_the_digest_of_the_original() -> None:
    assert case_id_for("sub 01/肝") == "sub-01-f5c9d61f279c"
    assert case_id_for("肝").startswith("case-")
    assert len(case_id_for("x" * 101)) == 100


@given(st.text(min_size=1), st.text(min_size=1))
def test_case_ids_are_legal_and_differ_where_the_originals_do(one: str, other: str) -> None:
    for original in (one, other):
        case_id = case_id_for(original)
        assert CASE_ID.fullmatch(case_id)
        assert len(case_id) <= 100
    assert (case_id_for(one) == case_id_for(other)) == (one == other)


@given(st.text(), st.text(alphabet="\r\n\t\"\\' x肝\x00\x1f\x7f"))
def test_a_text_survives_the_case_file(one: str, other: str) -> None:
    table = {"provenance": one, "prompt": {"system": other, "user": one}}
    assert tomllib.loads(to_toml(table).encode().decode()) == table


def test_the_language_is_told_from_the_text() -> None:
    assert language_of("肝脏FDG摄取增高，SUVmax 3.2。", ImportOptions()) is Language.ZH
    assert language_of("Uptake in the liver (肝) is normal.", ImportOptions()) is Language.EN
    assert language_of("肝", ImportOptions(language=Language.EN)) is Language.EN

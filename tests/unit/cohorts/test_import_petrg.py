"""The importer of the PETRG layout on small trees made here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.importers import load_importer
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport
from pytest_pet2rep.errors import ImportProblem
from pytest_pet2rep.types import Language


def put(split: Path, study: str, fields: Any, channels: tuple[str, ...] = ("0000", "0001")) -> None:
    for folder in ("images_mv_leg", "reports"):
        (split / folder).mkdir(parents=True, exist_ok=True)
    for channel in channels:
        (split / "images_mv_leg" / f"{study}_{channel}.nii.gz").write_bytes(b"not opened")
    if fields is not None:
        text = fields if isinstance(fields, str) else json.dumps(fields, ensure_ascii=False)
        (split / "reports" / f"{study}.json").write_text(text, encoding="utf-8")


def run(source: Path, dest: Path) -> ImportReport:
    return load_importer("petrg")(source, dest, ImportOptions())


def test_reports_and_volumes_of_a_folder_become_cases(tmp_path: Path) -> None:
    source, dest = tmp_path / "autopet_rg_lym", tmp_path / "out"
    put(source, "AP_cd2ef932b5-0", {"检查所见": "大脑皮层显影清晰。"})
    put(source, "AP_0b-1", {"检查所见": "右肺结节。", "检查意见": "考虑肺癌。"})
    report = run(source, dest)
    assert report.written == ("AP_0b-1", "AP_cd2ef932b5-0")
    assert (report.skipped, report.missing) == ((), ())
    first, second = (load_case(dest / i / "case.toml", cohort="c") for i in report.written)
    assert first.references == {Language.ZH: "影像所见：右肺结节。\n影像诊断：考虑肺癌。"}
    assert second.references == {Language.ZH: "影像所见：大脑皮层显影清晰。"}
    assert first.images.ct == source / "images_mv_leg" / "AP_0b-1_0000.nii.gz"
    assert first.images.pet == source / "images_mv_leg" / "AP_0b-1_0001.nii.gz"


def test_splits_are_read_one_after_the_other(tmp_path: Path) -> None:
    source = tmp_path / "petrg_lym"
    put(source / "train", "a", {"检查所见": "正常。"})
    put(source / "valid", "b", {"检查所见": "正常。"})
    put(source / "valid", "a", {"检查所见": "另一个。"})
    report = run(source, tmp_path / "out")
    assert report.written == ("a", "b")
    assert "needs the folder of the case at" in report.skipped[0].what


def test_missing_partners_and_broken_reports_are_listed(tmp_path: Path) -> None:
    source = tmp_path / "data"
    put(source, "a", {"检查所见": "正常。"}, channels=("0000",))
    put(source, "b", None)
    put(source, "c", {"所见": "正常。"})
    put(source, "d", "{")
    put(source, "e", {"检查所见": " "})
    put(source, "f", ["检查所见"])
    put(source, "g", {"检查所见": 3})
    report = run(source, tmp_path / "out")
    assert report.written == ("a",)
    assert load_case(tmp_path / "out/a/case.toml", cohort="c").images.kind == "none"
    assert [(n.where, n.what) for n in report.missing] == [
        ("case a", "no a_0001.nii.gz (pet): the case is without images")
    ]
    said = {Path(n.where).stem: n.what for n in report.skipped}
    assert set(said) == {"b", "c", "d", "e", "f", "g"}
    assert said["b"].startswith("there is no reports/b.json for")
    assert said["c"] == said["f"] == "has no field 检查所见"
    assert said["d"].startswith("is no JSON in UTF-8")
    assert said["e"] == "检查所见 is empty"
    assert "is a number where a text is expected" in said["g"]


def test_a_folder_without_reports_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match="has no folder reports"):
        run(tmp_path, tmp_path / "out")
    (tmp_path / "reports").mkdir()
    with pytest.raises(ImportProblem, match="holds nothing to import"):
        run(tmp_path, tmp_path / "out")

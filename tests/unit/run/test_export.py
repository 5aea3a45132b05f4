"""`pet2rep export` and `load_run`: a run for notebooks, spreadsheets and pages."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet as pq
import pytest

import pytest_pet2rep
from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import DataProblem, UnknownName, UsageProblem
from pytest_pet2rep.render.spreadsheet import cell, csv_text
from pytest_pet2rep.run.export_command import export_tables, page_of
from pytest_pet2rep.run.result_rows import TABLES, result_rows
from pytest_pet2rep.run.runfiles import RunData
from tests.unit.run.hostile import hostile_run
from tests.unit.run.stored_runs import store_run

RUNS = ("=", "+", "-", "@", "\t", "\r", "|", "%", "＝", "＋", "－", "＠")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("export")
    return store_run(root, root / "run", lost=(3,))


@pytest.fixture(scope="module")
def rows(run: RunData) -> dict[str, list[dict[str, Any]]]:
    return result_rows(run)


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def test_there_is_a_row_for_each_item_that_has_a_record(
    run: RunData, rows: dict[str, list[dict[str, Any]]]
) -> None:
    assert len(rows["items"]) == len(run.records) == len(run.planned) - 1
    (liver,) = [r for r in rows["items"] if (r["case"], r["organ"]) == ("PET-2", "liver")]
    assert (liver["outcome"], liver["kind"], liver["failed"]) == ("miss", "missed", True)
    assert (liver["expected"], liver["generated"]) == ("increased", "normal")


def test_scores_are_those_of_the_summary_with_their_intervals(
    run: RunData, rows: dict[str, list[dict[str, Any]]]
) -> None:
    for row in rows["scores"]:
        known = run.summary["scores"][row["language"]]["metrics"][row["metric"]]
        assert row["value"] == pytest.approx(known["value"], abs=1e-9)
        assert row["signature"] == known["signature"]
        limits = known["interval"] or {"low": None}
        assert row["low"] == pytest.approx(limits["low"], abs=1e-9)


def test_a_report_has_each_metric_of_its_own(rows: dict[str, list[dict[str, Any]]]) -> None:
    cases = {row["case"]: row for row in rows["cases"]}
    assert cases["PET-1"]["rouge_l"] == pytest.approx(1)
    assert cases["PET-1"]["bleu4"] == pytest.approx(1)
    assert cases["PET-5"]["rouge_l"] < 0.2
    assert cases["PET-5"]["outcome"] == "refusal"
    assert cases["PET-2"]["missed"] == "liver"
    assert cases["PET-6"]["false_alarms"] == "spleen"
    assert cases["PET-1"]["risk"] == 0 < cases["PET-2"]["risk"]


def test_mean_of_cases_metrics_are_the_mean_of_what_the_table_has(
    rows: dict[str, list[dict[str, Any]]],
) -> None:
    scores = {(r["language"], r["metric"]): r["value"] for r in rows["scores"]}
    for metric in ("rouge_l", "meteor", "risk_per_case"):
        values = [row[metric] for row in rows["cases"] if row["language"] == "zh"]
        assert sum(values) / len(values) == pytest.approx(scores["zh", metric])


def test_csv_and_parquet_say_the_same(
    run: RunData, rows: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    export_tables(run, tmp_path / "csv", "csv")
    export_tables(run, tmp_path / "parquet", "parquet")
    for name in TABLES:
        found = read_csv(tmp_path / "csv" / f"{name}.csv")
        table = pq.read_table(tmp_path / "parquet" / f"{name}.parquet").to_pylist()
        assert table == rows[name]
        assert found == [{k: cell(v) for k, v in row.items()} for row in rows[name]]


def test_exports_are_private_and_equal_for_equal_runs(run: RunData, tmp_path: Path) -> None:
    for form in ("csv", "parquet"):
        first = export_tables(run, tmp_path / "a", form)
        again = export_tables(run, tmp_path / "b", form)
        assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
        assert all(p.stat().st_mode & 0o077 == 0 for p in first)


def test_no_cell_of_a_hostile_run_is_a_formula(run: RunData, tmp_path: Path) -> None:
    export_tables(hostile_run(run), tmp_path, "csv")
    texts = 0
    for name in TABLES:
        for row in read_csv(tmp_path / f"{name}.csv"):
            for value in row.values():
                texts += "canary" in value
                if value.startswith(RUNS):
                    float(value)  # a number may have a sign; nothing else may begin like that
                assert not set(value) & set("\x00\x1b\u202e\u200b\x9b\r\t")
    assert texts


def test_hostile_texts_reach_parquet_as_they_are_but_for_half_pairs(
    run: RunData, tmp_path: Path
) -> None:
    export_tables(hostile_run(run), tmp_path, "parquet")
    cases = pq.read_table(tmp_path / "cases.parquet").to_pylist()
    (found,) = [row for row in cases if "canary" in (row["report"] or "")]
    assert found["report"].startswith("=1+1<script>")
    assert "\\ud800" in found["report"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@A1", "＝1", "  =1", "|cmd", "\n=1"])
def test_text_that_would_run_gets_an_apostrophe(text: str) -> None:
    assert cell(text).startswith("'")


def test_a_tab_before_a_formula_is_an_escape() -> None:
    assert cell("\t=1") == "\\t=1"


def test_numbers_stay_numbers_and_chinese_opens_in_excel() -> None:
    text = csv_text(["a", "b", "c", "d"], [{"a": -0.25, "b": True, "c": None, "d": "肝"}])
    assert text == "\ufeffa,b,c,d\r\n-0.25,true,,肝\r\n"


def test_a_redacted_run_exports_no_text(tmp_path: Path) -> None:
    found = store_run(tmp_path, tmp_path / "run", redact=True)
    for form in ("markdown", "junit"):
        assert "结节" not in page_of(found, form)
    for path in export_tables(found, tmp_path / "out", "csv"):
        assert "结节" not in path.read_text(encoding="utf-8-sig")


def test_gates_of_a_baseline_are_no_green_file(run: RunData) -> None:
    with pytest.raises(UsageProblem, match="no exit code"):
        page_of(replace(run, exit={}, gates=()), "junit")


def test_what_is_missed_is_what_the_summary_calls_so(
    run: RunData, rows: dict[str, list[dict[str, Any]]]
) -> None:
    known = {row["case"]: row["missed"] for row in run.summary["by_case"]}
    assert {row["case"]: (row["missed"] or "").split("+") for row in rows["cases"]} == {
        case: missed or [""] for case, missed in known.items()
    }
    refused = next(row for row in rows["cases"] if row["case"] == "PET-5")
    assert refused["failed"] > len(refused["missed"].split("+"))


def test_load_run_gives_rows_and_frames(run: RunData) -> None:
    assert run.path is not None
    found = pytest_pet2rep.load_run(run.path)
    assert found.exit_code == run.exit["code"]
    assert isinstance(found.cases[0], dict)
    frame = found.frame("cases")
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["case"]) == sorted(case for case, _ in run.texts)
    assert math.isclose(frame.set_index("case")["rouge_l"]["PET-1"], 1)
    with pytest.raises(UnknownName, match="did you mean 'cases'"):
        found.frame("case")


def test_load_run_of_something_else_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="is no run folder"):
        pytest_pet2rep.load_run(tmp_path)


def test_importing_the_package_imports_nothing_for_it() -> None:
    code = "import sys, pytest_pet2rep; print([m for m in sys.modules if 'pet2rep.' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_names_what_it_wrote(
    run: RunData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run.path), "--to", "csv", "-o", str(tmp_path)]) == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / f"{n}.csv") for n in TABLES]
    assert main(["export", str(run.path), "--to", "csv"]) == 4
    assert "name a folder, -o DIR" in capsys.readouterr().err
    assert main(["export", str(run.path), "--to", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("## pet2rep")
    assert main(["export", str(run.path), "--to", "junit", "-o", str(tmp_path / "g.xml")]) == 0
    assert "<testsuites>" in (tmp_path / "g.xml").read_text()


def test_rows_are_plain_data(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows

"""A baseline is one file of the project: small, without texts, enough for paired statistics."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.run.baseline_runs import (
    baseline_path,
    baseline_text,
    find_baseline,
    known_baselines,
    load_baseline,
    save_baseline,
)
from pytest_pet2rep.run.runfiles import RunData, load_run, scoring_of, write_run
from pytest_pet2rep.run.scoreboard import score_sets
from pytest_pet2rep.run.summary import summarise
from pytest_pet2rep.run.summary_json import summary_plain
from pytest_pet2rep.types import Outcome
from tests.unit.run.stored_runs import store_run
from tests.validated import validate

GOLDEN = Path(__file__).parents[2] / "golden" / "baselines" / "format-1.json"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("baseline")
    return store_run(root, root / "run", metrics=("pet2rep", "cider"))


def test_a_baseline_gives_back_every_score_of_its_run(stored: RunData, tmp_path: Path) -> None:
    path = save_baseline(tmp_path, "release-1", stored)
    assert path == tmp_path / "pet2rep_baselines" / "release-1.json"
    kept = load_baseline(tmp_path, "release-1")
    again = summary_plain(
        summarise(kept.records, scoring_of(kept), card=kept.card), exit_code=0, exit_reason=""
    )
    for name in ("scores", "outcomes", "organs", "by_case"):
        assert again[name] == stored.summary[name], name
    assert kept.complete
    assert kept.planned == stored.planned
    metrics = stored.summary["scores"]["zh"]["metrics"]
    assert kept.summary["scores"]["zh"]["metrics"] == metrics


def test_a_run_in_which_every_case_broke_is_no_baseline(stored: RunData, tmp_path: Path) -> None:
    broken = [replace(record, outcome=Outcome.ERROR, failed=True) for record in stored.records]
    with pytest.raises(UsageProblem, match="every case ended in an error"):
        save_baseline(tmp_path, "main", replace(stored, records=tuple(broken)))
    assert known_baselines(tmp_path) == ()


def test_a_baseline_holds_no_text_and_nothing_of_the_machine(stored: RunData) -> None:
    text = baseline_text(stored)
    for withheld in ("考虑恶性", "hypermetabolic", "FDG", "outputs.jsonl:", "environment"):
        assert withheld not in text
    validate(json.loads(text))


def test_a_baseline_is_written_line_by_line_for_git(stored: RunData) -> None:
    lines = baseline_text(stored).splitlines()
    assert len(lines) == 6 + 2
    for line in lines[1:-1]:
        assert json.loads(line.rstrip(","))["case"].startswith("PET-")


def test_equal_runs_are_equal_baselines_outside_timing(stored: RunData, tmp_path: Path) -> None:
    assert stored.path is not None
    again = store_run(
        stored.path.parent, tmp_path / "run", run_id="b" * 32, metrics=("pet2rep", "cider")
    )
    one, two = (json.loads(baseline_text(run)) for run in (stored, again))
    assert one.pop("timing") != two.pop("timing")
    assert one == two


def test_a_partial_run_never_becomes_a_baseline(stored: RunData, tmp_path: Path) -> None:
    partial = replace(stored, planned=stored.planned[:-1])
    with pytest.raises(UsageProblem, match="a baseline is a whole run"):
        save_baseline(tmp_path, "partial", partial)
    assert not known_baselines(tmp_path)


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "with space", "x" * 200])
def test_a_name_is_a_plain_file_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageProblem, match="a name has letters"):
        baseline_path(tmp_path, name)


def test_a_baseline_is_found_by_name_by_file_and_by_run_folder(
    stored: RunData, tmp_path: Path
) -> None:
    kept = save_baseline(tmp_path, "release-1", stored)
    write_run(tmp_path / "runs" / "old", stored)
    assert find_baseline(tmp_path, "release-1") == kept
    assert find_baseline(tmp_path, "pet2rep_baselines/release-1.json", tmp_path) == kept
    assert find_baseline(tmp_path, "runs/old", tmp_path) == tmp_path / "runs" / "old"
    assert find_baseline(tmp_path, "release-2") is None
    assert load_baseline(tmp_path, "runs/old", tmp_path).texts == stored.texts


def test_a_missing_baseline_is_said_with_those_that_are_there(
    stored: RunData, tmp_path: Path
) -> None:
    save_baseline(tmp_path, "release-1", stored)
    with pytest.raises(UsageProblem, match=r"no baseline 'release-2' \(of this project: release-1"):
        load_baseline(tmp_path, "release-2")


def test_the_baseline_file_of_the_first_release_keeps_loading() -> None:
    """Never write this file again: projects have committed such files."""
    validate(json.loads(GOLDEN.read_text(encoding="utf-8")))
    kept = load_run(GOLDEN)
    assert kept.complete
    assert len(kept.records) == 6 * 31
    assert kept.card["cohort"]["name"] == "cohort"
    (english, chinese) = score_sets(kept.records, scoring_of(kept))
    values = {score.name: score.value for score in chinese.all()}
    assert english.cases, chinese.cases == (1, 5)
    for name, metric in kept.summary["scores"]["zh"]["metrics"].items():
        if name.startswith(("bleu", "rouge", "meteor", "ce_", "cider")) and metric["value"]:
            assert values[name] is not None
            assert math.isclose(values[name] or 0.0, metric["value"], rel_tol=1e-9), name


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("pet2rep/baseline/2", "install a newer one"),
        ("pet2rep/baseline/99", "install a newer one"),
        ("pet2rep/baseline/x", "is not what is wanted here"),
    ],
)
def test_a_baseline_of_a_future_version_is_refused_in_a_sentence(
    stored: RunData, tmp_path: Path, schema: str, said: str
) -> None:
    path = save_baseline(tmp_path, "future", stored)
    plain = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**plain, "schema": schema}), encoding="utf-8")
    with pytest.raises(DataProblem, match=said):
        load_run(path)


def test_a_baseline_that_was_emptied_is_refused(stored: RunData, tmp_path: Path) -> None:
    path = save_baseline(tmp_path, "empty", stored)
    plain = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**plain, "reports": []}), encoding="utf-8")
    with pytest.raises(DataProblem, match="holds no report"):
        load_run(path)


def test_records_deleted_from_a_baseline_leave_it_incomplete(
    stored: RunData, tmp_path: Path
) -> None:
    path = save_baseline(tmp_path, "less", stored)
    plain = json.loads(path.read_text(encoding="utf-8"))
    for report in plain["reports"][:3]:
        del report["records"][::10]
    path.write_text(json.dumps(plain), encoding="utf-8")
    assert not load_run(path).complete

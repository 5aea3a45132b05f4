"""What is written of a run is read back as it was; nothing that is torn or foreign is believed."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.errors import DataProblem, StoreError, UsageProblem
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.runfiles import RunData, load_run, scoring_of, write_run
from pytest_pet2rep.run.runfiles.saving import begin, check_folder
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.summary import summarise
from pytest_pet2rep.run.summary_json import summary_plain
from pytest_pet2rep.types import Outcome, UptakeState
from tests.unit.run.stored_runs import ZH, make_cohort, settings_for, store_run


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("stored")
    return store_run(root, root / "run", metrics=("pet2rep", "cider"))


@pytest.fixture
def copy(stored: RunData, tmp_path: Path) -> Path:
    """The files of the run in a folder of their own, to be spoilt."""
    write_run(tmp_path / "copy", stored)
    return tmp_path / "copy"


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    plain = json.loads(path.read_text(encoding="utf-8"))
    edit(plain)
    path.write_text(json.dumps(plain), encoding="utf-8")


def test_a_stored_run_is_read_back_as_it_was(stored: RunData) -> None:
    assert stored.path is not None
    loaded = load_run(stored.path)
    for name in ("run_id", "card", "profile", "planned", "holes", "records", "texts", "exit"):
        assert getattr(loaded, name) == getattr(stored, name), name
    assert loaded.summary == {**stored.summary, "timing": loaded.timing}
    assert load_run(stored.path / "run.json") == loaded


def test_writing_what_was_read_changes_no_byte(stored: RunData, copy: Path) -> None:
    assert stored.path is not None
    write_run(copy, load_run(stored.path))
    for name in ("run.json", "cases.jsonl", "planned.json"):
        assert (copy / name).read_bytes() == (stored.path / name).read_bytes()


def test_equal_runs_write_equal_bytes_outside_timing(stored: RunData, tmp_path: Path) -> None:
    assert stored.path is not None
    root = stored.path.parent
    store_run(root, tmp_path / "again", run_id="b" * 32, metrics=("pet2rep", "cider"))
    for name in ("run.json", "planned.json"):
        one, two = (json.loads((f / name).read_text()) for f in (stored.path, tmp_path / "again"))
        assert one.pop("timing") != two.pop("timing")
        assert one == two
    texts = [
        re.sub(r'"timing":\{[^}]*\}', "", (folder / "cases.jsonl").read_text(encoding="utf-8"))
        for folder in (stored.path, tmp_path / "again")
    ]
    assert texts[0] == texts[1]


def test_every_score_is_computed_again_from_the_records_alone(stored: RunData) -> None:
    assert stored.path is not None
    run = load_run(stored.path)
    summary = summarise(run.records, scoring_of(run), card=run.card)
    again = summary_plain(summary, exit_code=0, exit_reason="")
    for name in ("scores", "outcomes", "organs", "by_case", "checks", "kinds"):
        assert again[name] == stored.summary[name], name


def test_scores_keep_the_signature_of_metrics_that_changed_since(copy: Path) -> None:
    def older(plain: dict[str, Any]) -> None:
        for entry in plain["card"]["scoring"]["text_metrics"]["zh"]:
            entry["signature"] = entry["signature"].replace("jieba", "jieba.older")

    change(copy / "run.json", older)
    run = load_run(copy)
    scores = {s.name: s for s in summarise(run.records, scoring_of(run), card={}).scores[1].text}
    expected = run.summary["scores"]["zh"]["metrics"]
    assert "jieba.older" in scores["bleu4"].signature
    for name in ("bleu4", "meteor", "cider"):
        assert scores[name].value == pytest.approx(expected[name]["value"], abs=1e-12)


def test_a_corpus_score_of_an_unknown_metric_cannot_be_computed(copy: Path) -> None:
    change(
        copy / "run.json",
        lambda plain: plain["card"]["scoring"]["text_metrics"]["zh"].append(
            {"name": "own", "signature": "own", "level": "corpus", "higher_is_better": True}
        ),
    )
    with pytest.raises(DataProblem, match="not installed here"):
        scoring_of(load_run(copy))


def test_texts_are_kept_as_they_were_scored_and_as_they_came(stored: RunData) -> None:
    thinking, refused, plain = (stored.texts[f"PET-{n}", 0] for n in (3, 5, 1))
    assert (thinking.generated, thinking.raw_differs) == (ZH, True)
    assert thinking.raw == f"<think>看图</think>{ZH}"
    assert (plain.generated, plain.raw, plain.raw_differs) == (ZH, None, False)
    assert (refused.outcome, plain.outcome) == (Outcome.REFUSAL, None)
    assert plain.expectations[0].states == {UptakeState.INCREASED}


def test_files_are_private(stored: RunData) -> None:
    assert stored.path is not None
    assert stat.S_IMODE(os.stat(stored.path).st_mode) == 0o700
    for entry in stored.path.iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) == 0o600


def test_a_deleted_record_is_a_hole_whatever_the_summary_says(copy: Path) -> None:
    path = copy / "cases.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    total = sum(len(line["records"]) for line in lines)
    for line in lines:
        line["records"] = line["records"][: -len(line["records"]) // 10]
    lost = total - sum(len(line["records"]) for line in lines)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    run = load_run(copy)
    assert len(run.holes) == lost > 0
    assert not run.complete
    assert len(run.summary["holes"]) == lost


def test_deleted_lines_are_holes(copy: Path) -> None:
    path = copy / "cases.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    run = load_run(copy)
    assert {hole.item.case for hole in run.holes} == {"PET-6"}
    assert not run.complete


def test_a_case_that_was_taken_out_of_plan_and_records_leaves_the_run_incomplete(
    copy: Path,
) -> None:
    path = copy / "cases.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    change(copy / "run.json", lambda plain: plain["planned"][0]["cases"].remove("PET-6"))
    assert not load_run(copy).complete


def test_an_untouched_run_is_complete(stored: RunData) -> None:
    assert stored.path is not None
    assert load_run(stored.path).complete


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "run.json").unlink(), "did not come to its end"),
        (lambda f: (f / "run.json").write_text("{"), "is no JSON, or torn"),
        (lambda f: (f / "run.json").write_text("[]"), "holds no JSON object"),
        (lambda f: (f / "run.json").write_text("{}"), "has no schema"),
        (lambda f: change(f / "run.json", lambda p: p.update(schema="pet2rep/run/7")), "newer"),
        (lambda f: change(f / "run.json", lambda p: p.update(schema="other/1")), "'other/1'"),
        (lambda f: change(f / "run.json", lambda p: p.pop("planned")), "does not hold together"),
        (lambda f: (f / "cases.jsonl").unlink(), "cannot be read"),
        (lambda f: tear(f / "cases.jsonl"), r"cases.jsonl:6 is torn"),
        (lambda f: double(f / "cases.jsonl"), "twice"),
        (lambda f: change(f / "run.json", unplan), "never planned"),
    ],
)
def test_what_is_missing_foreign_or_torn_is_refused_in_a_sentence(
    copy: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(copy)
    with pytest.raises(DataProblem, match=said) as why:
        load_run(copy)
    assert "\n" not in str(why.value)


def tear(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8")[:-30], encoding="utf-8")


def double(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text + text.splitlines(keepends=True)[0], encoding="utf-8")


def unplan(plain: dict[str, Any]) -> None:
    plain["planned"][0]["items"].remove("uptake/liver")


def test_no_run_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataProblem, match="there is no run at"):
        load_run(tmp_path / "nothing")
    with pytest.raises(DataProblem, match="is no run folder"):
        load_run(tmp_path)


def test_a_new_run_in_the_folder_of_an_old_one_replaces_it_before_it_begins(
    copy: Path, tmp_path: Path
) -> None:
    make_cohort(tmp_path)
    settings = settings_for(tmp_path)
    from pytest_pet2rep.cohorts.cohort import find_cohort

    runtime = Runtime(settings, find_cohort(settings.cases), "c" * 32)
    begin(runtime, [PlannedItem(case="PET-1", check="text")], copy)
    assert sorted(path.name for path in copy.iterdir()) == ["planned.json"]


def test_a_folder_with_other_files_is_no_place_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageProblem, match="holds other files"):
        check_folder(tmp_path)
    with pytest.raises(UsageProblem, match="is a file"):
        check_folder(tmp_path / "notes.txt")
    check_folder(tmp_path / "new")


def test_a_folder_that_cannot_be_written_is_said(stored: RunData, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_run(tmp_path / "file" / "run", replace(stored, path=None))

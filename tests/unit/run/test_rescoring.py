"""A stored run scored again, as it was or otherwise: the same as if it had been run that way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import DataProblem, UnknownName
from pytest_pet2rep.run.baseline_runs import save_baseline
from pytest_pet2rep.run.rescoring import Rescoring, rescored
from pytest_pet2rep.run.runfiles import RunData, load_run
from pytest_pet2rep.types import Section
from tests.unit.run.stored_runs import store_run


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rescoring")


@pytest.fixture(scope="module")
def stored(root: Path) -> RunData:
    return load_run(store_run(root, root / "run").path or root)


PARTS = ("scores", "outcomes", "kinds", "organs", "by_case", "checks", "planned", "failed")


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"section": Section.BOTH}, Rescoring(section=Section.BOTH)),
        ({"section": Section.IMPRESSION}, Rescoring(section=Section.IMPRESSION)),
        ({"organs": "petrg24"}, Rescoring(organs="petrg24")),
        ({"organs": "extended"}, Rescoring(organs="extended")),
        ({"metrics": ("full", "bleu4:char")}, Rescoring(metrics=("full", "bleu4:char"))),
        ({"metrics": ("petrg",)}, Rescoring(metrics=("petrg",))),
        ({}, Rescoring(metrics=("pet2rep",))),
        ({}, Rescoring()),
    ],
    ids=["both", "impression", "petrg24", "extended", "full", "petrg", "again", "as-it-was"],
)
def test_a_rescored_run_is_the_run_with_these_settings(
    root: Path, tmp_path: Path, stored: RunData, settings: dict[str, object], wanted: Rescoring
) -> None:
    run = store_run(root, tmp_path / "run", **settings)
    again = rescored(stored, wanted)
    for name in PARTS:
        assert again.summary[name] == run.summary[name], name
    assert again.card["metrics"] == run.card["metrics"]
    assert again.complete


def test_cleaning_can_be_left_out_afterwards(stored: RunData) -> None:
    raw = rescored(stored, Rescoring(clean=False))
    assert raw.card["cleaning"] == "none"
    before, after = (
        run.summary["scores"]["zh"]["metrics"]["bleu4"]["value"] for run in (stored, raw)
    )
    assert after != before  # the think block of PET-3 is scored with its report


def test_a_hole_stays_a_hole(root: Path, tmp_path: Path) -> None:
    torn = store_run(root, tmp_path / "torn", lost=[20, 50])
    same = rescored(torn, Rescoring(section=Section.BOTH))
    assert [hole.item for hole in same.holes] == [hole.item for hole in torn.holes]
    other = rescored(torn, Rescoring(organs="petrg24"))
    assert {hole.item.case for hole in other.holes} == {hole.item.case for hole in torn.holes}
    assert not other.complete
    assert other.exit["code"] == 1


def test_a_run_without_texts_can_only_be_scored_as_it_was(
    root: Path, tmp_path: Path, stored: RunData
) -> None:
    texts = {
        key: replace(text, reference=None, generated=None) for key, text in stored.texts.items()
    }
    redacted = replace(stored, texts=texts)
    assert rescored(redacted, Rescoring()).summary["scores"] == stored.summary["scores"]
    with pytest.raises(DataProblem, match="keeps no text of case PET-1"):
        rescored(redacted, Rescoring(section=Section.BOTH))
    kept = load_run(save_baseline(tmp_path, "kept", stored))
    with pytest.raises(DataProblem, match="a baseline file keeps no texts"):
        rescored(kept, Rescoring(section=Section.BOTH))


def test_an_unknown_organ_list_or_metric_is_refused(stored: RunData) -> None:
    with pytest.raises(UnknownName, match="organ list"):
        rescored(stored, Rescoring(organs="nothing"))
    with pytest.raises(UnknownName, match="metric"):
        rescored(stored, Rescoring(metrics=("blue4",)))


def test_the_command_prints_and_stores_the_rescored_run(
    stored: RunData,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    out = tmp_path / "again"
    assert main(["score", str(stored.path), "--section", "both", "-o", str(out)]) == 0
    assert "section:both" in capsys.readouterr().out
    assert load_run(out).card["section"] == "both"
    assert main(["score", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "pet2rep/summary/1"


@pytest.mark.parametrize("more", [["--language", "zh"], ["--per-case"]])
def test_options_of_pairs_are_refused_for_a_run(
    stored: RunData, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    assert main(["score", str(stored.path), *more]) == 4
    assert "is for files of pairs" in capsys.readouterr().err

"""Comparing runs: refused where it would mislead, paired on common cases, heaviest flips first."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.render.columns import display_width
from pytest_pet2rep.render.table import render_table
from pytest_pet2rep.run.comparability import (
    MATTERS,
    card_differences,
    checked_names,
    require_comparable,
)
from pytest_pet2rep.run.compare import Change, ScoreChange, case_changes, compare_runs
from pytest_pet2rep.run.compare.tables import change_table
from pytest_pet2rep.run.runfiles import RunData
from tests.unit.run.stored_runs import MISSED, OUTPUTS, ZH, store_run
from tests.validated import validate


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compare")


@pytest.fixture(scope="module")
def old(root: Path) -> RunData:
    return store_run(root, root / "old", name="old")


@pytest.fixture(scope="module")
def new(root: Path) -> RunData:
    """PET-1 lost its liver lesion, PET-2 found it, PET-6 has no false alarm any more."""
    texts = {**OUTPUTS, "PET-1": MISSED, "PET-2": ZH, "PET-6": ZH}
    return store_run(root, root / "new", name="new", texts=texts, run_id="b" * 32)


def with_card(run: RunData, **entries: Any) -> RunData:
    return replace(run, card={**run.card, **entries})


def test_runs_of_two_models_may_be_compared_and_say_so(new: RunData, old: RunData) -> None:
    found = compare_runs(new, old)
    assert {difference.name for difference in found.differences} == {"model"}
    assert not any(difference.matters for difference in found.differences)


def changed(name: str, card: dict[str, Any]) -> dict[str, Any]:
    """Change one entry of a card that matters to the scores."""
    cohort = card["cohort"]
    metrics = {"zh": {**card["metrics"]["zh"], "bleu4": "bleu4|tok:other"}}
    other: dict[str, Any] = {
        "cohort": {**cohort, "case_list": {**cohort["case_list"], "PET-2": "changed"}},
        "prompt": {**card["prompt"], "zh": "own:1"},
        "preprocessing": "views:separate",
        "decoding": {**card["decoding"], "do_sample": True},
        "organs": "petrg24.v1",
        "section": "both",
        "cleaning": "none",
        "extractor": "rules:0.9",
        "metrics": {**card["metrics"], **metrics},
    }
    return {**card, name: other[name]}


@pytest.mark.parametrize("name", MATTERS)
def test_a_difference_that_matters_refuses_unless_it_is_named(old: RunData, name: str) -> None:
    here = dict(old.card) | {"preprocessing": "views:fused"}
    there = changed(name, here)
    with pytest.raises(UsageProblem, match=f"--pet2rep-allow-difference={name}") as why:
        require_comparable(here, there)
    assert "\n" not in str(why.value)
    found = require_comparable(here, there, allowed={name})
    assert {difference.name for difference in found if difference.matters} == {name}


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("versions", {"python": "3.9"}, "versions"),
        ("git", {"commit": "abc", "dirty": True}, "git"),
        ("silence", "fail", "silence"),
        ("expectations", "report", "expectations"),
        ("pytest_pet2rep", "9.0", "pytest_pet2rep"),
    ],
)
def test_other_differences_are_listed_only(
    old: RunData, key: str, value: object, name: str
) -> None:
    found = require_comparable(dict(old.card) | {key: value}, old.card)
    assert name in {difference.name for difference in found}


def test_a_seed_is_listed_and_hardware_is_not(old: RunData) -> None:
    other = dict(old.card) | {
        "decoding": {**old.card["decoding"], "seed": 7},
        "environment": {"cpu": "another"},
    }
    assert [d.where for d in require_comparable(other, old.card)] == ["decoding.seed"]


def test_runs_in_different_languages_are_never_compared(old: RunData) -> None:
    chinese = dict(old.card) | {"metrics": {"zh": old.card["metrics"]["zh"]}}
    english = dict(old.card) | {"metrics": {"en": old.card["metrics"]["en"]}}
    with pytest.raises(UsageProblem, match=r"no language in common \(zh against en\)"):
        require_comparable(chinese, english, allowed=MATTERS)
    require_comparable(old.card, english)


def test_a_model_without_images_may_be_compared_with_one_that_sees_them(old: RunData) -> None:
    seeing = dict(old.card) | {"preprocessing": "views:fused"}
    assert not [d for d in card_differences(old.card, seeing) if d.matters]


def test_more_metrics_are_no_other_metrics(old: RunData) -> None:
    more = {**old.card["metrics"]["zh"], "chrf": "chrf|x"}
    other = dict(old.card) | {"metrics": {**old.card["metrics"], "zh": more}}
    assert [d.name for d in card_differences(other, old.card)] == ["measured"]


def test_only_a_difference_that_matters_can_be_allowed() -> None:
    with pytest.raises(UnknownName, match="did you mean 'cohort'"):
        checked_names(["cohrt"])
    assert checked_names(MATTERS) == frozenset(MATTERS)


def test_flips_come_heaviest_first_and_regressions_before_gains(new: RunData, old: RunData) -> None:
    flips = compare_runs(new, old).flips
    risks = [abs(flip.risk) for flip in flips]
    assert risks == sorted(risks, reverse=True)
    first = flips[0]
    assert (first.case, first.organ, first.change) == ("PET-1", "liver", Change.WORSE)
    assert (first.expected, first.said_there, first.said_here) == (
        ("increased",),
        ("increased",),
        ("normal",),
    )
    assert first.risk > 0
    gained = {(flip.case, flip.organ) for flip in flips if flip.change is Change.BETTER}
    assert {("PET-2", "liver"), ("PET-6", "spleen")} <= gained


def test_flips_are_counted_by_organ_and_by_case(new: RunData, old: RunData) -> None:
    found = compare_runs(new, old)
    organs = {tally.name: tally for tally in found.organs}
    assert (organs["liver"].better, organs["liver"].worse, organs["liver"].items) == (1, 1, 6)
    assert (organs["spleen"].better, organs["spleen"].worse) == (1, 0)
    assert organs["liver"].risk == 0
    assert organs["spleen"].risk < 0
    cases = {tally.name for tally in found.by_case}
    assert cases == {"PET-1", "PET-2", "PET-6"}


def test_scores_are_those_of_the_common_cases(new: RunData, old: RunData) -> None:
    found = {(s.language, s.name): s for s in compare_runs(new, old).scores}
    zh = found["zh", "bleu4"]
    assert zh.here == pytest.approx(new.summary["scores"]["zh"]["metrics"]["bleu4"]["value"])
    assert zh.there == pytest.approx(old.summary["scores"]["zh"]["metrics"]["bleu4"]["value"])
    assert zh.n == 5
    assert zh.difference == pytest.approx(zh.here - zh.there)


def test_five_cases_are_too_few_to_call_a_change(new: RunData, old: RunData) -> None:
    scores = compare_runs(new, old).scores
    assert {s.change for s in scores} <= {Change.UNCLEAR, Change.SAME}


@pytest.mark.parametrize(
    ("low", "high", "higher", "change"),
    [
        (0.01, 0.2, True, Change.BETTER),
        (0.01, 0.2, False, Change.WORSE),
        (-0.2, -0.01, True, Change.WORSE),
        (-0.2, -0.01, False, Change.BETTER),
        (-0.1, 0.2, True, Change.UNCLEAR),
        (None, None, True, Change.UNCLEAR),
    ],
)
def test_better_and_worse_need_an_interval_beyond_zero(
    low: float | None, high: float | None, higher: bool, change: Change
) -> None:
    found = ScoreChange(
        language="zh",
        name="x",
        here=0.6,
        there=0.5,
        higher_is_better=higher,
        n=80,
        low=low,
        high=high,
        reliable=True,
    )
    assert found.change is change
    assert replace(found, reliable=False).change is Change.UNCLEAR


def test_new_removed_and_changed_cases_are_listed_and_left_out(new: RunData, old: RunData) -> None:
    cases = dict(old.card["cohort"]["case_list"])
    del cases["PET-1"]
    cases |= {"PET-2": "changed", "PET-9": "gone"}
    other = with_card(old, cohort={**old.card["cohort"], "case_list": cases})
    changes = case_changes(new.card, other.card)
    assert (changes.new, changes.removed, changes.changed) == (("PET-1",), ("PET-9",), ("PET-2",))
    found = compare_runs(new, other, allowed={"cohort"})
    assert found.cases.common == ("PET-3", "PET-4", "PET-5", "PET-6")
    assert {flip.case for flip in found.flips} == {"PET-6"}


def test_runs_without_a_common_case_cannot_be_compared(new: RunData, old: RunData) -> None:
    other = with_card(old, cohort={**old.card["cohort"], "case_list": {"PET-9": "x"}})
    with pytest.raises(UsageProblem, match="nothing to compare"):
        compare_runs(new, other, allowed={"cohort"})


def test_a_run_against_itself_has_no_flip_and_no_difference(old: RunData) -> None:
    found = compare_runs(old, old)
    assert not found.flips
    assert not found.differences
    assert {s.change for s in found.scores if s.here is not None} == {Change.SAME}


def test_the_command_prints_tables_and_json(
    new: RunData, old: RunData, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(new.path), str(old.path)]) == 0
    shown = capsys.readouterr().out
    assert "6 cases in both" in shown
    assert "flips to read first" in shown
    assert main(["compare", str(new.path), str(old.path), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    validate(plain)
    assert plain["schema"] == "pet2rep/comparison/1"
    assert (plain["better"], plain["worse"]) == (
        sum(flip["change"] == "better" for flip in plain["flips"]),
        sum(flip["change"] == "worse" for flip in plain["flips"]),
    )


def test_the_command_refuses_incomparable_runs_with_exit_4(
    root: Path, old: RunData, capsys: pytest.CaptureFixture[str]
) -> None:
    other = store_run(root, root / "impression", name="old", section="impression")
    assert main(["compare", str(other.path), str(old.path)]) == 4
    said = capsys.readouterr().err
    assert "--allow-difference=section" in said
    assert said.count("\n") == 1
    allowed = ["--allow-difference=section", "--allow-difference=metrics"]
    assert main(["compare", str(other.path), str(old.path), *allowed]) == 0


def test_a_narrow_comparison_keeps_the_difference_and_its_interval(
    new: RunData, old: RunData
) -> None:
    lines = render_table(change_table(compare_runs(new, old).scores), 60)
    assert max(map(display_width, lines[:-1])) <= 60
    assert {"difference", "%"} <= set(lines[0].split())
    assert lines[-1].startswith("(no room for: baseline, here")

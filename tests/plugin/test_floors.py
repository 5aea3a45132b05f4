"""Baselines on the shipped cases: the ceiling is the ceiling, and the floors are low."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.plugin.conftest import read_json

Run = Callable[..., pytest.RunResult]
ONE_MINUS = 1 - 1e-3
"""METEOR of identical text is just below 1: its fragmentation penalty is never nil."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_reference_itself_hits_every_item_and_reaches_every_identity_value(
    pytester: pytest.Pytester, run: Run, language: str
) -> None:
    result = run(
        "baseline/reference",
        f"--pet2rep-language={language}",
        "--pet2rep-json=out.json",
        cases="",
    )
    assert result.ret == 0
    summary = read_json(pytester.path / "out.json")
    assert summary["failed"] == 0
    assert summary["outcomes"]["hit"] == summary["cases"] * 19
    values = {n: m["value"] for n, m in summary["scores"][language]["metrics"].items()}
    perfect = ("bleu1", "bleu4", "rouge_l", "ce_precision", "ce_recall", "ce_f1", "coverage")
    assert {name: values[name] for name in perfect} == pytest.approx(dict.fromkeys(perfect, 1.0))
    assert ONE_MINUS < values["meteor"] < 1
    assert values["miss_rate"] == values["false_alarm_rate"] == values["risk_per_case"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("section", ["impression", "both"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_reference_itself_is_perfect_in_every_section(
    pytester: pytest.Pytester, run: Run, language: str, section: str
) -> None:
    options = (f"--pet2rep-language={language}", f"--pet2rep-section={section}")
    assert run("baseline/reference", *options, cases="").ret == 0


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.slow)])
def test_a_model_that_calls_everything_normal_finds_nothing_and_invents_nothing(
    pytester: pytest.Pytester, run: Run, language: str
) -> None:
    run(
        "baseline/all-normal",
        f"--pet2rep-language={language}",
        "--pet2rep-json=out.json",
        "--pet2rep-expectations=report",
        cases="",
    )
    metrics = read_json(pytester.path / "out.json")["scores"][language]["metrics"]
    assert metrics["ce_f1"]["value"] == metrics["false_alarm_rate"]["value"] == 0
    assert metrics["miss_rate"]["value"] == 1
    assert metrics["coverage"]["value"] == 1


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.slow)])
def test_copying_the_template_is_a_floor_above_nothing(
    pytester: pytest.Pytester, run: Run, language: str
) -> None:
    result = run(
        "baseline/template",
        f"--pet2rep-language={language}",
        "--pet2rep-json=out.json",
        "--pet2rep-expectations=report",
        cases="",
    )
    assert result.ret == 0
    summary = read_json(pytester.path / "out.json")
    assert 0.1 < summary["scores"][language]["metrics"]["ce_f1"]["value"] < 0.3
    assert summary["checks"]["no_template_echo"].get("hit", 0) == 0


def test_text_baselines_make_no_volumes(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    cache = pytester.path / "cache"
    monkeypatch.setenv("PET2REP_CACHE", str(cache))
    run("baseline/template", "--pet2rep-limit=2", cases="")
    assert not list(cache.rglob("*.nii.gz"))
    made_by_pytester = {"runpytest-0", "runpytest-current", "stdout", "stderr"}
    found = {path.name for path in pytester.path.iterdir()} - made_by_pytester
    assert found <= {"cache", ".pytest_cache"}


def test_the_same_cases_give_the_same_node_ids_in_both_languages(run: Run) -> None:
    ids = [
        [line for line in run("baseline/template", *options, "--co", "-q", cases="").outlines
         if re.search(r"::test_", line)]
        for options in ((), ("--pet2rep-language=en",))
    ]  # fmt: skip
    assert ids[0] == ids[1]
    assert len(ids[0]) == 80 * 31

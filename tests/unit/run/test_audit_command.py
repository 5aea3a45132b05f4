from __future__ import annotations

import json

import pytest

from pytest_pet2rep.cli import main


def test_the_tuned_half_is_audited_by_language_and_phenomenon(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["audit", "--half", "tuned"]) == 0
    shown = capsys.readouterr().out
    assert "extractor rules:" in shown
    for part in ("all sentences", "phenomenon  ", "reports without error", "Clopper-Pearson"):
        assert part in shown


def test_json_holds_each_error_that_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--half", "tuned", "--json", "--errors"]) == 0
    tuned = json.loads(capsys.readouterr().out)["halves"]["tuned"]
    sentences, organs = tuned["sentences"]["all"], tuned["reports"]["organs"]
    wrong = sentences["n"] - sentences["right"] + organs["n"] - organs["right"]
    assert wrong == tuned["n_errors"] == len(tuned["errors"])
    assert all(error["expected"] != error["read"] for error in tuned["errors"])
    assert sentences["n"] == 340
    assert sentences["low"] < sentences["accuracy"] <= sentences["high"]


def test_one_language_can_be_looked_at_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--half", "tuned", "--language", "zh", "--json"]) == 0
    tuned = json.loads(capsys.readouterr().out)["halves"]["tuned"]
    assert list(tuned["sentences"]["language"]) == ["zh"]
    assert tuned["sentences"]["all"]["n"] == 170


@pytest.mark.parametrize("part", [["--half", "tuned"], ["--language", "zh"]])
def test_a_part_of_the_audit_is_not_published(
    part: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "--write", *part]) == 4
    assert "--write publishes everything" in capsys.readouterr().err

"""Which stored answers a later run may use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.run.generating import Wanted
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.types import Outcome

MODEL = """
import pathlib
from pytest_pet2rep.types import FinishReason, Generation

class Model:
    needs_images = False
    ahead = 2

    def generate(self, request):
        here = pathlib.Path(__file__).parent
        with (here / "asked.log").open("a") as log:
            log.write("asked\\n")
        cut = (here / "cut").exists()
        return Generation(
            raw=(here / "answer.txt").read_text(encoding="utf-8"),
            finish_reason=FinishReason.LENGTH if cut else FinishReason.STOP,
        )
"""
REPORT = "影像所见：肝右叶见低密度结节，FDG摄取增高。脾脏大小正常，FDG摄取未见异常。"


@pytest.fixture
def asked_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, object]]:
    """Ask for the one report as run NAME; return how often the model was asked so far."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "reused_model", raising=False)
    (tmp_path / "reused_model.py").write_text(MODEL)
    folder = tmp_path / "cohort" / "PET-1"
    folder.mkdir(parents=True)
    (folder / "report.zh.txt").write_text(REPORT, encoding="utf-8")
    (folder / "case.toml").write_text('id = "PET-1"\nprivate = false\n')
    settings = RunSettings(
        model="py/reused_model:Model", store=tmp_path / "store", model_revision="7"
    )

    def ask(name: str, answer: str, *, ahead: bool = False, **changes: Any) -> tuple[int, object]:
        (tmp_path / "answer.txt").write_text(answer, encoding="utf-8")
        runtime = Runtime(replace(settings, **changes), find_cohort(tmp_path / "cohort"), name)
        (case,) = runtime.cases()
        if ahead:
            runtime.expect([Wanted(case=case)])
        attempt = runtime.attempt(case)
        runtime.close()
        return len((tmp_path / "asked.log").read_text().split()), attempt.outcome

    return ask


def test_a_report_is_used_by_later_runs(asked_by: Callable[..., tuple[int, object]]) -> None:
    assert asked_by("first", REPORT) == (1, None)
    assert asked_by("second", REPORT) == (1, None)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("", Outcome.EMPTY),
        ("抱歉，作为人工智能助手，我无法根据医学影像撰写报告。", Outcome.REFUSAL),
        ("<think>先看肝脏", Outcome.TRUNCATED),
    ],
)
def test_what_is_no_report_serves_its_own_run_and_is_asked_for_again_by_the_next(
    asked_by: Callable[..., tuple[int, object]], answer: str, outcome: Outcome
) -> None:
    assert asked_by("first", answer) == (1, outcome)
    assert asked_by("first", answer) == (1, outcome)
    assert asked_by("second", REPORT) == (2, None)
    assert asked_by("third", answer) == (2, None)
    assert asked_by("first", answer) == (2, outcome)


@pytest.mark.parametrize("ahead", [False, True])
def test_what_only_another_cleaning_took_for_a_report_is_asked_for_again(
    asked_by: Callable[..., tuple[int, object]], ahead: bool
) -> None:
    assert asked_by("first", "<think>" + REPORT, clean=False) == (1, None)
    assert asked_by("second", REPORT, ahead=ahead) == (2, None)

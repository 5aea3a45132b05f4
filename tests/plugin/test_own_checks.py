"""Fixtures for users' own tests, as shown in docs/how-to/own-check.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import REFERENCE

Run = Callable[..., pytest.RunResult]
OWN_CHECK = """
def test_no_report_gives_advice(pet2rep_report):
    assert "建议" not in pet2rep_report

def test_every_case_has_its_folder(pet2rep_case):
    assert pet2rep_case.folder.name == pet2rep_case.id

def test_liver_is_mentioned(pet2rep_report, pet2rep_organ):
    assert pet2rep_organ != "liver" or "肝" in pet2rep_report

def test_model_has_a_name(pet2rep_model):
    assert pet2rep_model.name.startswith("replay/")
"""


@pytest.fixture
def model(pytester: pytest.Pytester, cohort: Path, outputs: Callable[..., str]) -> str:
    pytester.makepyfile(test_own=OWN_CHECK)
    texts = {f"PET-{n}": REFERENCE for n in (1, 2, 3)}
    return outputs(texts | {"PET-2": REFERENCE + "建议随访。"})


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["serial", "n2"])
def test_an_own_check_runs_once_per_case_and_organ(
    run: Run, model: str, mode: tuple[str, ...]
) -> None:
    result = run(model, "test_own.py", *mode)
    result.assert_outcomes(passed=2 + 3 + 3 * 19 + 1, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_own.py::test_no_report_gives_advice?PET-2?*"])


def test_without_a_model_own_checks_are_skipped_with_the_reason(
    pytester: pytest.Pytester, model: str
) -> None:
    result = pytester.runpytest_subprocess("test_own.py", "-rs")
    result.assert_outcomes(skipped=4)
    result.stdout.fnmatch_lines(["*give --pet2rep-model=MODEL*"])


def test_a_failed_generation_fails_the_own_check_with_the_reason(
    run: Run, model: str, outputs: Callable[..., str]
) -> None:
    result = run(outputs({"PET-1": REFERENCE}), "test_own.py", "-k", "advice")
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*PET-2: no usable report: error: no line for case PET-2*"])


def test_requests_of_an_asynchronous_model_are_under_way_together(
    pytester: pytest.Pytester, cohort: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        together="""
        import asyncio

        class Model:
            needs_images, sees_reference = False, True
            inside = most = 0

            async def generate(self, request):
                Model.inside += 1
                Model.most = max(Model.most, Model.inside)
                for _ in range(500):  # until the second one came, and long enough for a third
                    await asyncio.sleep(0.02)
                    if Model.most >= 2:
                        break
                await asyncio.sleep(0.2)
                Model.inside -= 1
                return request.reference if Model.most == 2 else ""
        """
    )
    monkeypatch.setenv("PET2REP_CACHE", str(pytester.path / "cache"))
    result = run("py/together:Model", "--pet2rep-concurrency=2", "-k", "liver")
    result.assert_outcomes(passed=3)

"""With ``-n``, local weights are loaded once and every worker is served, whatever dies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import COUNTED, read_json
from tests.tiny_vlm import build_tiny_vlm

Run = Callable[..., pytest.RunResult]
WEIGHTY = COUNTED.replace("needs_images", "local_weights = True\n    needs_images").replace(
    "    def generate",
    """
    def __init__(self):
        with LOG.with_suffix(".loads").open("a") as log:
            log.write(f"{os.getpid()}\\n")

    def generate""",
)
NO_TORCH = """
import sys

def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        assert "torch" not in sys.modules, "a worker loaded torch"
"""


@pytest.fixture
def weighty(pytester: pytest.Pytester, counted: Path) -> Path:
    """A model with local weights that logs its loads and its generations; returns the log."""
    pytester.makepyfile(weighty=WEIGHTY)
    return counted


@pytest.mark.parametrize(
    "dist",
    [
        "load",
        pytest.param("loadfile", marks=pytest.mark.slow),
        pytest.param("worksteal", marks=pytest.mark.slow),
    ],
)
def test_two_workers_share_one_load_and_no_report_is_made_twice(
    cohort: Path, run: Run, weighty: Path, dist: str
) -> None:
    run("py/weighty:Model", "-n2", f"--dist={dist}").assert_outcomes(passed=93)
    assert sorted(weighty.read_text().split()) == ["PET-1", "PET-2", "PET-3"]
    assert len(weighty.with_suffix(".loads").read_text().split()) == 1


def test_a_report_that_kills_the_model_costs_its_case_and_no_worker(
    pytester: pytest.Pytester,
    cohort: Path,
    run: Run,
    weighty: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIE_IN", "PET-2")
    result = run("py/weighty:Model", "-n2", "--pet2rep-json=out.json")
    assert result.ret == 1
    summary = read_json(pytester.path / "out.json")
    assert summary["recorded"] == summary["planned"] == 93
    assert sorted(weighty.read_text().split()) == ["PET-1", "PET-2", "PET-3"]
    assert len(weighty.with_suffix(".loads").read_text().split()) == 2
    assert "died while it generated this report" in result.stdout.str()


def test_what_is_in_the_store_loads_nothing(cohort: Path, run: Run, weighty: Path) -> None:
    for _ in range(2):
        run("py/weighty:Model@1", "-n2").assert_outcomes(passed=93)
    assert len(weighty.with_suffix(".loads").read_text().split()) == 1


@pytest.fixture(scope="session")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_vlm(tmp_path_factory.mktemp("apart") / "llava", "llava")


def test_a_checkpoint_gives_the_same_run_serially_and_with_workers_that_never_load_torch(
    llava: Path, pytester: pytest.Pytester, run: Run
) -> None:
    pytester.makeconftest(NO_TORCH)
    summaries = {}
    for name, arguments in {"serial": (), "n2": ("-n2",)}.items():
        result = run(
            f"hf/{llava}",
            "--pet2rep-limit=2",
            "--pet2rep-max-new-tokens=4",
            "--pet2rep-expectations=report",
            f"--pet2rep-store={name}",
            f"--pet2rep-json={name}.json",
            "-p",
            "conftest",
            *arguments,
            cases="",
        )
        assert result.ret == 0, result.stdout.str()
        summaries[name] = json.dumps(read_json(pytester.path / f"{name}.json"))
    assert summaries["serial"] == summaries["n2"]

"""One set of outputs, one result: whoever runs the items, in which order, from store or fresh."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE, read_json

MODES = {
    "serial": (),
    "n2": ("-n2",),
    "n2-load": ("-n2", "--dist", "load"),
    "n2-worksteal": ("-n2", "--dist", "worksteal"),
    "n2-loadfile": ("-n2", "--dist", "loadfile"),
    "no-xdist": ("-p", "no:xdist"),
    "no-terminal": ("-p", "no:terminal"),
}
Run = Callable[..., pytest.RunResult]


def test_every_way_of_running_writes_the_same_json(
    pytester: pytest.Pytester, cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    model = outputs({"PET-1": REFERENCE, "PET-2": MISSING_THE_LIVER})  # none for PET-3
    summaries = {}
    for name, arguments in MODES.items():
        result = run(model, f"--pet2rep-json={name}.json", *arguments)
        assert result.ret == 1, name
        summaries[name] = read_json(pytester.path / f"{name}.json")
    for name, summary in summaries.items():
        assert summary == summaries["serial"], name


@pytest.mark.parametrize(
    "mode",
    [
        "serial",
        "n2",
        pytest.param("n2-loadfile", marks=pytest.mark.slow),
        pytest.param("n2-worksteal", marks=pytest.mark.slow),
    ],
)
def test_each_report_is_generated_once(cohort: Path, run: Run, counted: Path, mode: str) -> None:
    run("py/counted:Model", *MODES[mode]).assert_outcomes(passed=93)
    assert sorted(counted.read_text().split()) == ["PET-1", "PET-2", "PET-3"]


def test_a_second_run_comes_off_the_store_and_writes_the_same_json(
    pytester: pytest.Pytester, cohort: Path, run: Run, counted: Path
) -> None:
    revision = "--pet2rep-model-revision=weights-7"
    for name in ("first", "second"):
        run("py/counted:Model", revision, f"--pet2rep-json={name}.json")
    assert len(counted.read_text().split()) == 3
    first, second = (pytester.path / f"{name}.json" for name in ("first", "second"))
    assert read_json(first) == read_json(second)
    assert read_json(first, timing=True)["timing"]["generated_now"] == 3
    assert read_json(second, timing=True)["timing"]["generated_now"] == 0


def test_a_model_of_unknown_identity_is_asked_again_by_the_next_run(
    cohort: Path, run: Run, counted: Path
) -> None:
    for _ in range(2):
        run("py/counted:Model")
    assert len(counted.read_text().split()) == 6

"""What CI systems read of a run: pytest's own JUnit file, the gates' one, the step summary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import junitparser
import pytest

from pytest_pet2rep.run.export_command import page_of
from pytest_pet2rep.run.runfiles import load_run
from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE

Run = Callable[..., pytest.RunResult]
GATES = ("--pet2rep-gate=error_rate <= 0.02", "--pet2rep-gate=must_pass = [PET-1, liver]")
OUTCOMES: dict[str, str | None] = {
    "PET-1": MISSING_THE_LIVER,
    "PET-2": REFERENCE,
    "PET-3": "很抱歉，作为人工智能助手，我无法根据这些图像提供医学诊断报告。",
}


@pytest.fixture
def run(
    pytester: pytest.Pytester, make_case: Callable[..., Path], outputs: Callable[..., str]
) -> Run:
    for case in OUTCOMES:
        make_case(case)
    model = outputs(OUTCOMES)

    def run_it(*more: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess(
            "-p", "no:hypothesispytest", f"--pet2rep-model={model}", "--pet2rep-cases=cohort", *more
        )

    return run_it


def cases_of(path: Path) -> dict[str, junitparser.TestCase]:
    suites = junitparser.JUnitXml.fromfile(str(path))
    return {f"{case.classname}::{case.name}": case for suite in suites for case in suite}


def outcome(cases: dict[str, junitparser.TestCase], case: str, organ: str) -> tuple[str, str]:
    """How CI sees the item (word of the element), and its ``outcome`` property."""
    (found,) = [c for name, c in cases.items() if case in name and f"[{organ}]" in name]
    facts = {p.name: p.value for p in found.child(junitparser.Properties)}
    words = [type(result).__name__ for result in found.result]
    return (words[0] if words else "Passed", facts["outcome"])


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_pytests_own_file_has_every_outcome_right(
    pytester: pytest.Pytester, run: Run, workers: tuple[str, ...]
) -> None:
    run("--junitxml=strict.xml", *workers)
    strict = cases_of(pytester.path / "strict.xml")
    assert outcome(strict, "PET-1", "liver") == ("Failure", "miss")
    assert outcome(strict, "PET-2", "liver") == ("Passed", "hit")
    assert outcome(strict, "PET-3", "liver") == ("Failure", "refusal")
    run("--junitxml=report.xml", "--pet2rep-expectations=report", *workers)
    shown = cases_of(pytester.path / "report.xml")
    assert outcome(shown, "PET-1", "liver") == ("Skipped", "miss")
    assert outcome(shown, "PET-2", "liver") == ("Passed", "hit")
    assert outcome(shown, "PET-3", "liver") == ("Skipped", "refusal")
    assert len(strict) == len(shown)


def test_the_gates_have_a_file_of_their_own(pytester: pytest.Pytester, run: Run) -> None:
    result = run("--pet2rep-gates-junit=out/gates.xml", "--junitxml=items.xml", *GATES)
    assert result.ret == 1
    cases = cases_of(pytester.path / "out" / "gates.xml")
    words = {name: [type(found).__name__ for found in case.result] for name, case in cases.items()}
    assert words == {
        "pet2rep.gates::error_rate <= 0.02": [],
        "pet2rep.gates::must_pass = [PET-1, liver]": ["Failure"],
        "pet2rep.run::exit code": ["Failure"],
    }
    assert not any("pet2rep.gates" in name for name in cases_of(pytester.path / "items.xml"))


def test_the_stored_run_gives_the_same_file_of_its_gates(
    pytester: pytest.Pytester, run: Run
) -> None:
    asked = ("--pet2rep-gates-junit=gates.xml", "--pet2rep-run-dir=kept")
    result = run("--pet2rep-gate=ce_f1 >= 0.5", "--pet2rep-undecided=warn", *asked)
    assert result.ret == 0
    cases = cases_of(pytester.path / "gates.xml")
    found = cases["pet2rep.gates::ce_f1 >= 0.5"].result
    assert [type(each).__name__ for each in found] == ["Skipped"]
    written = (pytester.path / "gates.xml").read_text(encoding="utf-8")
    assert page_of(load_run(pytester.path / "kept"), "junit") == written


def test_a_partial_run_is_an_error_in_the_gates_file(pytester: pytest.Pytester, run: Run) -> None:
    assert run("--pet2rep-gates-junit=gates.xml", "--pet2rep-limit=2", *GATES).ret == 20
    cases = cases_of(pytester.path / "gates.xml")
    found = cases["pet2rep.gates::error_rate <= 0.02"].result
    assert [type(each).__name__ for each in found] == ["Error"]


def test_a_gates_file_that_cannot_be_written_is_said_before_the_first_report(
    pytester: pytest.Pytester, run: Run
) -> None:
    pytester.mkdir("taken")
    result = run("--pet2rep-gates-junit=taken", *GATES)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pet2rep-gates-junit=*is a folder*"])


@pytest.mark.parametrize("redact", [(), ("--pet2rep-redact",)], ids=["texts", "redacted"])
def test_the_step_summary_is_appended_once(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch, redact: tuple[str, ...]
) -> None:
    page = pytester.path / "page.md"
    page.write_text("# before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    run("-n2", *redact, *GATES)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# before\n")
    assert text.count("## pet2rep") == 1
    assert ("结节" in text) is not bool(redact)


def test_a_step_summary_that_cannot_be_written_is_said_and_changes_nothing(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = run("--pet2rep-expectations=report")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "nowhere" / "page.md"))
    result = run("--pet2rep-expectations=report")
    assert result.ret == without.ret == 0
    result.stdout.fnmatch_lines(["pet2rep: GITHUB_STEP_SUMMARY=*cannot be written*"])

"""--pet2rep-html: the page of a run, written at its end, or refused before the first report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., pytest.RunResult]


def test_a_run_leaves_its_page_with_the_verdict_of_its_gates(
    pytester: pytest.Pytester, cohort: Path, run: Run
) -> None:
    result = run(
        "baseline/template",
        "cohort",
        "--pet2rep-gate=refusal_rate <= 0.1",
        "--pet2rep-html=new/report.html",
    )
    page = (pytester.path / "new" / "report.html").read_text(encoding="utf-8")
    assert page.rstrip().endswith("</html>")
    assert "refusal_rate &lt;= 0.1" in page
    assert f"<dd>{int(result.ret)}</dd>" in page
    assert (pytester.path / "new" / "report.html").stat().st_mode & 0o777 == 0o600


def test_a_page_that_cannot_be_written_is_said_before_the_first_report(
    pytester: pytest.Pytester, cohort: Path, run: Run
) -> None:
    (pytester.path / "taken").mkdir()
    result = run("baseline/template", "cohort", "--pet2rep-html=taken")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--pet2rep-html=*taken is a folder: name a file in it"])


def test_workers_leave_it_to_the_controller(
    pytester: pytest.Pytester, cohort: Path, run: Run
) -> None:
    pytest.importorskip("xdist")
    run("baseline/template", "cohort", "-n1", "--pet2rep-html=report.html")
    page = (pytester.path / "report.html").read_text(encoding="utf-8")
    assert page.count("<!doctype html>") == 1


def test_a_redacted_run_has_a_page_without_texts(
    pytester: pytest.Pytester, cohort: Path, run: Run
) -> None:
    run("baseline/reference", "cohort", "--pet2rep-redact", "--pet2rep-html=report.html")
    page = (pytester.path / "report.html").read_text(encoding="utf-8")
    assert "FDG摄取" not in page
    assert '"expected":["increased"]' in page

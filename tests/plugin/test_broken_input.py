"""A wrong case file stops the run before it starts; a dying worker costs its item only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import read_json

Run = Callable[..., pytest.RunResult]


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_wrong_key_is_named_with_file_line_and_the_nearest_key(
    cohort: Path, make_case: Callable[..., Path], run: Run, mode: tuple[str, ...]
) -> None:
    make_case("PET-9", extra="wieght_kg = 70\n")
    result = run("baseline/template", *mode)
    assert result.ret == 4
    text = result.stdout.str() + result.stderr.str()
    assert "PET-9/case.toml:4: wieght_kg:" in text
    assert "weight_kg" in text
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_wrong_phantom_key_is_named_with_its_line(
    make_case: Callable[..., Path], run: Run, mode: tuple[str, ...]
) -> None:
    make_case("PET-1", extra="[phantom]\nseeed = 3\n")
    result = run("baseline/template", *mode)
    assert result.ret == 4
    assert "PET-1/case.toml:5: phantom.seeed" in result.stdout.str() + result.stderr.str()


def test_a_case_without_a_report_in_the_chosen_language_says_which_file_to_add(
    cohort: Path, run: Run
) -> None:
    result = run("baseline/template", "--pet2rep-language=en")
    assert result.ret == 4
    assert "add report.en.txt" in result.stderr.str()


@pytest.mark.parametrize("dist", ["load", pytest.param("worksteal", marks=pytest.mark.slow)])
def test_a_worker_that_dies_in_a_generation_costs_one_case_and_the_run_ends_red(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    cohort: Path,
    run: Run,
    counted: Path,
    dist: str,
) -> None:
    monkeypatch.setenv("DIE_IN", "PET-2")
    result = run("py/counted:Model", "-n2", "--dist", dist, "--pet2rep-json=out.json")
    assert result.ret == 1
    assert sorted(counted.read_text().split()) == ["PET-1", "PET-2", "PET-3"]
    summary = read_json(pytester.path / "out.json")
    assert len(summary["holes"]) == 1
    assert summary["holes"][0]["case"] == "PET-2"
    assert summary["planned"] == 93
    by_case = {row["case"]: row for row in summary["by_case"]}
    assert by_case["PET-2"]["outcome"] == "error"
    assert by_case["PET-1"]["passed"] == by_case["PET-3"]["passed"] == 31
    result.stdout.fnmatch_lines(["*no result: PET-2 *: its process died*"])


def test_a_case_file_without_a_model_says_which_option_is_missing(
    pytester: pytest.Pytester, cohort: Path
) -> None:
    result = pytester.runpytest_subprocess("cohort/PET-1/case.toml")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*name the model under test with --pet2rep-model=MODEL*"])


def test_a_model_that_raises_is_an_error_of_its_case_with_the_reason(
    pytester: pytest.Pytester, cohort: Path, run: Run, counted: Path
) -> None:
    pytester.makepyfile(
        broken="def factory():\n    def generate(request):\n        raise OSError('disk gone')\n"
        "    generate.needs_images = False\n    return generate\n"
    )
    result = run("py/broken:factory", "--pet2rep-expectations=report", "--pet2rep-json=out.json")
    assert result.ret == 1
    assert read_json(pytester.path / "out.json")["outcomes"]["error"] == 57
    result.stdout.fnmatch_lines(["*OSError: disk gone*"])


def test_a_store_that_cannot_be_written_is_one_sentence_before_the_first_report(
    pytester: pytest.Pytester, cohort: Path, run: Run, counted: Path
) -> None:
    (pytester.path / "taken").write_text("")
    result = run("py/counted:Model", "--pet2rep-store=taken", "--pet2rep-expectations=report", "-x")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*cannot write the store of generations*--pet2rep-store*"])
    assert not counted.exists()


def test_a_factory_that_fails_ends_as_a_usage_error_with_a_summary_and_its_reason(
    pytester: pytest.Pytester, cohort: Path, run: Run, counted: Path
) -> None:
    pytester.makepyfile(bad="def factory():\n    raise RuntimeError('no weights')\n")
    result = run("py/bad:factory", "--pet2rep-expectations=report", "--pet2rep-json=out.json")
    assert result.ret == 4
    assert read_json(pytester.path / "out.json")["exit"]["code"] == 4
    result.stdout.fnmatch_lines(["pet2rep: *the factory failed: RuntimeError: no weights"])
    assert "INTERNALERROR" not in result.stdout.str()


def test_private_cases_that_are_named_as_a_path_stay_on_this_machine(
    pytester: pytest.Pytester, make_case: Callable[..., Path], run: Run
) -> None:
    case_file = make_case("PET-1")
    case_file.write_text('id = "PET-1"\n', encoding="utf-8")  # private by default
    server = "--pet2rep-model-arg=base_url=http://192.0.2.1:9/v1"
    result = run("openai/some-model", server, "cohort", cases="")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*the cohort is private*"])

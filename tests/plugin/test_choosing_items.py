"""Node ids, -k, -m, ::, --lf, --co and -x behave as in any other suite, with and without -n."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE, read_json

Run = Callable[..., pytest.RunResult]
ITEMS = 19 + 11 + 1
"""Organs, report checks, and one text item per case."""


@pytest.fixture
def model(outputs: Callable[..., str]) -> str:
    return outputs({f"PET-{n}": REFERENCE for n in (1, 2, 3)} | {"PET-2": MISSING_THE_LIVER})


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (("-k", "liver"), 3),
        (("-k", "肝"), 3),
        (("-k", "PET-1"), ITEMS),
        (("-k", "liver and PET-3"), 1),
        (("-m", "pet2rep"), 3 * ITEMS),
        (("-m", "not pet2rep"), 0),
    ],
    ids=["organ", "chinese", "case", "both", "marker", "not-marker"],
)
def test_a_selection_runs_the_items_that_it_names(
    cohort: Path, run: Run, model: str, selection: tuple[str, ...], count: int, workers: tuple[str]
) -> None:
    outcomes = run(model, *selection, *workers).parseoutcomes()
    assert outcomes.get("passed", 0) + outcomes.get("failed", 0) == count


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_node_id_names_one_item(
    cohort: Path, run: Run, model: str, workers: tuple[str, ...]
) -> None:
    item = "cohort/PET-1/case.toml::test_uptake[liver]"
    run(model, item, *workers).assert_outcomes(passed=1)
    function = "cohort/PET-1/case.toml::test_uptake"
    run(model, function, *workers).assert_outcomes(passed=19)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_last_failed_runs_what_failed(
    cohort: Path, run: Run, model: str, workers: tuple[str, ...]
) -> None:
    run(model, *workers).assert_outcomes(passed=3 * ITEMS - 1, failed=1)
    again = run(model, "--lf", *workers)
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*PET-2/case.toml::test_uptake?liver?*"])


def test_collect_only_lists_ascii_ids_and_writes_nothing(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str
) -> None:
    result = run(model, "--co", "-q", "--pet2rep-json=out.json")
    assert result.ret == 0
    ids = [line for line in result.outlines if "::" in line]
    assert len(ids) == 3 * ITEMS
    assert all(line.isascii() for line in ids)
    assert "cohort/PET-1/case.toml::test_uptake[liver]" in ids
    assert not (pytester.path / "out.json").exists()


def test_stopping_at_the_first_failure_says_how_much_has_no_result(
    cohort: Path, run: Run, model: str
) -> None:
    result = run(model, "-x")
    assert result.ret == 1
    result.stdout.re_match_lines([r".*\d+ of 93 planned items have no result"])


def test_a_path_collects_what_the_user_named(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str
) -> None:
    pytester.makepyfile(test_own="def test_own():\n    pass\n")
    run(model, "test_own.py").assert_outcomes(passed=1)
    run(model, "cohort/PET-3").assert_outcomes(passed=ITEMS)
    run(model).assert_outcomes(passed=3 * ITEMS - 1, failed=1)


def test_a_cases_folder_of_the_project_is_not_picked_up_by_accident(
    pytester: pytest.Pytester, make_case: Callable[..., Path], run: Run, model: str
) -> None:
    make_case("PET-1").parents[1].rename(pytester.path / "cases")
    result = run(model, "--co", "-q", cases="")
    assert "PET-1/case.toml" not in result.stdout.str()
    assert "PET-0001/case.toml" in result.stdout.str()


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_limit_takes_the_first_cases_and_says_that_the_run_is_partial(
    cohort: Path, run: Run, model: str, workers: tuple[str, ...]
) -> None:
    result = run(model, "--pet2rep-limit=1", *workers)
    result.assert_outcomes(passed=ITEMS)
    result.stdout.fnmatch_lines(["*1 of 3 cases (partial)*"])


def test_a_cohort_inside_a_hidden_folder_is_collected(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str
) -> None:
    hidden = pytester.path / ".venv" / "lib" / "cohort"
    hidden.parent.mkdir(parents=True)
    (pytester.path / ".venv" / "pyvenv.cfg").write_text("")
    cohort.rename(hidden)
    run(model, cases=str(hidden)).assert_outcomes(passed=3 * ITEMS - 1, failed=1)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_cohort_file_is_a_complete_cohort_of_its_own(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str, workers: tuple[str, ...]
) -> None:
    text = 'name = "smoke"\nroot = "cohort"\ncases = ["PET-3"]\n'
    (pytester.path / "smoke.toml").write_text(text, encoding="utf-8")
    result = run(model, *workers, cases="smoke.toml")
    result.assert_outcomes(passed=ITEMS)
    result.stdout.fnmatch_lines(["pet2rep: cohort smoke *, 1 cases"])


def test_an_organ_list_with_chinese_names_still_has_ascii_node_ids(
    cohort: Path, run: Run, model: str
) -> None:
    result = run(model, "--pet2rep-organs=petrg24", "--co", "-q")
    ids = [line for line in result.outlines if "::" in line]
    assert len(ids) == 3 * (24 + 11 + 1)
    assert all(line.isascii() and "\\u" not in line for line in ids)
    run(model, "--pet2rep-organs=petrg24", "-k", "肝脏 and PET-1").assert_outcomes(passed=1)


def test_a_selection_is_called_partial_on_the_screen_and_in_the_card(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str
) -> None:
    result = run(model, "-k", "liver", "--pet2rep-json=out.json")
    result.stdout.fnmatch_lines(["pet2rep: partial: *"])
    assert not read_json(pytester.path / "out.json")["card"]["cohort"]["complete"]
    run(model, "--pet2rep-json=out.json")
    assert read_json(pytester.path / "out.json")["card"]["cohort"]["complete"]


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_named_folder_of_cases_is_the_cohort_of_the_run(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str, workers: tuple[str, ...]
) -> None:
    result = run(model, "cohort", "--pet2rep-json=out.json", *workers, cases="")
    result.assert_outcomes(passed=3 * ITEMS - 1, failed=1)
    card = read_json(pytester.path / "out.json")["card"]["cohort"]
    assert (card["name"], card["cases"], card["complete"]) == ("cohort", 3, True)


def test_a_named_path_with_cases_of_another_cohort_is_refused(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str
) -> None:
    other = pytester.path / "other" / "PET-1"
    other.parent.mkdir()
    (cohort / "PET-1").rename(other)
    result = run(model, "other")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*other holds cases that are not of the cohort cohort*"])


@pytest.mark.parametrize("named", [True, False], ids=["path", "option"])
@pytest.mark.parametrize("name", ["cohort[2]", "a::cohort"])
def test_a_folder_whose_name_pytest_would_cut_is_refused_in_one_sentence(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str, name: str, named: bool
) -> None:
    cohort.rename(pytester.path / name)
    result = run(model, name, cases="") if named else run(model, cases=name)
    assert result.ret == 4
    said = result.stderr.str()
    assert "rename the folder" in said
    assert "parametrization" not in said
    assert "Traceback" not in said

"""The table of exit codes of docs/reference/exit-codes.md (gates excepted), row by row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE

Run = Callable[..., pytest.RunResult]
PERFECT = dict.fromkeys(("PET-1", "PET-2", "PET-3"), REFERENCE)
REFUSAL = "很抱歉，作为人工智能助手，我无法根据这些图像提供医学诊断报告。"
OWN_TEST = "def test_own(pet2rep_report):\n    assert 'no such words' in pet2rep_report\n"
SILENT = REFERENCE.replace("脾脏大小正常，FDG摄取未见异常。", "")


@pytest.mark.parametrize(
    ("texts", "options", "code"),
    [
        (PERFECT, (), 0),
        (PERFECT | {"PET-2": MISSING_THE_LIVER}, (), 1),
        (PERFECT | {"PET-2": MISSING_THE_LIVER}, ("--pet2rep-expectations=report",), 0),
        (PERFECT | {"PET-2": REFUSAL}, (), 1),
        (PERFECT | {"PET-2": REFUSAL}, ("--pet2rep-expectations=report",), 0),
        (PERFECT | {"PET-2": ""}, ("--pet2rep-expectations=report",), 0),
        ({"PET-1": REFERENCE, "PET-2": REFERENCE}, ("--pet2rep-expectations=report",), 1),
        (PERFECT | {"PET-2": SILENT}, (), 0),
        (PERFECT | {"PET-2": SILENT}, ("--pet2rep-silence=fail",), 1),
        (PERFECT, ("-k", "nothing_of_this_name"), 5),
    ],
    ids=[
        "all-hit",
        "miss-strict",
        "miss-report",
        "refusal-strict",
        "refusal-report",
        "empty-report",
        "no-line-is-an-error-even-in-report",
        "silence-counts",
        "silence-fails",
        "nothing-collected",
    ],
)
def test_exit_code(
    cohort: Path,
    run: Run,
    outputs: Callable[..., str],
    texts: dict[str, str],
    options: tuple[str, ...],
    code: int,
) -> None:
    assert run(outputs(texts), *options).ret == code


@pytest.mark.parametrize("mode", [("-n2",), ("-q",), ("-p", "no:terminal")], ids=str)
@pytest.mark.parametrize(
    ("texts", "options", "code"),
    [
        (PERFECT, (), 0),
        (PERFECT | {"PET-2": MISSING_THE_LIVER}, (), 1),
        (PERFECT | {"PET-2": MISSING_THE_LIVER}, ("--pet2rep-expectations=report",), 0),
        ({"PET-1": REFERENCE, "PET-2": REFERENCE}, ("--pet2rep-expectations=report",), 1),
    ],
    ids=["all-hit", "miss-strict", "miss-report", "no-line-is-an-error"],
)
def test_the_exit_code_is_the_same_in_every_mode(
    cohort: Path,
    run: Run,
    outputs: Callable[..., str],
    texts: dict[str, str],
    options: tuple[str, ...],
    code: int,
    mode: tuple[str, ...],
) -> None:
    assert run(outputs(texts), *options, *mode).ret == code


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--pet2rep-model=bseline/template",), "*unknown provider 'bseline': did you mean*"),
        (("--pet2rep-model=baseline/templat",), "*did you mean 'template'*"),
        (("--pet2rep-model=nonsense",), "*'nonsense' is not the name of a model*"),
        (("--pet2rep-model=replay/none.jsonl",), "*there is no file*none.jsonl*"),
        (("--pet2rep-metrics=bleu9",), "*unknown metric 'bleu9': did you mean*"),
        (("--pet2rep-organs=pet2rep18",), "*unknown organ list 'pet2rep18': did you mean*"),
        (("--pet2rep-cases=nowhere",), "*there is no cohort at*nowhere*"),
        (("--pet2rep-limit=0",), "*--pet2rep-limit=0: needs a whole number, 1 or more*"),
        (("--pet2rep-metrics=,",), "*--pet2rep-metrics=,: names nothing*"),
        (("--pet2rep-json=cohort/PET-1/case.toml/x",), "*--pet2rep-json=*cannot be written*"),
        (("--pet2rep-model=replay/broken.jsonl",), "*broken.jsonl:1*"),
        (("--pet2rep-limit=many",), "*--pet2rep-limit=many: needs a whole number*"),
        (("--pet2rep-model-arg=x",), "*--pet2rep-model-arg=x: write it as KEY=VALUE*"),
        (("--pet2rep-views=sideways",), "*invalid choice: 'sideways'*"),
        (("--pet2rep-prompt=none.toml",), "*prompt file*none.toml cannot be read*"),
        (("--pet2rep-json=cohort",), "*--pet2rep-json=*cohort is a folder: name a file in it*"),
        (("-o", "pet2rep_section=middle"), "*pet2rep_section = 'middle' is not allowed*"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_code_4(
    pytester: pytest.Pytester, cohort: Path, options: tuple[str, ...], sentence: str
) -> None:
    (pytester.path / "broken.jsonl").write_text("{broken\n")
    result = pytester.runpytest_subprocess(
        "-p", "no:hypothesispytest",
        "--pet2rep-model=baseline/template", "--pet2rep-cases=cohort", *options
    )  # fmt: skip
    assert result.ret == 4
    result.stderr.fnmatch_lines([sentence])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_a_wrong_option_is_one_line_under_workers_too(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("--pet2rep-model=bseline/template", "-n2")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*unknown provider 'bseline': did you mean*"])


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_broken_test_outside_the_suite_is_exit_code_1_even_in_report_mode(
    pytester: pytest.Pytester,
    cohort: Path,
    run: Run,
    outputs: Callable[..., str],
    mode: tuple[str, ...],
) -> None:
    pytester.makepyfile(test_own=OWN_TEST)
    report = "--pet2rep-expectations=report"
    assert run(outputs(PERFECT), report, "cohort", "test_own.py", *mode).ret == 1
    assert run(outputs(PERFECT), report, "cohort", *mode).ret == 0

"""Every exit code of a run with gates, in every mode: docs/reference/exit-codes.md row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE, read_json

Run = Callable[..., pytest.RunResult]

GOOD = ("--pet2rep-gate=error_rate <= 0.02", "--pet2rep-gate=must_pass = [PET-1, liver]")
PERFECT = {"PET-1": REFERENCE, "PET-2": REFERENCE}
ONE_BROKEN: Mapping[str, str] = {"PET-1": REFERENCE}
MISSED = PERFECT | {"PET-1": MISSING_THE_LIVER}

MODES = {
    "serial": (),
    "n2": ("-n2",),
    "quiet": ("-q",),
    "no-terminal": ("-p", "no:terminal"),
    "bare": ("-p", "no:cacheprovider", "--no-summary"),
}
ROWS: Mapping[str, tuple[int, Mapping[str, str], tuple[str, ...], str]] = {
    "passed": (0, PERFECT, GOOD, "(pass): 2 gates: 2 passed"),
    "failed": (1, MISSED, GOOD, "(fail): 2 gates: 1 failed, 1 passed"),
    "undecided": (1, PERFECT, (*GOOD, "--pet2rep-gate=ce_f1 >= 0.5"),
                  "(undecided): 3 gates: 1 undecided, 2 passed"),
    "limited": (20, PERFECT, (*GOOD, "--pet2rep-limit=1"),
                "(not measured): gates not measured: 31 items of the cohort were left out"),
    "own-test": (1, PERFECT, (*GOOD, "cohort", "test_own.py"),
                 "(fail): outside the benchmark's items this failed: test_own.py::test_own"),
    "interrupted": (2, PERFECT, (*GOOD, "-p", "interrupting"), "(ended): the run was interrupted"),
    "internal": (3, PERFECT, (*GOOD, "-p", "breaking"), "(ended): an internal error"),
    "nothing": (5, PERFECT, (*GOOD, "-k", "nothing_of_this_name"),
                "(ended): no item was collected"),
}  # fmt: skip
PLUGINS = {
    "test_own": "def test_own():\n    assert False\n",
    "interrupting": (
        "def pytest_runtest_call(item):\n"
        "    if 'spleen' in item.name:\n"
        "        raise KeyboardInterrupt\n"
    ),
    "breaking": (
        "def pytest_runtest_protocol(item):\n"
        "    if 'spleen' in item.name:\n"
        "        raise RuntimeError('a plugin that breaks')\n"
    ),
    "dying": (
        "import os\n"
        "def pytest_runtest_call(item):\n"
        "    if 'spleen' in item.name and 'PET-2' in item.nodeid:\n"
        "        os._exit(1)\n"
    ),
    "losing": (
        "import pytest\n"
        "LOST = ('[spleen]', '[brain]', '[liver]')\n"
        "@pytest.hookimpl(wrapper=True, tryfirst=True)\n"
        "def pytest_runtest_makereport(item, call):\n"
        "    report = yield\n"
        "    if item.name.endswith(LOST):\n"
        "        report.user_properties = []\n"
        "    return report\n"
    ),
    "failing_fixture": (
        "import pytest\n"
        "@pytest.fixture(autouse=True)\n"
        "def broken(request):\n"
        "    if 'spleen' in request.node.name:\n"
        "        raise RuntimeError('a fixture that breaks')\n"
    ),
}


@pytest.fixture
def two_cases(
    pytester: pytest.Pytester, make_case: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Two cases; and the plugins that break a run, importable by name."""
    pytester.makepyfile(**PLUGINS)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=":")
    make_case("PET-1")
    return make_case("PET-2").parents[1]


@pytest.mark.parametrize(
    ("row", "mode"),
    [
        pytest.param(
            row,
            mode,
            # How much is shown is tried on one ending, and on the others with the slow tests.
            marks=() if mode in ("serial", "n2") or row == "failed" else pytest.mark.slow,
            id=f"{row}-{mode}",
        )
        for row in ROWS
        for mode in MODES
    ],
)
def test_the_code_and_the_last_line_are_the_same_in_every_mode(
    pytester: pytest.Pytester,
    two_cases: Path,
    run: Run,
    outputs: Callable[..., str],
    row: str,
    mode: str,
) -> None:
    code, texts, options, reason = ROWS[row]
    result = run(
        outputs(texts), "--pet2rep-floors=none", "--pet2rep-json=out.json", *MODES[mode], *options
    )
    last = [line for line in result.outlines if line.strip()][-1]
    assert (result.ret, last.startswith(f"pet2rep: exit {code} {reason}")) == (code, True), last
    said = read_json(pytester.path / "out.json")["exit"]
    assert said["code"] == code
    assert said["reason"] in last


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--pet2rep-gate=ce_recal >= 0.5",), "*column 1: unknown metric 'ce_recal': did you*"),
        (("--pet2rep-gate=ce_f1 => 0.5",), "*column 7: '=>' is no comparison of gates*"),
        (("--pet2rep-gate=ce_f1[organ=livr] >= 0.5",), "*column 7: *did you mean 'liver'*"),
        (("--pet2rep-gate=ce_f1[sex=F] >= 0.5",), "*matches nothing in this cohort*"),
        (("--pet2rep-gate=miss_rate >= 0.5",), "*miss_rate is better when lower: write <=*"),
        (("--pet2rep-gate=ce_f1 >= baseline",), "*column 10: there is no baseline*"),
        (("--pet2rep-gates=liver",), "*unknown gate 'liver'*"),
        (("--pet2rep-baseline=main",), "*there is no baseline 'main'*"),
        (("--pet2rep-fail-on-error=some",), "*--pet2rep-fail-on-error=some: write any, none*"),
        (("--pet2rep-confidence=95",), "*--pet2rep-confidence: confidence 95 is not allowed*"),
    ],
    ids=str,
)
def test_a_wrong_gate_ends_the_run_before_the_first_report(
    two_cases: Path, run: Run, counted: Path, options: tuple[str, ...], sentence: str
) -> None:
    result = run("py/counted:Model", *options)
    assert result.ret == 4
    result.stderr.fnmatch_lines([sentence])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert not counted.exists()


def test_a_wrong_gate_is_one_line_under_workers_too(two_cases: Path, run: Run) -> None:
    result = run("baseline/template", "--pet2rep-gate=ce_recal >= 0.5", "-n2")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*unknown metric 'ce_recal'*"])


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("-k", "not spleen"), "2 items of the cohort were left out"),
        (("--deselect", "cohort/PET-1/case.toml::test_text"), "1 items of the cohort"),
        (("-x", "--pet2rep-expectations=strict"), "planned items have no result"),
        (("cohort/PET-1",), "31 items of the cohort were left out"),
    ],
    ids=["k", "deselect", "x", "path"],
)
def test_a_partial_run_is_not_measured(
    pytester: pytest.Pytester,
    two_cases: Path,
    run: Run,
    outputs: Callable[..., str],
    options: tuple[str, ...],
    reason: str,
    workers: tuple[str, ...],
) -> None:
    texts = MISSED if "-x" in options else PERFECT
    result = run(outputs(texts), "--pet2rep-floors=none", *GOOD, *options, *workers)
    assert result.ret == 20
    assert reason in result.outlines[-1]


def test_a_worker_that_dies_leaves_a_hole_and_no_green_gate(
    two_cases: Path, run: Run, outputs: Callable[..., str]
) -> None:
    result = run(outputs(PERFECT), "--pet2rep-floors=none", *GOOD, "-n2", "-p", "dying")
    assert result.ret == 20
    result.stdout.fnmatch_lines(["*no result: PET-2 uptake spleen: its process died*"])


def test_a_fixture_that_breaks_is_no_matter_of_the_gates(
    two_cases: Path, run: Run, outputs: Callable[..., str]
) -> None:
    result = run(outputs(PERFECT), "--pet2rep-floors=none", *GOOD, "-p", "failing_fixture")
    assert result.ret == 1
    assert "test_uptake[spleen] (setup) and 1 more" in result.outlines[-1]


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        ((), 1, "1 of 2 cases ended in an error or a timeout"),
        (("--pet2rep-fail-on-error=none",), 0, "which is allowed"),
        (("--pet2rep-fail-on-error=50%",), 0, "which is allowed"),
        (("--pet2rep-fail-on-error=40%",), 1, "(more than 40%)"),
        (("--pet2rep-fail-on-error=1",), 0, "which is allowed"),
        (("--pet2rep-gate=error_rate <= 0.5",), 0, "1 gate: 1 passed"),
        (("--pet2rep-gate=error_rate <= 0.4",), 1, "1 gate: 1 failed"),
        (("--pet2rep-gate=refusal_rate <= 0",), 1, "1 of 2 cases ended in an error"),
    ],
    ids=str,
)
def test_errors_fail_the_run_beyond_their_budget(
    two_cases: Path,
    run: Run,
    outputs: Callable[..., str],
    options: tuple[str, ...],
    code: int,
    reason: str,
) -> None:
    result = run(outputs(ONE_BROKEN), "--pet2rep-expectations=report", "--pet2rep-floors=none",
                 *options)  # fmt: skip
    assert result.ret == code
    assert reason in result.outlines[-1]


@pytest.mark.parametrize(("policy", "code"), [("fail", 1), ("warn", 0), ("pass", 0)])
def test_the_policy_for_undecided_gates_is_the_users(
    two_cases: Path, run: Run, outputs: Callable[..., str], policy: str, code: int
) -> None:
    gate = "--pet2rep-gate=ce_f1 >= 0.5"
    result = run(outputs(PERFECT), gate, f"--pet2rep-undecided={policy}", "--pet2rep-floors=none")
    assert result.ret == code
    assert "1 undecided" in result.outlines[-1]
    result.stdout.re_match_lines([r".*\? undecided +ce_f1 >= 0\.5 .*"])


def test_gates_stand_in_the_project_file_and_change_the_default_mode(
    pytester: pytest.Pytester, two_cases: Path, run: Run, outputs: Callable[..., str]
) -> None:
    pytester.makefile(
        ".toml",
        pyproject=(
            "[tool.pytest.ini_options]\npet2rep_gate = ['refusal_rate <= 0']\n"
            "[tool.pet2rep.gates.items]\nmust_pass = [['PET-2', 'liver']]\n"
        ),
    )
    model = outputs(MISSED)
    result = run(model, "--pet2rep-floors=none", "--pet2rep-json=out.json")
    assert result.ret == 0
    assert result.parseoutcomes()["missed"] == 1
    summary = read_json(pytester.path / "out.json")
    assert [gate["name"] for gate in summary["gates"]] == ["items", "refusal_rate <= 0"]
    assert {gate["verdict"] for gate in summary["gates"]} == {"pass"}
    assert summary["verdict"] == "pass"
    assert run(model, "--pet2rep-gates=none", "-o", "pet2rep_gate=").ret == 1


def test_a_shard_leaves_its_gates_to_the_merge(
    two_cases: Path, run: Run, outputs: Callable[..., str]
) -> None:
    result = run(outputs(MISSED), *GOOD, "--pet2rep-shard=1/2", "--pet2rep-floors=none")
    assert result.ret == 0
    assert result.outlines[-1] == "pet2rep: exit 0 (deferred): gates deferred to merge"


def test_a_cohort_file_is_a_whole_cohort_for_a_gate(
    pytester: pytest.Pytester, two_cases: Path, run: Run, outputs: Callable[..., str]
) -> None:
    text = 'name = "smoke"\nroot = "cohort"\ncases = ["PET-1"]\n'
    (pytester.path / "smoke.toml").write_text(text, encoding="utf-8")
    result = run(outputs(PERFECT), *GOOD, "--pet2rep-floors=none", cases="smoke.toml")
    assert result.ret == 0


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["serial", "n2"])
def test_a_run_that_lost_a_tenth_of_its_records_is_never_green(
    two_cases: Path, run: Run, outputs: Callable[..., str], workers: tuple[str, ...]
) -> None:
    result = run(
        outputs(PERFECT), "--pet2rep-floors=none", "--pet2rep-undecided=pass", *GOOD,
        "-p", "losing", *workers,
    )  # fmt: skip
    assert result.ret == 20
    assert "6 of 62 planned items have no result" in result.outlines[-1]


def test_a_resumed_run_that_lost_records_is_not_green_either(
    two_cases: Path, run: Run, outputs: Callable[..., str]
) -> None:
    model = outputs(PERFECT)
    for more in ((), ("--pet2rep-resume",)):
        assert run(model, "--pet2rep-floors=none", *GOOD, "-p", "losing", *more).ret == 20
    assert run(model, "--pet2rep-floors=none", *GOOD, "--pet2rep-resume").ret == 0


def test_a_gate_on_a_baseline_counts_from_the_second_run_on(
    pytester: pytest.Pytester, two_cases: Path, run: Run, outputs: Callable[..., str]
) -> None:
    options = (
        "--pet2rep-baseline=main", "--pet2rep-baseline-missing=save", "--pet2rep-floors=none",
        "--pet2rep-gate=coverage >= baseline - 0.05",
    )  # fmt: skip
    first = run(outputs(PERFECT), *options)
    assert first.outlines[-1] == "pet2rep: exit 0 (pass): 1 gate: 1 deferred"
    assert run(outputs(PERFECT), *options).outlines[-1].endswith("1 gate: 1 passed")
    silent = REFERENCE.replace("两肺纹理清晰，FDG摄取未见异常。", "")
    worse = run(outputs(PERFECT | {"PET-2": silent}), *options)
    assert worse.ret == 1
    worse.stdout.fnmatch_lines(
        [
            "x fail *91.7 against 100.0 (main)*",
            "x coverage >= baseline - 0.05: the observed difference decides",
        ]
    )
    other = run(outputs(PERFECT), *options, "--pet2rep-section=impression")
    assert other.ret == 4
    other.stderr.fnmatch_lines(["*the runs cannot be compared, they differ in *section*"])


def test_a_gate_without_a_model_is_a_usage_error_and_not_a_green_run(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_own="def test_own():\n    pass\n")
    none = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider")
    result = pytester.runpytest_subprocess(*none, "--pet2rep-gate=ce_f1 >= 0.9")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pet2rep-gate=ce_f1 >= 0.9 would be judged on nothing: *"])
    pytester.makeini("[pytest]\naddopts = --pet2rep-gate=ce_f1>=0.9\n")
    assert pytester.runpytest_subprocess(*none).ret == 0


def test_a_run_that_fails_its_gates_does_not_replace_the_baseline_it_was_held_against(
    pytester: pytest.Pytester,
    cohort: Path,
    run: Callable[..., pytest.RunResult],
    outputs: Callable[[Mapping[str, str | None]], str],
) -> None:
    whole = {"PET-3": REFERENCE}
    more = ("--pet2rep-floors=none", "--pet2rep-save=shipped")
    assert run(outputs(PERFECT | whole), *more, "--pet2rep-expectations=report").ret == 0
    kept = (pytester.path / "pet2rep_baselines" / "shipped.json").read_bytes()
    failing = ("--pet2rep-baseline=shipped", "--pet2rep-gate=must_pass = [PET-1, liver]")
    result = run(outputs(MISSED | whole), *more, *failing)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*baseline shipped is not replaced by a run of exit 1*"])
    assert (pytester.path / "pet2rep_baselines" / "shipped.json").read_bytes() == kept

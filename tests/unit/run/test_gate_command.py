"""``pet2rep gate RUN``: the exit codes of a run, from its files alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_pet2rep.cli import main
from pytest_pet2rep.run.shards import parse_shard
from tests.unit.run.stored_runs import ZH, store_run

PERFECT = {f"PET-{n}": ZH for n in (1, 2, 3, 5, 6)} | {"PET-4": None}
GOOD = ["--gate", "refusal_rate[language=zh] <= 0", "--gate", "must_pass = [PET-1, liver]"]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole run: PET-4 has no report, PET-5 none that is usable."""
    monkeypatch.chdir(tmp_path)
    store_run(tmp_path, tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize(
    ("options", "code", "reason"),
    [
        (["--gate", "must_pass = [PET-1, liver]"], 0, "1 gate: 1 passed"),
        (["--gate", "must_pass = [PET-2, liver]"], 1, "1 gate: 1 failed"),
        (["--gate", "refusal_rate[language=zh] <= 0.2"], 0, "1 gate: 1 passed"),
        (["--gate", "refusal_rate[language=zh] <= 0.1"], 1, "1 gate: 1 failed"),
        (["--gate", "ce_f1[language=zh] >= 0.1"], 1, "1 gate: 1 undecided"),
        (["--gate", "ce_f1[language=zh] >= 0.1", "--undecided", "warn"], 0, "1 undecided"),
        (["--gate", "lift(coverage[language=zh], template) >= -0.25"], 0, "1 gate: 1 passed"),
    ],
    ids=str,
)
def test_a_stored_run_is_judged_without_its_model(
    stored: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    reason: str,
) -> None:
    assert main(["gate", str(stored), *options]) == code
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"pet2rep: exit {code} ")
    assert reason in last


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "there is no gate to judge"),
        (["--gate", "ce_recal >= 0.5"], "column 1: unknown metric 'ce_recal'"),
        (["--gate", "ce_f1 >= 0.5"], "write ce_f1[language=en]"),
        (["--gate", "error_rate[scored_only] <= 0"], "error_rate has no slice by scored_only"),
        (["--gate", "ce_f1[language=zh] >= baseline"], "name one with --baseline RUN"),
        (["--gate", "error_rate <= 1", "--baseline", "v1"], "there is no baseline 'v1'"),
        (["--gate", "cider[language=zh] >= 0.5"], "run `pet2rep score` with it first"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_and_exit_code_4(
    stored: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert main(["gate", str(stored), *options]) == 4
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_json_has_gates_verdict_and_exit(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", str(stored), "--gate", "must_pass = [PET-1, liver]", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["verdict"]) == ("pet2rep/gates/1", "pass")
    assert found["exit"] == {"code": 0, "reason": "1 gate: 1 passed"}
    (gate,) = found["gates"]
    assert (gate["expression"], gate["verdict"]) == ("must_pass = [PET-1, liver]", "pass")


@pytest.mark.parametrize("policy", ["fail", "warn", "pass"])
def test_a_run_that_lost_a_tenth_of_its_records_is_never_green(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], policy: str
) -> None:
    store_run(tmp_path, tmp_path / "run", texts=PERFECT, lost=range(0, 186, 10))
    code = main(["gate", str(tmp_path / "run"), *GOOD, "--undecided", policy])
    last = capsys.readouterr().out.splitlines()[-1]
    assert code == 20
    assert "19 of 186 planned items have no result" in last


def test_a_run_whose_file_lost_a_tenth_of_its_lines_is_never_green(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_run(tmp_path, tmp_path / "run", texts=PERFECT)
    cases = tmp_path / "run" / "cases.jsonl"
    lines = cases.read_text(encoding="utf-8").splitlines(keepends=True)
    cases.write_text("".join(lines[:-1]), encoding="utf-8")
    assert main(["gate", str(tmp_path / "run"), *GOOD]) == 20
    assert "31 of 186 planned items have no result" in capsys.readouterr().out


def test_a_merged_run_with_lost_records_is_never_green_and_a_whole_one_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards = [tmp_path / f"shard-{n}" for n in (1, 2)]
    for lost, code, reason in (((), 0, "2 passed"), ((3, 4), 20, "2 of 186 planned items")):
        for number, folder in enumerate(shards, start=1):
            store_run(
                tmp_path,
                folder,
                texts=PERFECT,
                shard=parse_shard(f"{number}/2"),
                lost=lost if number == 2 else (),
            )
        assert main(["gate", str(shards[0]), *GOOD]) == 20
        assert "of 2 shards these are missing: 2" in capsys.readouterr().out
        whole = tmp_path / f"whole-{code}"
        assert main(["merge", *map(str, shards), "-o", str(whole)]) in (0, 1)
        capsys.readouterr()
        assert main(["gate", str(whole), *GOOD, "--fail-on-error", "none"]) == code
        assert reason in capsys.readouterr().out


def test_a_limited_run_is_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_run(tmp_path, tmp_path / "run", texts=PERFECT, limit=3)
    assert main(["gate", str(tmp_path / "run"), *GOOD]) == 20
    assert "part of its cohort" in capsys.readouterr().out


def test_a_run_is_held_against_a_baseline_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_run(tmp_path, tmp_path / "old", texts=PERFECT, run_id="b" * 32)
    store_run(tmp_path, tmp_path / "new", name="new")
    gate = ["--gate", "coverage[language=zh] >= baseline - 0.05"]
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    assert main(["gate", old, *gate, "--baseline", old, "--fail-on-error", "none"]) == 0
    assert main(["gate", new, *gate, "--baseline", old]) == 1
    assert "against 100.0" in capsys.readouterr().out
    store_run(tmp_path, tmp_path / "other", name="other", section="impression")
    assert main(["gate", str(tmp_path / "other"), *gate, "--baseline", old]) == 4
    assert "cannot be compared, they differ in" in capsys.readouterr().err


@pytest.mark.parametrize("lost", [(), (3,)], ids=["limited", "with-a-hole"])
def test_a_part_of_a_run_is_no_baseline_of_a_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lost: tuple[int, ...]
) -> None:
    store_run(tmp_path, tmp_path / "new", texts=PERFECT, run_id="b" * 32)
    limit = None if lost else 3
    store_run(tmp_path, tmp_path / "old", texts=PERFECT, lost=lost, limit=limit)
    compared = ["gate", str(tmp_path / "new"), "--baseline", str(tmp_path / "old"),
                "--allow-difference", "cohort", "--fail-on-error", "none"]  # fmt: skip
    assert main([*compared, "--gate", "coverage[language=zh] >= baseline - 0.05"]) == 4
    assert "is partial or has holes" in capsys.readouterr().err
    assert main([*compared, "--gate", "coverage[language=zh] >= 0.5"]) == 0


def test_a_baseline_without_the_metric_of_a_gate_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_run(tmp_path, tmp_path / "new", texts=PERFECT, run_id="b" * 32)
    store_run(tmp_path, tmp_path / "old", texts=PERFECT, metrics=("rouge_l",))
    gate = ["--gate", "bleu4[language=zh] >= baseline - 0.5", "--baseline", str(tmp_path / "old")]
    assert main(["gate", str(tmp_path / "new"), *gate]) == 4
    assert "unknown metric 'bleu4'" in capsys.readouterr().err


def test_a_threshold_with_many_digits_is_not_rounded_in_its_expression(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["gate", str(stored), "--gate", "coverage[language=zh] >= 0.79999994", "--json"])
    (gate,) = json.loads(capsys.readouterr().out)["gates"]
    assert gate["expression"] == "coverage[language=zh] >= 0.79999994"


def test_gates_of_the_project_file_count_and_can_be_chosen(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pet2rep.gates.liver]\nmust_pass = [["PET-1", "liver"]]\n'
        '[tool.pet2rep.gates.other]\nmust_pass = [["PET-2", "liver"]]\n',
        encoding="utf-8",
    )
    assert main(["gate", str(stored)]) == 1
    assert main(["gate", str(stored), "--gates", "liver"]) == 0
    assert main(["gate", str(stored), "--gates", "livr"]) == 4


def test_risk_is_shown_as_the_weight_that_it_is(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    risk = json.loads((stored / "run.json").read_text(encoding="utf-8"))["summary"]["scores"]["zh"]
    observed = f"{risk['metrics']['risk_per_case']['value']:.2f}"
    main(["gate", str(stored), "--gate", "risk_per_case[language=zh] <= 30"])
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "<= 30.00" in line)
    assert observed in row.split()

"""Run files, baselines and shards as a user meets them: pytest in a process, commands after it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.run.runfiles import load_run
from pytest_pet2rep.run.shards import ShardSet
from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE, read_json

Run = Callable[..., pytest.RunResult]
REPORT = "--pet2rep-expectations=report"
TEXTS = {"PET-1": REFERENCE, "PET-2": MISSING_THE_LIVER, "PET-3": REFERENCE}


def content(folder: Path) -> tuple[dict[str, Any], str]:
    """What a run folder holds, without what may differ between equal runs."""
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    del run["timing"]
    cases = (folder / "cases.jsonl").read_text(encoding="utf-8")
    return run, re.sub(r'"timing":\{[^}]*\}', "", cases)


def command(*arguments: str) -> int:
    """Run ``pet2rep`` in a process of its own and return its exit code."""
    return subprocess.run([sys.executable, "-m", "pytest_pet2rep.cli", *arguments]).returncode


def drop_a_tenth(folder: Path) -> None:
    path = folder / "cases.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        del line["records"][::10]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def test_serial_and_xdist_runs_write_the_same_files_with_their_texts(
    pytester: pytest.Pytester, cohort: Path, run: Run, counted: Path
) -> None:
    for name, more in (("serial", ()), ("two", ("-n2",))):
        result = run("py/counted:Model", f"--pet2rep-run-dir={name}", *more)
        assert result.ret == 0
        result.stdout.fnmatch_lines([f"run stored in *{name}"])
    serial, two = content(pytester.path / "serial"), content(pytester.path / "two")
    assert serial == two
    stored = load_run(pytester.path / "two")
    assert {text.generated for text in stored.texts.values()} == {REFERENCE}
    assert stored.complete
    for name in ("serial", "two"):
        drop_a_tenth(pytester.path / name)
        assert not load_run(pytester.path / name).complete
        assert command("score", str(pytester.path / name)) == 1
        assert command("gate", str(pytester.path / name), "--gate", "error_rate <= 1") == 20


def test_a_run_has_a_folder_of_its_own_in_the_cache_unless_one_is_named(
    pytester: pytest.Pytester,
    cohort: Path,
    run: Run,
    outputs: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PET2REP_CACHE", str(pytester.path / "cache"))
    run(outputs(TEXTS), REPORT)
    (folder,) = (pytester.path / "cache" / "runs").iterdir()
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{8}", folder.name)
    assert load_run(folder).run_id.startswith(folder.name[-8:])


def test_a_process_that_dies_leaves_its_plan_and_a_resumed_run_is_held_to_it(
    pytester: pytest.Pytester,
    cohort: Path,
    run: Run,
    counted: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIE_IN", "PET-2")
    run("py/counted:Model", "--pet2rep-run-dir=dead")
    assert [path.name for path in (pytester.path / "dead").glob("*.json*")] == ["planned.json"]
    monkeypatch.delenv("DIE_IN")
    run("py/counted:Model", "--pet2rep-run-dir=dead", "--pet2rep-resume")
    assert load_run(pytester.path / "dead").complete
    drop_a_tenth(pytester.path / "dead")
    assert not load_run(pytester.path / "dead").complete
    assert command("gate", str(pytester.path / "dead"), "--gate", "error_rate <= 1") == 20


def test_other_files_are_never_written_over(
    pytester: pytest.Pytester, cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    (pytester.path / "mine").mkdir()
    (pytester.path / "mine" / "notes.txt").write_text("mine")
    result = run(outputs(TEXTS), "--pet2rep-run-dir=mine")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*holds other files (notes.txt ...)*"])


def test_a_baseline_is_kept_and_later_runs_are_compared_with_it(
    pytester: pytest.Pytester, cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    pytester.makeini("[pytest]")
    kept = run(outputs(TEXTS), REPORT, "--pet2rep-save=release-1")
    kept.stdout.fnmatch_lines(["*kept as baseline release-1 in pet2rep_baselines?release-1.json"])
    worse = {**TEXTS, "PET-1": MISSING_THE_LIVER}
    result = run(outputs(worse), REPORT, "--pet2rep-baseline=release-1", "--pet2rep-run-dir=later")
    result.stdout.fnmatch_lines(["*pet2rep comparison*", "*3 cases in both*", "*PET-1*liver*worse"])
    plain = json.loads((pytester.path / "later" / "comparison.json").read_text(encoding="utf-8"))
    assert (plain["worse"], plain["better"]) == (1, 0)
    assert plain["flips"][0]["organ"] == "liver"


@pytest.mark.parametrize(
    ("policy", "code", "said"),
    [
        ("error", 4, "*there is no baseline 'first'*make one with --pet2rep-save=first*"),
        ("warn", 0, "*there is no baseline first: nothing to compare with*"),
        ("save", 0, "*kept as baseline first*"),
    ],
)
def test_a_missing_baseline_is_an_error_a_note_or_the_first_one(
    pytester: pytest.Pytester,
    cohort: Path,
    run: Run,
    outputs: Callable[..., str],
    policy: str,
    code: int,
    said: str,
) -> None:
    pytester.makeini("[pytest]")
    result = run(
        outputs(TEXTS),
        REPORT,
        "--pet2rep-baseline=first",
        f"--pet2rep-baseline-missing={policy}",
    )
    assert result.ret == code
    (result.stderr if code else result.stdout).fnmatch_lines([said])
    made = (pytester.path / "pet2rep_baselines" / "first.json").exists()
    assert made is (policy == "save")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--pet2rep-save=x --pet2rep-limit=1", "*keeps a whole run*"),
        ("--pet2rep-save=../x", "*a name has letters*"),
        ("--pet2rep-shard=4/3", "*INDEX/COUNT*"),
        ("--pet2rep-allow-difference=cohrt", "*did you mean 'cohort'*"),
    ],
)
def test_mistakes_are_said_before_the_first_report(
    cohort: Path, run: Run, counted: Path, option: str, said: str
) -> None:
    result = run("py/counted:Model", *option.split())
    assert result.ret == 4
    result.stderr.fnmatch_lines([said])
    assert not counted.exists()


def test_a_run_under_other_conditions_is_not_compared_and_exits_with_4(
    pytester: pytest.Pytester, cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    pytester.makeini("[pytest]")
    model = outputs(TEXTS)
    run(model, REPORT, "--pet2rep-save=release-1")
    other = (REPORT, "--pet2rep-baseline=release-1", "--pet2rep-section=impression")
    result = run(model, *other)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--pet2rep-allow-difference=section*"])
    allowed = ("--pet2rep-allow-difference=section", "--pet2rep-allow-difference=metrics")
    assert run(model, *other, *allowed).ret == 0


def test_shards_merge_into_what_the_run_in_one_piece_writes(
    pytester: pytest.Pytester, cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    model = outputs(TEXTS)
    run(model, REPORT, "--pet2rep-run-dir=whole", "--pet2rep-json=whole.json")
    for index in (1, 2):
        arguments = (f"--pet2rep-shard={index}/2", f"--pet2rep-run-dir=shard-{index}")
        assert run(model, REPORT, *arguments).ret == 0
    folders = [str(pytester.path / f"shard-{index}") for index in (2, 1)]
    merged = pytester.path / "merged"
    assert command("merge", *folders, "-o", str(merged)) == 0
    assert content(merged) == content(pytester.path / "whole")
    whole = read_json(pytester.path / "whole.json")
    assert load_run(merged).summary["scores"] == whole["scores"]
    shutil.rmtree(folders[0])
    partial = pytester.path / "partial"
    assert command("merge", folders[1], "-o", str(partial)) == 1
    assert {hole.item.case for hole in load_run(partial).holes} == {"PET-2"}
    drop_a_tenth(pytester.path / "shard-1")
    assert command("merge", folders[1], "-o", str(pytester.path / "less")) == 1


@pytest.mark.parametrize("more", [(), ("-n2",)], ids=["alone", "n2"])
def test_a_shard_beyond_the_last_case_is_done_at_once_and_says_so(
    pytester: pytest.Pytester, cohort: Path, run: Run, more: tuple[str, ...]
) -> None:
    asked = ("--pet2rep-shard=4/5", "--pet2rep-gate=error_rate <= 0.5", "--pet2rep-run-dir=fourth")
    result = run("baseline/reference", *asked, "--pet2rep-html=page.html", *more)
    assert result.ret == 0
    done = "pet2rep: exit 0 (deferred): gates deferred to merge"
    result.stdout.fnmatch_lines(["*3 cases; shard 4/5: 0 of these", done])
    stored = load_run(pytester.path / "fourth")
    assert (stored.planned, stored.shards) == ((), ShardSet(count=5, present=(4,)))


def test_a_shard_in_which_nothing_was_chosen_is_not_done(cohort: Path, run: Run) -> None:
    assert run("baseline/reference", "--pet2rep-shard=1/3", "-k", "no-such-item").ret == 5


def test_only_its_owner_may_read_the_summary_of_a_run(
    pytester: pytest.Pytester, cohort: Path, run: Run
) -> None:
    found = pytester.path / "found.json"
    found.touch(0o644)
    run("baseline/reference", "--pet2rep-json=found.json")
    assert read_json(found)["by_case"][0]["case"] == "PET-1"
    assert found.stat().st_mode & 0o777 == 0o600


def test_cases_of_a_baseline_that_broke_are_said_when_it_is_kept_and_compared_with(
    pytester: pytest.Pytester, cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    pytester.makeini("[pytest]")
    broke = "*1 of 3 cases ended in an error or a timeout and count as misses*"
    lacking = outputs({name: TEXTS[name] for name in ("PET-1", "PET-2")})
    kept = run(lacking, REPORT, "--pet2rep-save=release-1")
    kept.stdout.fnmatch_lines([f"pet2rep: baseline release-1: {broke[1:]}"])
    compared = run(outputs(TEXTS), REPORT, "--pet2rep-baseline=release-1")
    compared.stdout.fnmatch_lines([f"the baseline: {broke[1:]}"])

"""The recipes of examples/ci run as they stand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_pet2rep.run.runfiles import load_run
from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE

CI = Path(__file__).parents[2] / "examples" / "ci"
TEXTS = {"PET-1": REFERENCE, "PET-2": MISSING_THE_LIVER, "PET-3": REFERENCE}


@pytest.fixture
def shell(
    pytester: pytest.Pytester, cohort: Path, outputs: Callable[..., str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script under bash on three cases, as a CI would: from a project, with our commands."""
    pytester.makeini("[pytest]\naddopts = -p no:hypothesispytest")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PET2REP_MODEL": outputs(TEXTS),
        "PET2REP_CASES": "cohort",
        "PET2REP_CACHE": "cache",
    }

    def run(
        *command: str, text: str | None = None, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", *command],
            input=text,
            env={**environment, **more},
            cwd=pytester.path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


def test_the_shell_script_runs_and_passes_its_gates(
    pytester: pytest.Pytester, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = shell(str(CI / "run.sh"))
    assert done.returncode == 0, done.stdout + done.stderr
    run = load_run(pytester.path / "pet2rep-run")
    assert run.verdict == "pass"
    assert [gate["metric"] for gate in run.gates] == ["error_rate", "refusal_rate", "coverage"]
    assert json.loads((pytester.path / "pet2rep-run" / "summary.json").read_text())["exit"]


def test_the_shell_script_hands_on_the_exit_code(
    shell: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert shell(str(CI / "run.sh"), "--pet2rep-limit=2").returncode == 20
    assert shell(str(CI / "run.sh"), "--pet2rep-gate=bleu4 >= 2").returncode in (1, 4)


def test_the_slurm_array_and_its_merge_give_the_verdict_of_the_run_in_one_piece(
    pytester: pytest.Pytester, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    for task in ("1", "2"):
        done = shell(
            str(CI / "slurm" / "array.sh"), SLURM_ARRAY_TASK_ID=task, SLURM_ARRAY_TASK_COUNT="2"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "deferred to merge" in done.stdout
    done = shell(str(CI / "slurm" / "merge.sh"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert load_run(pytester.path / "pet2rep-run" / "whole").complete
    (pytester.path / "pet2rep-run" / "shard-2" / "run.json").unlink()
    done = shell(str(CI / "slurm" / "merge.sh"))
    assert done.returncode == 20, done.stdout + done.stderr
    assert "shard 2/2 is missing" in done.stderr


def test_the_submit_script_makes_the_merge_wait_for_the_array(
    pytester: pytest.Pytester, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    told = pytester.path / "told"
    fake = pytester.path / "bin" / "sbatch"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" >> {told}\necho 4711\n')
    fake.chmod(0o755)
    path = f"{fake.parent}{os.pathsep}{os.environ['PATH']}"
    assert shell(str(CI / "slurm" / "submit.sh"), "--array=1-8", PATH=path).returncode == 0
    first, second = told.read_text().splitlines()
    assert first.startswith("--parsable --array=1-8")
    assert first.endswith("array.sh")
    assert second.startswith("--dependency=afterany:4711")
    assert second.endswith("merge.sh")


def load(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text(encoding="utf-8"))


def test_the_github_workflow_is_well_formed_and_its_steps_run(
    pytester: pytest.Pytester, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    workflow = load("github-actions.yml")
    # YAML 1.1 reads the key ``on`` as true.
    assert set(workflow[True]) == {"pull_request", "workflow_dispatch"}
    assert workflow["defaults"]["run"]["shell"] == "bash"
    job = workflow["jobs"]["reports"]
    steps = [step["run"] for step in job["steps"] if "run" in step]
    assert steps.pop(0).startswith("python -m pip install")
    summary = pytester.path / "summary.md"
    for step in steps:
        done = run_step(shell, step, GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 0, done.stdout + done.stderr
    shown = summary.read_text(encoding="utf-8")
    assert shown.count("## pet2rep") == 1
    assert "exit 0" in shown
    assert kept_without_texts(pytester.path / "pet2rep-run")
    uploaded = next(s["with"]["path"] for s in job["steps"] if "upload" in s.get("uses", ""))
    assert (pytester.path / uploaded / "junit.xml").exists()
    assert (pytester.path / uploaded / "gates.xml").exists()
    for step in job["steps"]:
        assert "run" in step or "@v" in step["uses"]


def test_a_failed_gate_fails_the_github_step(
    shell: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    steps = load("github-actions.yml")["jobs"]["reports"]["steps"]
    score = next(step["run"] for step in steps if step.get("name") == "Score")
    done = run_step(shell, score.replace("coverage >= 0.9", "must_pass = [PET-2, liver]"))
    assert done.returncode == 1, done.stdout + done.stderr


def test_the_gitlab_job_is_well_formed_and_its_script_runs(
    pytester: pytest.Pytester, shell: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    job = load("gitlab-ci.yml")["pet2rep"]
    assert job["before_script"] == ["python -m pip install pytest-pet2rep"]
    for line in job["script"]:
        done = run_step(shell, line)
        assert done.returncode == 0, done.stdout + done.stderr
    for name in job["artifacts"]["reports"]["junit"]:
        assert "<testcase" in (pytester.path / name).read_text(encoding="utf-8")
    assert kept_without_texts(pytester.path / "pet2rep-run")


def run_step(
    shell: Callable[..., subprocess.CompletedProcess[str]], step: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub and GitLab do: bash that stops at the first failure, also in a pipe."""
    return shell("--noprofile", "--norc", "-eo", "pipefail", "-s", text=step, **more)


def kept_without_texts(folder: Path) -> bool:
    run = load_run(folder)
    texts: Mapping[Any, Any] = run.texts
    return all(text.reference is None and text.generated is None for text in texts.values()) and (
        "摄取" not in (folder / "cases.jsonl").read_text(encoding="utf-8")
    )

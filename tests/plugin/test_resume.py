"""A run that was killed goes on where it was: equal results, and no report generated twice."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.killable import CASES, Ground, in_a_small_file_system, once_each

RESUME = ("--pet2rep-resume", "--pet2rep-json=resumed.json")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ground = Ground(root=tmp_path_factory.mktemp("cohort"))
    ground.write()
    return ground.root


@pytest.fixture(scope="module")
def undisturbed(written: Path) -> dict[str, Any]:
    """The summary of a run that nothing happened to."""
    ground = Ground(root=written, seconds=0)
    code, output = ground.run("--pet2rep-json=undisturbed.json")
    assert code == 1, output
    assert ground.times_done() == once_each()
    shutil.rmtree(ground.store)
    ground.log.unlink()
    return ground.summary("undisturbed.json")


@pytest.fixture
def ground(written: Path, tmp_path: Path) -> Ground:
    root = tmp_path / "run"
    shutil.copytree(written, root)
    return Ground(root=root)


def test_a_killed_run_goes_on_with_other_workers(
    ground: Ground, undisturbed: dict[str, Any]
) -> None:
    process = ground.start("-n2")
    ground.kill_when(8, lambda: process.pid)
    process.communicate(timeout=60)
    assert 8 <= len(ground.noted("done")) < CASES
    code, output = ground.run("-v", "-v", *RESUME)
    assert code == 1, output
    assert "is taken up again" in output
    assert ground.summary("resumed.json") == undisturbed
    assert ground.times_done() == once_each()


def test_a_run_whose_worker_was_killed_lacks_items_and_its_resume_none(
    ground: Ground, undisturbed: dict[str, Any]
) -> None:
    process = ground.start("-n2", "--pet2rep-json=killed.json")
    ground.kill_when(8, ground.generating)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1, output
    assert ground.summary("killed.json")["holes"]
    code, output = ground.run("-n2", *RESUME)
    assert code == 1, output
    assert ground.summary("resumed.json") == undisturbed
    assert ground.times_done() == once_each()
    assert len(ground.noted("begun")) == CASES + 1


def _can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _can_mount(), reason="no file system may be mounted here")
@pytest.mark.parametrize(
    "workers", [(), pytest.param(("-n2",), marks=pytest.mark.slow)], ids=["serial", "n2"]
)
def test_a_full_disk_ends_the_run_with_one_sentence_and_its_resume_loses_nothing(
    ground: Ground, undisturbed: dict[str, Any], workers: tuple[str, ...]
) -> None:
    ground.seconds = 0.01
    both = [ground.command(*workers, "--pet2rep-json=full.json"), ground.command(*RESUME)]
    done = subprocess.run(
        in_a_small_file_system(both, ground.store, "160k"),
        cwd=ground.root,
        env=ground.environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    output = done.stdout
    first, _, _ = output.partition("first exit 1\n")
    assert "No space left on device" in first, output
    assert "free space there" in first
    failed = [line for line in first.splitlines() if line.startswith("FAILED") and "space" in line]
    assert 1 <= len(failed) <= max(1, len(workers) * 2)
    full = ground.summary("full.json")
    assert full["exit"]["code"] == 1
    assert 0 < full["recorded"] < full["planned"]
    assert done.returncode == 1, output
    assert ground.summary("resumed.json") == undisturbed
    assert ground.times_done() == once_each()


def test_what_is_finished_is_not_taken_up_and_the_user_is_told(ground: Ground) -> None:
    ground.seconds = 0
    for _ in range(2):
        code, output = ground.run("-v", "-v", "--pet2rep-limit=2", "--pet2rep-resume")
        assert code == 1, output
        assert "there is no unfinished run with these settings" in output
    assert ground.times_done() == {"PET-01": 2, "PET-02": 2}


def test_errors_and_timeouts_are_tried_again_only_when_asked_for(ground: Ground) -> None:
    ground.seconds = 0
    four = "--pet2rep-limit=4"  # the third report is a timeout, the fourth is empty
    ground.run(four, "-x")
    assert ground.times_done() == {"PET-01": 1, "PET-02": 1}
    ground.run(four, "--pet2rep-resume")
    assert ground.times_done() == {f"PET-0{number}": 1 for number in (1, 2, 3, 4)}
    code, output = ground.run("-v", "-v", four, "--pet2rep-retry-errors")
    assert code == 1
    assert "is taken up again" in output
    assert ground.times_done() == {"PET-01": 1, "PET-02": 1, "PET-03": 2, "PET-04": 1}


def test_files_are_private_whatever_the_umask(ground: Ground) -> None:
    ground.seconds = 0
    code, output = ground.run("-n2", "--pet2rep-limit=2", "--pet2rep-run-dir=run", umask=0)
    assert code == 1, output
    kept = [ground.store, *ground.store.rglob("*")]
    assert any(path.suffix == ".txt" for path in kept)
    assert [path for path in kept if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_damaged_lines_are_skipped_and_said(ground: Ground) -> None:
    ground.seconds = 0
    known = ("--pet2rep-limit=2", "--pet2rep-model-revision=7")
    ground.run(*known, "--pet2rep-json=whole.json")
    for part in ground.store.glob("journal/*.jsonl"):
        with part.open("ab") as out:
            out.write(b'{"key": "torn by a loss of power')
    code, output = ground.run(*known, "--pet2rep-json=damaged.json")
    assert code == 1, output
    assert "damaged places of the store were skipped" in output
    assert ground.times_done() == {"PET-01": 1, "PET-02": 1}
    assert ground.summary("damaged.json") == ground.summary("whole.json")


def _no_large_files() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of file sizes")
def test_nothing_is_generated_that_there_is_no_room_for(
    ground: Ground, undisturbed: dict[str, Any]
) -> None:
    ground.seconds = 0
    code, output = ground.run("--pet2rep-limit=2", preexec_fn=_no_large_files)
    assert code == 1, output
    assert "cannot write the store of generations" in output
    assert output.count("FAILED ") == 1
    assert ground.noted("begun") == []
    ground.run("--pet2rep-limit=2", "--pet2rep-resume")
    assert ground.times_done() == {"PET-01": 1, "PET-02": 1}

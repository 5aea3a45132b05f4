"""The run card says what was run, on what, from which checkout; hardware stands apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.cohorts.reports import digest_case
from pytest_pet2rep.run.card import run_card
from pytest_pet2rep.run.checkout import checkout_state
from pytest_pet2rep.run.hardware import hardware
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.shards import Shard
from tests.unit.run.stored_runs import records_of, settings_for


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


def test_the_card_names_commit_and_changed_files_of_the_checkout(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "model.py").write_text("a = 1\n")
    git(tmp_path, "add", "model.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert checkout_state(tmp_path) == {"commit": commit, "dirty": False}
    checkout_state.cache_clear()
    (tmp_path / "output.json").write_text("{}")
    assert checkout_state(tmp_path) == {"commit": commit, "dirty": False}
    checkout_state.cache_clear()
    (tmp_path / "model.py").write_text("a = 2\n")
    assert checkout_state(tmp_path) == {"commit": commit, "dirty": True}


def test_no_checkout_and_no_git_are_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checkout_state(tmp_path) == {}
    checkout_state.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout_state(tmp_path) == {}
    checkout_state.cache_clear()


def test_hardware_never_imports_torch() -> None:
    script = (
        "import sys; from pytest_pet2rep.run.hardware import hardware; found = hardware(); "
        "print('torch' in sys.modules, 'gpus' in found, found['cores'] > 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False", "True"]
    assert hardware()["memory_gib"] > 0


def test_the_card_lists_every_case_with_its_digest_and_every_signature(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    cohort = find_cohort(settings.cases)
    runtime = Runtime(settings, cohort, "a" * 32)
    card = run_card(runtime)
    assert card["cohort"]["case_list"] == {
        path.parent.name: digest_case(path)[:16] for path in cohort.case_files
    }
    assert set(card["metrics"]) == {"en", "zh"}
    assert {"bleu4", "ce", "rates", "risk", "lesions", "petrg"} <= set(card["metrics"]["zh"])
    assert "tok:jieba" in card["metrics"]["zh"]["bleu4"]
    assert "tok:13a" in card["metrics"]["en"]["bleu4"]
    assert card["decoding"]["seed"] == 0
    assert card["extractor_audit"]["status"] == "audited"


def test_the_card_is_that_of_the_whole_run_whatever_the_shard(tmp_path: Path) -> None:
    cards = []
    for shard in (None, Shard(index=1, count=3), Shard(index=3, count=3)):
        settings = settings_for(tmp_path, shard=shard)
        runtime = Runtime(settings, find_cohort(settings.cases), "a" * 32)
        files = runtime.case_files if shard is None else shard.of(runtime.case_files)
        records = records_of(runtime, files)
        cards.append(run_card(runtime, records, planned=len(records)))
    assert cards[0] == cards[1] == cards[2]
    assert cards[0]["cohort"]["complete"]


def test_a_limit_is_never_complete_and_a_selection_neither(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, limit=2)
    limited = Runtime(settings, find_cohort(settings.cases), "a" * 32)
    assert not run_card(limited, planned=2 * 31)["cohort"]["complete"]
    settings = settings_for(tmp_path)
    whole = Runtime(settings, find_cohort(settings.cases), "a" * 32)
    assert run_card(whole, planned=6 * 31)["cohort"]["complete"]
    assert not run_card(whole, planned=6 * 31 - 1)["cohort"]["complete"]

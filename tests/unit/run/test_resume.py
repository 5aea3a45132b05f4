"""Which run is taken up again, and which is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.run.resume import begin_run, deciding_settings, digest_of
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.store.runs import read_runs

MODEL = "class Model:\n    needs_images = False\n    def generate(self, request): return 'x'\n"
Make = Callable[..., Runtime]


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make the runtime of a run over two cases, with a store of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "resumed_model.py").write_text(MODEL)
    for name in ("PET-1", "PET-2"):
        folder = tmp_path / "cohort" / name
        folder.mkdir(parents=True)
        (folder / "report.zh.txt").write_text("肝脏FDG摄取增高。", encoding="utf-8")
        (folder / "case.toml").write_text(f'id = "{name}"\nprivate = false\n')
    settings = RunSettings(model="py/resumed_model:Model", store=tmp_path / "store")

    def make(**changes: Any) -> Runtime:
        cohort = find_cohort(tmp_path / "cohort")
        return Runtime(replace(settings, **changes), cohort, "not yet known")

    return make


def begun(runtime: Runtime, *, end: int | None = None) -> tuple[str, int, str]:
    """Begin a run and leave it: killed, or with an exit code."""
    hold = begin_run(runtime)
    assert hold is not None
    if end is not None:
        hold.finish(end)
    hold.let_go()
    return runtime.run_id, runtime.take, hold.told


def test_the_last_unfinished_run_is_taken_up_under_its_own_id(runtime: Make) -> None:
    begun(runtime())
    last = begun(runtime())
    assert last[1:] == (0, "")
    resumed = begun(runtime(resume=True))
    assert resumed[:2] == (last[0], 1)
    assert resumed[2].startswith(f"pet2rep: run {last[0][:8]} of 20")
    assert begun(runtime(resume=True))[:2] == (last[0], 2)


def test_a_finished_run_is_taken_up_only_to_retry_its_errors(runtime: Make) -> None:
    first = begun(runtime(), end=1)
    fresh = begun(runtime(resume=True), end=0)
    assert fresh[0] != first[0]
    assert "there is no unfinished run with these settings" in fresh[2]
    assert begun(runtime(retry_errors=True))[:2] == (fresh[0], 1)


def test_a_run_that_is_going_on_is_left_alone(runtime: Make) -> None:
    hold = begin_run(runtime())
    assert hold is not None
    other = begun(runtime(resume=True))
    assert other[0] != hold.entry.id
    assert "is still going on (pid " in other[2]
    hold.let_go()


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"limit": 1},
        {"decoding": "paper"},
        {"clean": False},
        {"model_args": {"a": "b"}},
        {"model_revision": "r"},
        {"max_new_tokens": 7},
    ],
)
def test_other_settings_that_decide_results_are_another_run(
    runtime: Make, changes: dict[str, Any]
) -> None:
    first = begun(runtime())
    other = begun(runtime(resume=True, **changes))
    assert other[0] != first[0]
    assert other[1] == 0


@pytest.mark.parametrize("changes", [{"redact": True}, {"offline": True}, {"concurrency": 3}])
def test_settings_that_decide_nothing_do_not_stand_in_the_way(
    runtime: Make, changes: dict[str, Any]
) -> None:
    assert begun(runtime())[0] == begun(runtime(resume=True, **changes))[0]


def test_another_reference_is_another_cohort(runtime: Make, tmp_path: Path) -> None:
    before = digest_of(deciding_settings(runtime()))
    report = tmp_path / "cohort" / "PET-1" / "report.zh.txt"
    report.write_text("肝脏FDG摄取减低。", encoding="utf-8")
    assert digest_of(deciding_settings(runtime())) != before


def test_the_port_of_a_served_model_does_not_matter(runtime: Make) -> None:
    digests = {
        digest_of(deciding_settings(runtime(serve="vllm serve", model_args={"base_url": url})))
        for url in ("http://127.0.0.1:8000/v1", "http://127.0.0.1:9000/v1")
    }
    assert len(digests) == 1


def test_a_run_at_another_server_is_another_one_however_the_server_is_named(
    runtime: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest(**model_args: str) -> str:
        return digest_of(deciding_settings(runtime(model="openai/m", model_args=model_args)))

    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    here = digest()
    assert digest(base_url="http://127.0.0.1:8000/v1") == here
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9000/v1")
    assert digest() != here


def test_a_run_that_stores_nothing_is_not_written_down(runtime: Make, tmp_path: Path) -> None:
    assert begin_run(runtime(model="baseline/template", resume=True)) is None
    assert not (tmp_path / "store").exists()


def test_a_store_that_cannot_be_written_is_said_before_anything_is_generated(
    runtime: Make, tmp_path: Path
) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreError, match="choose another folder with --pet2rep-store"):
        begin_run(runtime())


def test_what_is_written_down_is_private_and_survives_a_torn_file(
    runtime: Make, tmp_path: Path
) -> None:
    run, _, _ = begun(runtime())
    (tmp_path / "store" / "runs" / "torn.json").write_text("{")
    (entry,) = read_runs(tmp_path / "store")
    assert (entry.id, entry.finished) == (run, "")
    assert entry.settings["model"] == "py/resumed_model:Model"
    for path in (tmp_path / "store" / "runs").glob(f"{run}*"):
        assert path.stat().st_mode & 0o077 == 0

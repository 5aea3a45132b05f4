"""Two real architectures with random weights run on the shipped cases, images included."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import journal_of, read_json
from tests.tiny_vlm import build_tiny_vlm

Run = Callable[..., pytest.RunResult]
Checkpoint = Callable[[str], Path]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Build each checkpoint once; session scope, since pytester unloads what a test imports."""
    root = tmp_path_factory.mktemp("checkpoints")
    built = {kind: build_tiny_vlm(root / kind, kind) for kind in ("qwen2_5_vl", "llava")}
    return built.__getitem__


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "llava"])
def test_a_local_checkpoint_runs_on_the_shipped_cases_and_takes_in_every_image(
    checkpoint: Checkpoint, pytester: pytest.Pytester, run: Run, kind: str
) -> None:
    folder = checkpoint(kind)
    store = pytester.path / "store"
    result = run(
        f"hf/{folder}",
        "--pet2rep-limit=2",
        "--pet2rep-max-new-tokens=12",
        "--pet2rep-expectations=report",
        f"--pet2rep-store={store}",
        "--pet2rep-json=out.json",
        cases="",
    )
    assert result.ret == 0
    summary = read_json(pytester.path / "out.json")
    assert summary["planned"] == summary["recorded"] == 62
    assert summary["card"]["model"]["verified"]
    entries = journal_of(store)
    assert len(entries) == 2
    for entry in entries:
        assert entry["images_sent"] == entry["images_consumed"] == 3
        assert entry["usage"]["completion_tokens"] >= 1


@pytest.mark.slow
def test_separate_views_send_six_images(
    checkpoint: Checkpoint, pytester: pytest.Pytester, run: Run
) -> None:
    folder = checkpoint("llava")
    store = pytester.path / "store"
    run(
        f"hf/{folder}",
        "--pet2rep-limit=1",
        "--pet2rep-max-new-tokens=2",
        "--pet2rep-views=separate",
        f"--pet2rep-store={store}",
        cases="",
    )
    (entry,) = journal_of(store)
    assert entry["images_consumed"] == 6


def test_a_folder_that_is_no_model_is_one_line(pytester: pytest.Pytester, run: Run) -> None:
    (pytester.path / "empty").mkdir()
    result = run("hf/./empty", cases="")
    assert result.ret == 4
    assert len(result.stderr.lines) <= 2

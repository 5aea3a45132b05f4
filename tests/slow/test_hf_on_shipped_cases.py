"""The main job with true architectures: shipped cases, rendered images, stored generations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_vlm import build_tiny_vlm

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[2]


def run(model: Path, store: Path, *options: str) -> list[dict[str, Any]]:
    """Run two shipped cases; returns the stored generations."""
    shown = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            f"--pet2rep-model=hf/{model}", "--pet2rep-limit=2", "--pet2rep-max-new-tokens=8",
            "--pet2rep-expectations=report", f"--pet2rep-store={store}", *options,
        ],
        cwd=REPOSITORY, env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    # Random weights end by the limit of eight tokens: truncated, which is the model's fault.
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "truncated" in shown.stdout
    parts = sorted(store.glob("journal/*.jsonl"))
    kept = [json.loads(line) for part in parts for line in part.read_text().splitlines()]
    return [entry for entry in kept if "text" in entry]


@pytest.mark.parametrize("kind", ["qwen2_5_vl", "idefics3"])
@pytest.mark.parametrize(("views", "images"), [("fused", 3), ("separate", 6)])
def test_every_image_of_a_shipped_case_reaches_the_model(
    tmp_path: Path, kind: str, views: str, images: int
) -> None:
    model = build_tiny_vlm(tmp_path / "model", kind)
    generations = run(model, tmp_path / "store", f"--pet2rep-views={views}")
    assert len(generations) == 2
    for generation in generations:
        assert (generation["images_sent"], generation["images_consumed"]) == (images, images)
        assert generation["finish_reason"] == "length"
        assert generation["usage"]["completion_tokens"] == 8

"""The small model of the repository beside the floors, and its training from nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.types import FinishReason, Generation
from tests.model_inputs import a_request, some_images

pytest.importorskip("torch")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
EXAMPLE = Path(__file__).parents[2] / "examples" / "tiny-vlm"


def run(script: str, *words: object) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / script), *map(str, words)],
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def steps_of(checkpoint: Path) -> int:
    import torch

    return int(torch.load(checkpoint, weights_only=True)["step"])


def test_its_lead_over_every_floor_is_sure_and_gone_with_blank_images(tmp_path: Path) -> None:
    run("evaluate.py", "--json", tmp_path / "figures.json")  # its exit status is the goal
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert [figures[g]["patients"] for g in ("shipped cohort", "fresh phantoms")] == [80, 200]
    for found in figures.values():
        values = {name: value for name, (value, _, _) in found["ce_f1"].items()}
        best = max(values[name] for name in ("template", "all-normal", "majority", "shuffled"))
        assert all(low >= 0.10 for _, low, _ in found["lead"].values())
        assert values["blank"] <= best + 0.03
        assert values["swapped"] <= best + 0.03


def test_its_training_goes_on_from_a_checkpoint_and_ends_in_a_model_that_loads(
    tmp_path: Path,
) -> None:
    words = tmp_path, "--bodies", 2, "--seeing-minutes", 0.2, "--speaking-minutes", 0.2
    run("train.py", *words)
    steps = {name: steps_of(tmp_path / name) for name in ("seeing.pt", "speaking.pt")}
    assert min(steps.values()) > 0
    run("train.py", *words)  # all minutes are spent already
    assert {name: steps_of(tmp_path / name) for name in steps} == steps
    run("train.py", *words[:-1], 0.4)
    assert steps_of(tmp_path / "speaking.pt") > steps["speaking.pt"]
    (reply,) = load_provider(f"hf/{tmp_path / 'model'}").generate(
        [a_request(images=some_images(3, rows=210))]
    )
    assert isinstance(reply, Generation)
    assert reply.images_consumed == 3
    assert reply.finish_reason is FinishReason.LENGTH

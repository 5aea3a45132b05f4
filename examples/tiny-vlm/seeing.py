"""First stage of the training: the vision tower learns where which lesion can be seen.

    python seeing.py POOL CHECKPOINT --minutes 60

Every patch of every picture is told the states that change it visibly; whole patients are told
what can be seen in any of their pictures.  The checkpoint is written every few minutes and
continued when the command is given again.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from network import HIDDEN, patch_features, vision_tower
from numpy.typing import NDArray
from samples import Samples
from schedule import Optimiser, restore, store
from subjects import CLASSES
from torch import nn

HELD_BACK = 600
"""Subjects of the first file or files that are never learned from in this stage."""
CASES_A_STEP = 16
CLEARLY = 3
"""A patch shows a lesion from this many changed pixels; fewer are neither yes nor no."""


class Seer(nn.Module):  # type: ignore[misc]  # torch is not followed by the type checker
    """The tower and a linear reading of each patch: logits for every (organ, state)."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = vision_tower()
        self.norm = nn.LayerNorm(HIDDEN)
        self.read = nn.Linear(HIDDEN, len(CLASSES) + 1)
        nn.init.zeros_(self.read.weight)
        nn.init.constant_(self.read.bias, -5.0)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Patch logits (batch, patches, classes), patient logits (batch, classes), male (batch)."""
        logits = self.read(self.norm(patch_features(self.tower, pixels)))
        patches, male = logits[..., :-1], logits[..., -1].mean(dim=1) + 5.0
        return patches, torch.logsumexp(patches * 2, dim=1) / 2, male


def loss_of(seer: Seer, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Patches, patients and sex; each averaged over the patients of the batch."""
    patches, patients, male = seer(batch["pixels"])
    counts = batch["maps"].flatten(1, 3)
    clear = (counts == 0) | (counts >= CLEARLY)
    entropy = nn.functional.binary_cross_entropy_with_logits
    by_patch = entropy(patches, (counts >= CLEARLY).float(), reduction="none") * clear
    by_patient = entropy(patients, batch["seen"].float(), reduction="none")
    sex = entropy(male, batch["male"].float())
    return by_patch.sum() / len(male) / 12 + by_patient.sum() / len(male) / 2 + sex / 2


def examine(seer: Seer, samples: Samples, indices: NDArray[Any]) -> dict[str, Any]:
    """Precision, recall and F1 per class of the patient logits on held-back subjects."""
    seer.eval()
    said, seen, sexes = [], [], []
    for part in np.array_split(indices, max(1, len(indices) // 32)):
        batch = samples.batch(part)
        with torch.inference_mode():
            _, patients, male = seer(batch["pixels"])
        said.append(patients)
        seen.append(batch["seen"])
        sexes.append((male > 0) == batch["male"])
    seer.train()
    logits, truth = torch.cat(said), torch.cat(seen).bool()
    return {"f1": by_state(logits > 0, truth), "sex": float(torch.cat(sexes).float().mean())}


def by_state(said: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """F1 of each state and of each organ's state."""
    found = {}
    for state in ("increased", "decreased", "absent"):
        columns = [n for n, (_, s) in enumerate(CLASSES) if s == state]
        found[state] = f1(said[:, columns], truth[:, columns])
    found |= {f"{o}/{s[:3]}": f1(said[:, n], truth[:, n]) for n, (o, s) in enumerate(CLASSES)}
    return found


def f1(said: torch.Tensor, truth: torch.Tensor) -> float:
    """F1 of yes and no."""
    both = int((said & truth).sum())
    return round(2 * both / max(int(said.sum() + truth.sum()), 1), 3)


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("pool", type=Path)
    options.add_argument("checkpoint", type=Path)
    options.add_argument("--minutes", type=float, default=60.0, help="of the whole stage")
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(1)
    seer = Seer()
    train(seer, chosen.pool, chosen.checkpoint, chosen.minutes * 60)


def train(seer: Seer, pool: Path, checkpoint: Path, seconds: float) -> None:
    """Learn until ``seconds`` have been spent, those before an interruption included."""
    optimiser = Optimiser(seer)
    spent, step = restore(checkpoint, seer, optimiser)
    samples = Samples(pool)
    held = np.arange(min(HELD_BACK, len(samples) // 4))
    rng = np.random.default_rng([2, step])
    began, told = time.monotonic() - spent, time.monotonic()
    while (spent := time.monotonic() - began) < seconds:
        if step % 100 == 0:
            samples.look_for_more()
        batch = samples.batch(rng.integers(len(held), len(samples), CASES_A_STEP), rng)
        loss = loss_of(seer, batch)
        optimiser.step(loss, spent / seconds)
        step += 1
        if step % 20 == 0:
            print(f"{step} {spent:.0f} s loss {loss.item():.3f} of {len(samples)}", flush=True)
        if time.monotonic() - told > 240:
            told = time.monotonic()
            print(json.dumps(examine(seer, samples, held)), flush=True)
            store(checkpoint, seer, optimiser, spent, step)
    print(json.dumps(examine(seer, samples, held)), flush=True)
    store(checkpoint, seer, optimiser, spent, step)


if __name__ == "__main__":
    main()

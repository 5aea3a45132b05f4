"""Optimisers, the course of the learning rate, and checkpoints to go on from."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

MATRIX_RATE, OTHER_RATE = 0.02, 2e-3
WARM_UP = 0.02
"""Share of a stage in which the learning rate rises."""
LEAST = 0.02
"""Learning rate at the end, as a share of the highest."""


class Optimiser:
    """Muon for the matrices inside the layers, AdamW for everything else."""

    def __init__(self, model: nn.Module, scale: float = 1.0) -> None:
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        inside = [p for n, p in named if p.ndim == 2 and ".layers." in n]
        taken = {id(p) for p in inside}
        others = [p for _, p in named if id(p) not in taken]
        self._parameters = inside + others
        self._parts: list[tuple[Any, float]] = [
            (torch.optim.AdamW(others, weight_decay=0.01, betas=(0.9, 0.98)), OTHER_RATE * scale)
        ]
        if inside:
            muon = torch.optim.Muon(inside, weight_decay=0.01)
            self._parts.append((muon, MATRIX_RATE * scale))

    def step(self, loss: torch.Tensor, done: float) -> None:
        """One step down the gradient; ``done`` is the share of the stage that is behind."""
        for part, highest in self._parts:
            part.zero_grad(set_to_none=True)
            for group in part.param_groups:
                group["lr"] = highest * course(done)
        loss.backward()
        nn.utils.clip_grad_norm_(self._parameters, 2.0)
        for part, _ in self._parts:
            part.step()

    def state(self) -> list[Any]:
        return [part.state_dict() for part, _ in self._parts]

    def load(self, states: list[Any]) -> None:
        for (part, _), state in zip(self._parts, states, strict=True):
            part.load_state_dict(state)


def course(done: float) -> float:
    """Share of the highest learning rate after this share of a stage: up, then down a cosine."""
    rising = min(1.0, (done + 1e-3) / WARM_UP)
    falling = LEAST + (1 - LEAST) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return rising * falling


def store(path: Path, model: nn.Module, optimiser: Optimiser, spent: float, step: int) -> None:
    """Write a checkpoint, whole or not at all."""
    part = path.with_suffix(".part")
    state = {"model": model.state_dict(), "optimiser": optimiser.state()}
    torch.save({**state, "spent": spent, "step": step}, part)
    os.replace(part, path)


def restore(path: Path, model: nn.Module, optimiser: Optimiser) -> tuple[float, int]:
    """Seconds and steps behind, after loading the checkpoint; zeros if there is none."""
    if not path.exists():
        return 0.0, 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load(state["optimiser"])
    return float(state["spent"]), int(state["step"])

"""Sampling in which every row of a batch has its own random numbers.

A text then depends on its request and seed alone, not on what was generated before it or beside
it.  Adding Gumbel noise to logarithms of weights and taking the largest draws from exactly the
distribution of these weights (the "Gumbel-max trick").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WARPING = ("do_sample", "temperature", "top_k", "top_p")
"""Decoding parameters that are dealt with here, not by transformers."""


def sampling_steps(decoding: Mapping[str, Any], seeds: Sequence[int]) -> list[Any]:
    """Logits processors that sample each row by its own seed; none for greedy decoding."""
    if not decoding.get("do_sample"):
        return []
    from transformers.generation.logits_process import (
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    steps: list[Any] = []
    if (temperature := float(decoding.get("temperature", 1.0))) != 1.0:
        steps.append(TemperatureLogitsWarper(temperature))
    if top_k := int(decoding.get("top_k", 0)):
        steps.append(TopKLogitsWarper(top_k))
    if (top_p := float(decoding.get("top_p", 1.0))) < 1.0:
        steps.append(TopPLogitsWarper(top_p))
    return [*steps, _NoiseByRow(seeds)]


class _NoiseByRow:
    """Adds Gumbel noise to the scores (rows, vocabulary): the largest is then a sample."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = tuple(seeds)
        self._generators: list[Any] = []

    def __call__(self, _ids: Any, scores: Any) -> Any:
        import torch

        if not self._generators:
            self._generators = [
                torch.Generator(device=scores.device).manual_seed(seed) for seed in self._seeds
            ]
        waits = torch.empty(scores.shape, dtype=torch.float32, device=scores.device)
        for row, generator in zip(waits, self._generators, strict=True):
            row.exponential_(generator=generator)
        return scores.float() - waits.log()

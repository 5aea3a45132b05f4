"""The pool of pictures as batches, each picture moved a little so that no pixel is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from geometry import COLUMNS, GRID, PLANES, ROWS, image_processor
from numpy.typing import NDArray
from subjects import CLASSES

EMPTY_SHARE = 0.03
"""Share of a batch that shows no patient: one grey level, or noise; nothing abnormal is seen."""


class Samples:
    """All subjects in the files of a folder, in the order of their names as first seen."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []
        self._parts: dict[str, list[NDArray[Any]]] = {}
        self._starts = [0]
        self.look_for_more()

    def __len__(self) -> int:
        return self._starts[-1]

    def look_for_more(self) -> None:
        """Take in the files that have been made since."""
        for path in sorted(set(self._folder.glob("*.npz")) - set(self._files)):
            with np.load(path) as arrays:
                for key in arrays.files:
                    self._parts.setdefault(key, []).append(arrays[key])
            self._files.append(path)
            self._starts.append(self._starts[-1] + len(self._parts["seen"][-1]))

    def one(self, key: str, index: int) -> NDArray[Any]:
        """One array of one subject."""
        part = int(np.searchsorted(self._starts, index, side="right")) - 1
        found: NDArray[Any] = self._parts[key][part][index - self._starts[part]]
        return found

    def batch(
        self, indices: NDArray[Any], rng: np.random.Generator | None = None
    ) -> dict[str, torch.Tensor]:
        """Subjects as tensors; with ``rng`` moved by up to two pixels, some replaced by nothing."""
        rows = {
            key: np.stack([self.one(key, int(i)) for i in indices])
            for key in ("images", "maps", "seen", "male")
        }
        if rng is not None:
            _move(rows["images"], rng)
            _empty_some(rows, rng)
        return {
            "pixels": to_pixels(rows["images"]),
            "maps": torch.from_numpy(rows["maps"]),
            "seen": torch.from_numpy(rows["seen"]),
            "male": torch.from_numpy(rows["male"]),
        }


def to_pixels(images: NDArray[np.uint8]) -> torch.Tensor:
    """What the image processor makes of pictures: (batch, planes, 3, rows, columns)."""
    processor = image_processor()
    mean, std = (
        torch.tensor(v)[:, None, None] for v in (processor.image_mean, processor.image_std)
    )
    channels = torch.from_numpy(images).permute(0, 1, 4, 2, 3).float() / 255
    return (channels - mean) / std


def _move(images: NDArray[np.uint8], rng: np.random.Generator) -> None:
    for number in range(len(images)):
        down, across = (int(v) for v in rng.integers(-2, 3, 2))
        images[number] = np.roll(images[number], (down, across), axis=(1, 2))


def _empty_some(rows: dict[str, NDArray[Any]], rng: np.random.Generator) -> None:
    for number in np.flatnonzero(rng.random(len(rows["images"])) < EMPTY_SHARE):
        rows["images"][number] = empty_pictures(rng)
        rows["maps"][number] = 0
        rows["seen"][number] = False


def empty_pictures(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Three pictures of one grey level or colour, with or without noise."""
    level = rng.integers(0, 256, 1 if rng.random() < 0.7 else 3)
    noise = rng.normal(0, rng.choice([0, 0, 8, 40]), (PLANES, ROWS, COLUMNS, 3))
    return np.clip(level + noise, 0, 255).astype(np.uint8)


assert (ROWS // GRID[0], len(CLASSES) > 0) == (COLUMNS // GRID[1], True)

"""Pictures to learn from: ``python pool.py FOLDER --bodies 500`` makes them on the fly.

Each file holds the subjects of ``BODIES_A_FILE`` bodies; one that exists is not made again, so the
command continues where it was stopped.  Nothing here knows of the shipped cases.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from geometry import COLUMNS, GRID, PATCH, PLANES, ROWS, WIDTH, image_processor
from numpy.typing import NDArray
from pictures import PLANES_MM, Picture, Projector, pictures
from PIL import Image
from subjects import CLASSES, FIRST_SEED, body_table, drawn_lesions

from pytest_pet2rep.phantom.body import Body, make_body
from pytest_pet2rep.phantom.lesions import Placed, place_lesions
from pytest_pet2rep.phantom.physics import subject_uptake
from pytest_pet2rep.phantom.spec import parse_phantom
from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.phantom.synthesis import PHANTOM_VERSION

BODIES_A_FILE = 25
SUBJECTS_A_BODY = 6
LIFTS_MM = tuple(float(v) for v in range(-14, 36, 2))
LEAST_PIXELS = 4
"""A lesion counts as seen from this many changed pixels of one picture."""


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--bodies", type=int, default=500)
    options.add_argument("--first", type=int, default=0, help="number of the first body")
    options.add_argument("--most-lesions", type=int, default=7)
    options.add_argument("--normal-share", type=float, default=0.12)
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    end = chosen.first + chosen.bodies
    for first in range(chosen.first, end, BODIES_A_FILE):
        numbers = range(first, min(first + BODIES_A_FILE, end))
        path = chosen.folder / f"v{PHANTOM_VERSION}-{first:06d}-{chosen.most_lesions}.npz"
        if not path.exists():
            save(path, numbers, chosen.most_lesions, chosen.normal_share)


def save(path: Path, numbers: range, most: int, normal_share: float) -> None:
    """Make and write the subjects of one file, those of the bodies with these numbers."""
    samples = [
        sample
        for number in numbers
        for sample in subjects_of_body(FIRST_SEED + number, most, normal_share)
    ]
    arrays: dict[str, Any] = {
        key: np.stack([sample[key] for sample in samples]) for key in samples[0]
    }
    part = path.with_suffix(".part")
    with part.open("wb") as stream_:
        np.savez(stream_, **arrays)
    os.replace(part, path)


def subjects_of_body(seed: int, most: int, normal_share: float) -> list[dict[str, NDArray[Any]]]:
    """Paint one body and make the pictures of several subjects that have it."""
    table = body_table(seed)
    body = make_body(parse_phantom(table))
    projector = Projector(body)
    rng = stream(seed, "training subjects")
    found = []
    for number in range(SUBJECTS_A_BODY):
        lesions = drawn_lesions(rng, table, most, normal_share)
        spec = replace(body.spec, seed=seed * 10 + number, lesions=lesions)
        own = replace(body, spec=spec)
        levels = subject_uptake(spec)
        placed = place_lesions(own, levels)
        lift = _lift(rng, own, placed)
        found.append(_sample(pictures(projector, spec, levels, placed, lift), placed, table["sex"]))
    return found


def _lift(rng: np.random.Generator, body: Body, placed: Sequence[Placed]) -> float:
    """A height of the table; mostly the one at which the planes cut most lesions best."""
    if not placed or rng.random() < 0.3:
        return float(rng.choice(LIFTS_MM))

    def shown(lift: float) -> float:
        total = 0.0
        for one in placed:
            area = one.region.mask.sum(axis=(0, 2)).astype(float)
            where = body.y_mm[one.region.box[1]]
            seen = max(float(np.interp(p + lift, where, area, 0, 0)) for p in PLANES_MM)
            share = min(seen / max(area.max(), 1.0), 1.0)
            total += share + (share > 0.55)
        return total

    return max(LIFTS_MM, key=shown)


def _sample(made: Sequence[Picture], placed: Sequence[Placed], sex: str) -> dict[str, NDArray[Any]]:
    """Pictures as the model sees them, and the states that can be seen in them.

    ``images`` uint8 (planes, rows, columns, 3); ``maps`` uint8 (planes, patch rows, patch columns,
    classes): changed pixels of each patch; ``seen`` and ``present`` bool (classes,).
    """
    maps = np.zeros((PLANES, *GRID, len(CLASSES)), dtype=np.uint8)
    seen, present = np.zeros((2, len(CLASSES)), dtype=bool)
    for number, one in enumerate(placed):
        kind = CLASSES.index((one.lesion.organ, one.lesion.state.value))
        present[kind] = True
        for plane, picture in enumerate(made):
            mask = picture.changed[number]
            if mask.sum() >= LEAST_PIXELS:
                seen[kind] = True
                maps[plane, :, :, kind] = np.maximum(maps[plane, :, :, kind], _patches(mask))
    shrunk = image_processor(as_bytes=True)([Image.fromarray(p.pixels) for p in made])
    images = np.stack([np.asarray(i).transpose(1, 2, 0) for i in shrunk["pixel_values"]])
    return {
        "images": images.astype(np.uint8),
        "maps": maps,
        "seen": seen,
        "present": present,
        "male": np.array(sex == "M"),
    }


def _patches(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Changed pixels in each patch of the picture that the model sees."""
    resized = Image.fromarray(mask.astype(np.uint8)).resize((WIDTH, ROWS), Image.Resampling.NEAREST)
    left = (WIDTH - COLUMNS) // 2
    cut = np.asarray(resized)[:, left : left + COLUMNS]
    counts = cut.reshape(GRID[0], PATCH, GRID[1], PATCH).sum(axis=(1, 3))
    return np.asarray(counts, dtype=np.uint8)


if __name__ == "__main__":
    main()

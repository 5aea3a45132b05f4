"""Planes through the hottest tissue that is not hot in everybody."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.volumes import Volume

BLOCK_MM = 8.0
"""Uptake is compared as means over cubes of this size, about 0.5 mL, so that noise does not win."""
APART_MM = 24.0
"""Least distance of two planes, so that one lesion does not take them all."""
BODY_SUV = 0.2


def hottest_planes(pet: Volume, axis: int, count: int) -> tuple[int, ...]:
    """Choose ``count`` planes across ``axis`` of a PET in SUV (RAS order), in ascending order.

    The PET is averaged over cubes of 8 mm; boxes around brain, heart, kidneys and bladder are left
    out.  The hottest cube that is left gives the first plane (the middle one of the cube), the
    hottest at least 24 mm from it the next.  The boxes lie at fixed distances from the top of the
    brain (``data/imaging/physiological.toml``): a rule to choose planes by, which a lesion inside
    a box or an organ outside of it defeats.

    Fewer planes come back where the grid has no more that are 24 mm apart; where all of it lies in
    boxes (a scan of the brain) nothing is left out.
    """
    sizes = [
        min(max(1, round(BLOCK_MM / mm)), n) for mm, n in zip(pet.spacing, pet.shape, strict=True)
    ]
    blocks = _block_means(pet.data, sizes)
    step = np.array([mm * size for mm, size in zip(pet.spacing, sizes, strict=True)])
    known = _physiological(blocks, step)
    suv = np.where(known, -np.inf, blocks) if not known.all() else blocks
    profile = suv.max(axis=tuple(a for a in range(3) if a != axis))
    positions = np.arange(len(profile)) * step[axis]
    chosen: list[int] = []
    while len(chosen) < count and np.isfinite(profile).any():
        best = int(profile.argmax())
        chosen.append(best)
        profile = np.where(np.abs(positions - positions[best]) < APART_MM, -np.inf, profile)
    size = sizes[axis]
    return tuple(sorted(block * size + size // 2 for block in chosen))


def _block_means(data: NDArray[Any], sizes: list[int]) -> NDArray[np.float64]:
    """Means over whole blocks; a rest at the upper borders is left out, NaN counts as 0."""
    a, b, c = sizes
    ni, nj, nk = (n // size for n, size in zip(data.shape, sizes, strict=True))
    means = np.empty((ni, nj, nk))
    for k in range(nk):  # slab by slab: no second copy of the volume
        slab = data[: ni * a, : nj * b, k * c : (k + 1) * c].astype(np.float64)
        slab = np.nan_to_num(slab, nan=0.0, posinf=0.0, neginf=0.0)
        means[:, :, k] = slab.reshape(ni, a, nj, b, c).mean(axis=(1, 3, 4))
    return means


def _physiological(suv: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Blocks that lie in one of the boxes."""
    body = suv > BODY_SUV
    inside = np.zeros(suv.shape, dtype=bool)
    if not body.any():
        return inside
    i, j, k = ((np.arange(n) + 0.5) * mm for n, mm in zip(suv.shape, step, strict=True))
    columns, rows = (np.flatnonzero(body.any(axis=other)) for other in ((1, 2), (0, 2)))
    left = (i[columns[0]] + i[columns[-1]]) / 2 - i
    front = j - (j[rows[0]] + j[rows[-1]]) / 2
    down = _brain_top(suv, body, step) - k
    for name, box in _boxes().items():
        if name != "landmark":
            near = [
                (at >= low) & (at <= high)
                for at, (low, high) in ((left, box["left"]), (front, box["front"]),
                                        (down, box["down"]))
            ]  # fmt: skip
            inside[np.ix_(*near)] = True
    return inside


def _brain_top(
    suv: NDArray[np.float64], body: NDArray[np.bool_], step: NDArray[np.float64]
) -> float:
    """Height in mm of the top of the brain, or of where it would be above the field."""
    from scipy.ndimage import label

    mark = _boxes()["landmark"]
    top = int(np.flatnonzero(body.any(axis=(0, 1)))[-1])
    lowest = max(top - int(mark["search_mm"] / step[2]), 0)
    marks, _ = label(suv[:, :, lowest : top + 1] > mark["brain_suv"])
    sizes = np.bincount(marks.ravel()) * float(np.prod(step)) / 1e3
    sizes[0] = 0.0
    large = np.flatnonzero(sizes >= mark["brain_ml"])
    if not large.size:
        return float((top + 1) * step[2] + mark["missing_mm"])
    height = int(np.flatnonzero(np.isin(marks, large).any(axis=(0, 1)))[-1])
    return float((lowest + height + 1) * step[2])


@cache
def _boxes() -> dict[str, Any]:
    source = resources.files("pytest_pet2rep").joinpath("data/imaging/physiological.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))

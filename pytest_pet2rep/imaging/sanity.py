"""Does a PET/CT pair make sense?  Each remark names its evidence; nothing is corrected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.volumes import Volume

SUV_TOP = (1.0, 200.0)
"""Plausible 99.9th percentile of a body's SUV; above lie Bq/mL, below a wrong scale."""
PET_LEAST = -20.0
"""Reconstruction filters undershoot a little; only a CT has values like -1000."""
AIR_HU = -500.0
LEAST_OVERLAP = 0.25
"""Part of the PET's height that the CT must cover (CT is often narrower, not shorter)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """One thing that looks wrong; ``fatal`` if the images cannot mean what they claim."""

    name: str
    evidence: str
    fatal: bool = False


def inspect_pair(pet: Volume, ct: Volume) -> tuple[Remark, ...]:
    """Check units, emptiness, missing values, a swap of PET and CT, and the common frame.

    ``pet`` in SUV, ``ct`` in HU.  Looks at every fourth voxel along each axis.
    """
    pet_values, ct_values = _sample(pet), _sample(ct)
    remarks = [*_missing("PET", pet_values), *_missing("CT", ct_values)]
    pet_values, ct_values = (v[np.isfinite(v)] for v in (pet_values, ct_values))
    if not pet_values.size or not ct_values.size or np.ptp(pet_values) == 0:
        return (*remarks, Remark(name="empty", evidence="PET holds one value only", fatal=True))
    if pet_values.min() < PET_LEAST and ct_values.min() >= PET_LEAST:
        evidence = f"PET goes down to {pet_values.min():.0f}, CT only to {ct_values.min():.0f}"
        return (*remarks, Remark(name="swapped", evidence=evidence, fatal=True))
    return (*remarks, *_pet_scale(pet_values), *_ct_scale(ct_values), *_overlap(pet, ct))


def _sample(volume: Volume) -> NDArray[np.float32]:
    sampled: NDArray[np.float32] = volume.data[::4, ::4, ::4].astype(np.float32).ravel()
    return sampled


def _missing(name: str, values: NDArray[np.float32]) -> list[Remark]:
    share = 1 - np.isfinite(values).mean()
    if not share:
        return []
    return [Remark(name="missing_values", evidence=f"{share:.1%} of the {name} is not a number")]


def _pet_scale(values: NDArray[np.float32]) -> list[Remark]:
    remarks = []
    low, high = SUV_TOP
    top = float(np.percentile(values, 99.9))
    if top > high:
        evidence = f"99.9th percentile {top:.0f}: these are not SUV, more likely Bq/mL"
        remarks.append(Remark(name="not_suv", evidence=evidence, fatal=True))
    elif top < low:
        evidence = f"99.9th percentile {top:.2g}: too low for SUV of a body"
        remarks.append(Remark(name="scale_low", evidence=evidence))
    if values.min() < PET_LEAST:
        evidence = f"PET goes down to {values.min():.0f}"
        remarks.append(Remark(name="negative_uptake", evidence=evidence, fatal=True))
    return remarks


def _ct_scale(values: NDArray[np.float32]) -> list[Remark]:
    if values.min() > AIR_HU:
        evidence = f"CT starts at {values.min():.0f}: no air, so these may not be HU"
        return [Remark(name="not_hu", evidence=evidence)]
    return []


def _overlap(pet: Volume, ct: Volume) -> list[Remark]:
    (pet_low, pet_high), (ct_low, ct_high) = (_bounds(v) for v in (pet, ct))
    shared = np.minimum(pet_high, ct_high) - np.maximum(pet_low, ct_low)
    if (shared <= 0).any():
        evidence = "PET and CT share no space: they are not in one frame of reference"
        return [Remark(name="frames_apart", evidence=evidence, fatal=True)]
    covered = float(shared[2] / (pet_high[2] - pet_low[2]))
    if covered < LEAST_OVERLAP:
        evidence = f"the CT covers {covered:.0%} of the PET's height"
        return [Remark(name="ct_short", evidence=evidence)]
    return []


def _bounds(volume: Volume) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest corner of a volume in RAS mm."""
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(volume.data.shape) - 1)
    world = corners @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    return world.min(axis=0), world.max(axis=0)

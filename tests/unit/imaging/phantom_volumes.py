"""Volumes of shipped phantoms, whole and spoilt."""

from __future__ import annotations

import tomllib
from functools import cache

import numpy as np

from pytest_pet2rep.cohorts.cohort import shipped_cases
from pytest_pet2rep.imaging.volumes import Volume
from pytest_pet2rep.phantom.spec import parse_phantom
from pytest_pet2rep.phantom.synthesis import synthesise


@cache
def phantom(case: str = "PET-0001") -> tuple[Volume, Volume]:
    text = (shipped_cases() / case / "case.toml").read_text(encoding="utf-8")
    made = synthesise(parse_phantom(tomllib.loads(text)["phantom"]))
    return (
        Volume(data=made.pet, affine=made.pet_affine),
        Volume(data=made.ct, affine=made.ct_affine),
    )


def scaled(volume: Volume, factor: float) -> Volume:
    return Volume(data=volume.data * np.float32(factor), affine=volume.affine)


def flipped(volume: Volume, axis: int) -> Volume:
    return Volume(data=np.flip(volume.data, axis), affine=volume.affine)


def moved(volume: Volume, x: float = 0, y: float = 0, z: float = 0) -> Volume:
    affine = volume.affine.copy()
    affine[:3, 3] += (x, y, z)
    return Volume(data=volume.data, affine=affine)

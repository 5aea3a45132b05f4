"""A pair of volumes that cannot be what it claims is remarked on, with the evidence."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_pet2rep.imaging.sanity import inspect_pair
from pytest_pet2rep.imaging.volumes import Volume

GRID = np.diag([4.0, 4.0, 5.0, 1.0])
SUV = np.random.default_rng(1).gamma(2.0, 0.5, (40, 40, 40)).astype(np.float32)
HU = np.full((40, 40, 40), -1000, dtype=np.int16)
HU[8:32, 8:32] = 40


def volume(data: np.ndarray, z: float = 0.0) -> Volume:
    affine = GRID.copy()
    affine[2, 3] = z
    return Volume(data=data, affine=affine)


def with_gaps(data: np.ndarray) -> np.ndarray:
    gappy = data.copy()
    gappy[:4] = np.nan
    return gappy


def test_a_plausible_pair_gets_no_remark() -> None:
    assert inspect_pair(volume(SUV), volume(HU)) == ()


@pytest.mark.parametrize(
    ("pet", "ct", "name", "fatal"),
    [
        (volume(SUV * 2500), volume(HU), "not_suv", True),
        (volume(SUV / 1000), volume(HU), "scale_low", False),
        (volume(HU.astype(np.float32)), volume(SUV), "swapped", True),
        (volume(SUV - 60), volume(HU), "negative_uptake", True),
        (volume(np.zeros_like(SUV)), volume(HU), "empty", True),
        (volume(SUV), volume(np.maximum(HU, 0)), "not_hu", False),
        (volume(with_gaps(SUV)), volume(HU), "missing_values", False),
        (volume(SUV), volume(HU, z=900), "frames_apart", True),
        (volume(SUV), volume(HU, z=160), "ct_short", False),
    ],
)
def test_what_looks_wrong_is_named_with_its_evidence(
    pet: Volume, ct: Volume, name: str, fatal: bool
) -> None:
    remarks = {r.name: r for r in inspect_pair(pet, ct)}
    assert remarks[name].fatal is fatal
    assert remarks[name].evidence

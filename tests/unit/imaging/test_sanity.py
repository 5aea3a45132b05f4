"""What is wrong with a pair of volumes is told from its values, with the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_pet2rep.imaging.sanity import Check, Severity, check_volumes
from pytest_pet2rep.imaging.volumes import Volume
from tests.unit.imaging.phantom_volumes import flipped, moved, phantom, scaled


def found(pet: Volume, ct: Volume) -> list[tuple[Severity, Check]]:
    return [(notice.severity, notice.check) for notice in check_volumes(pet, ct)]


ERROR, WARNING = Severity.ERROR, Severity.WARNING


@pytest.mark.parametrize("case", ["PET-0001", "PET-0016"])
def test_a_whole_body_in_suv_and_hu_passes(case: str) -> None:
    assert check_volumes(*phantom(case)) == ()


@pytest.mark.parametrize(
    ("factor", "severity"),
    [(1000, ERROR), (3600, ERROR), (1e6, ERROR), (1e-3, ERROR), (1e-6, ERROR), (3.6, WARNING)],
)
def test_another_unit_is_told_with_the_median_of_the_body(
    factor: float, severity: Severity
) -> None:
    pet, ct = phantom()
    (notice,) = check_volumes(scaled(pet, factor), ct)
    assert (notice.severity, notice.check) == (severity, Check.UNITS)
    assert 0.4 * factor < notice.evidence["body_median"] < 0.6 * factor


def test_swapped_volumes_are_told() -> None:
    pet, ct = phantom()
    assert found(ct, pet) == [(ERROR, Check.SWAPPED)]


def test_a_ct_in_the_place_of_the_pet_is_told() -> None:
    _, ct = phantom()
    assert found(ct, ct) == [(ERROR, Check.UNITS)]


def test_a_pet_in_the_place_of_the_ct_is_told() -> None:
    pet, _ = phantom()
    assert (ERROR, Check.UNITS) in found(pet, pet)


def test_a_ct_of_stored_values_is_told() -> None:
    pet, ct = phantom()
    stored = Volume(data=ct.data + np.int16(1024), affine=ct.affine)
    assert found(pet, stored) == [(ERROR, Check.UNITS)]


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_an_empty_volume_is_told(value: float) -> None:
    pet, ct = phantom()
    empty = Volume(data=np.full_like(pet.data, value), affine=pet.affine)
    assert found(empty, ct) == [(ERROR, Check.EMPTY)]


def test_values_that_are_no_numbers_are_counted() -> None:
    pet, ct = phantom()
    data = pet.data.copy()
    data[:2] = np.nan
    (notice,) = check_volumes(Volume(data=data, affine=pet.affine), ct)
    assert (notice.severity, notice.check) == (WARNING, Check.FINITE)
    assert notice.evidence["part"] == pytest.approx(0.01)
    nothing = Volume(data=np.full_like(data, np.inf), affine=pet.affine)
    assert found(nothing, ct) == [(ERROR, Check.FINITE)]


def test_volumes_in_different_places_are_told() -> None:
    pet, ct = phantom()
    assert found(pet, moved(ct, x=2000)) == [(ERROR, Check.FRAMES)]
    assert (WARNING, Check.FRAMES) in found(pet, moved(ct, y=120))
    assert found(pet, moved(ct, x=20)) == []


def test_a_ct_without_body_in_the_field_of_the_pet_is_an_error() -> None:
    pet, ct = phantom()
    air = Volume(data=np.where(ct.data > 1000, ct.data, -1000).astype(np.int16), affine=ct.affine)
    air.data[...] = -1000
    air.data[0, 0, 0] = -1001
    assert found(pet, air) == [(ERROR, Check.FRAMES)]


def test_a_part_of_the_body_is_told_and_has_no_other_fault() -> None:
    pet, ct = phantom()
    part = Volume(data=pet.data[:, :, 40:120], affine=pet.affine)
    (notice,) = check_volumes(part, moved(ct, z=-200))
    assert notice.check is Check.FIELD
    assert notice.evidence["extent_mm"] == pytest.approx(400, abs=20)


def test_a_missing_head_is_told() -> None:
    pet, ct = phantom()
    neck = pet.data.shape[2] - 50
    assert found(Volume(data=pet.data[:, :, :neck], affine=pet.affine), ct) == [
        (WARNING, Check.HEAD)
    ]


def test_upside_down_is_told() -> None:
    pet, ct = phantom()
    (notice,) = check_volumes(flipped(pet, 2), flipped(ct, 2))
    assert notice.check is Check.HEAD
    assert "upside down" in notice.what


@pytest.mark.parametrize("case", ["PET-0001", "PET-0016"])
def test_left_and_right_exchanged_is_told(case: str) -> None:
    pet, ct = phantom(case)
    (notice,) = check_volumes(flipped(pet, 0), flipped(ct, 0))
    assert notice.check is Check.SIDES
    assert notice.evidence["left_ml"] > 2 * notice.evidence["right_ml"]


def test_every_notice_carries_its_numbers_and_errors_come_first() -> None:
    pet, ct = phantom()
    data = scaled(pet, 1000).data.copy()
    data[0, 0, 0] = np.nan
    notices = check_volumes(Volume(data=data, affine=pet.affine), ct)
    assert [notice.severity for notice in notices] == [ERROR, WARNING]
    assert all(notice.evidence for notice in notices)

"""What the volumes of a phantom show, measured in the volumes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pytest_pet2rep.imaging.rendering import render_views
from pytest_pet2rep.imaging.volumes import Volume, load_volume, save_volume
from pytest_pet2rep.phantom.body import Body, make_body
from pytest_pet2rep.phantom.canvas import Region
from pytest_pet2rep.phantom.spec import PhantomSpec, parse_phantom
from pytest_pet2rep.phantom.synthesis import PhantomVolumes, synthesise
from pytest_pet2rep.phantom.tissues import tissues
from pytest_pet2rep.phantom.truth import measure, on_pet_grid
from pytest_pet2rep.types import Side

KIDNEY = {
    "organ": "kidneys", "part": "lower pole", "side": "left", "state": "absent",
    "factor": 0.05, "diameter_mm": 40,
}  # fmt: skip
LIVER = {
    "organ": "liver", "part": "right lobe", "side": "right", "state": "increased",
    "suv": 9.0, "diameter_mm": 34,
}  # fmt: skip
MAN = parse_phantom({"seed": 5, "sex": "M", "height_cm": 172, "weight_kg": 70})
WOMAN = parse_phantom(
    {"seed": 6, "sex": "F", "height_cm": 158, "weight_kg": 56, "lesions": [LIVER, KIDNEY]}
)


@cache
def volumes_of(spec: PhantomSpec) -> PhantomVolumes:
    return synthesise(spec)


@cache
def body_of(spec: PhantomSpec) -> Body:
    return make_body(spec)


@pytest.fixture(scope="module", params=[MAN, WOMAN], ids=["man", "woman"])
def made(request: pytest.FixtureRequest) -> tuple[PhantomSpec, PhantomVolumes]:
    return request.param, volumes_of(request.param)


def organ(spec: PhantomSpec, volumes: PhantomVolumes, *names: str) -> np.ndarray:
    """SUV of all PET voxels in tissues of these names, lesions left out by their own mask."""
    body = body_of(spec)
    mask = np.isin(body.canvas.labels, [tissues()[n].number for n in names])
    region = Region(box=(slice(None), slice(None), slice(None)), mask=mask)
    return volumes.pet[on_pet_grid(region, body)]


def test_the_grids_are_those_of_a_scanner(made: tuple[PhantomSpec, PhantomVolumes]) -> None:
    _, volumes = made
    assert volumes.pet.shape[:2] == (200, 200)
    assert 180 <= volumes.pet.shape[2] <= 240
    assert volumes.pet.dtype == np.float32
    assert volumes.ct.dtype == np.int16
    pet_top = volumes.pet_affine[2, 3] + 5 * volumes.pet.shape[2]
    ct_top = volumes.ct_affine[2, 3] + 4 * volumes.ct.shape[2]
    assert abs(pet_top - ct_top) <= 6


def test_the_same_table_gives_the_same_bytes(made: tuple[PhantomSpec, PhantomVolumes]) -> None:
    spec, volumes = made
    again = synthesise(spec)
    assert again.pet.tobytes() == volumes.pet.tobytes()
    assert again.ct.tobytes() == volumes.ct.tobytes()


def test_another_seed_is_another_patient() -> None:
    assert not np.array_equal(synthesise(replace(MAN, seed=99)).pet, volumes_of(MAN).pet)


def test_normal_organs_have_normal_uptake(made: tuple[PhantomSpec, PhantomVolumes]) -> None:
    spec, volumes = made
    low_high = {
        ("liver",): (1.3, 3.1), ("spleen",): (1.0, 2.6), ("lung",): (0.3, 0.9),
        ("blood",): (1.0, 2.2), ("grey_matter", "cerebellum"): (4.0, 11.0),
        ("muscle",): (0.4, 1.2), ("marrow",): (0.7, 2.0), ("urine",): (3.0, 40.0),
    }  # fmt: skip
    for names, (low, high) in low_high.items():
        assert low < float(np.median(organ(spec, volumes, *names))) < high, names


def test_liver_noise_is_that_of_a_clinical_scan() -> None:
    # The core of the liver, away from edges: erode the label by looking at an inner box.
    body = body_of(MAN)
    liver = body.canvas.labels == tissues()["liver"].number
    core = liver.copy()
    for axis, reach in ((0, 8), (1, 8), (2, 4)):
        for shift in (-reach, reach):
            core &= np.roll(liver, shift, axis)
    region = Region(box=(slice(None), slice(None), slice(None)), mask=core)
    values = volumes_of(MAN).pet[on_pet_grid(region, body)]
    assert values.size > 2000
    assert 0.09 < values.std() / values.mean() < 0.13


def test_the_liver_is_on_the_right_and_the_spleen_on_the_left(
    made: tuple[PhantomSpec, PhantomVolumes],
) -> None:
    spec, _ = made
    labels = body_of(spec).canvas.labels  # axis 0 runs to the patient's left
    middle = labels.shape[0] // 2
    liver, spleen = (labels == tissues()[n].number for n in ("liver", "spleen"))
    assert liver[:middle].sum() > 3 * liver[middle:].sum()
    assert spleen[middle:].sum() > 50 * max(spleen[:middle].sum(), 1)


def test_lungs_are_air_and_bone_is_dense_in_the_ct(
    made: tuple[PhantomSpec, PhantomVolumes],
) -> None:
    spec, volumes = made
    assert volumes.ct.min() >= -1024
    assert (volumes.ct > 600).mean() > 0.002
    body = body_of(spec)
    ct = volumes.ct[::-1, ::-1][:, _rows(spec)]
    lung = body.canvas.labels == tissues()["lung"].number
    assert -850 < float(np.median(ct[lung])) < -770
    assert 2.5 < lung.sum() * 0.016 / 1000 < 7.0  # litres


def test_the_body_has_a_plausible_weight(made: tuple[PhantomSpec, PhantomVolumes]) -> None:
    _, volumes = made
    litres = (volumes.ct > -500).sum() * 2 * 2 * 4 / 1e6
    assert 35 < litres < 90


def test_lesions_are_measured_where_they_were_put() -> None:
    hot, cold = measure(WOMAN)
    assert hot.suv_core == pytest.approx(9.0, rel=0.05)
    assert hot.ratio > 3
    assert cold.ratio < 0.35
    assert cold.suv_core < 0.6


def test_a_lesion_of_the_left_is_on_the_left() -> None:
    left, right = (
        synthesise(replace(WOMAN, lesions=(replace(WOMAN.lesions[1], side=side),)))
        for side in (Side.LEFT, Side.RIGHT)
    )
    change = np.abs(left.pet - right.pet) > 1.0
    columns = np.flatnonzero(change.any(axis=(1, 2)))
    cold_left = (left.pet < right.pet - 1.0).sum(axis=(1, 2))
    cold_right = (right.pet < left.pet - 1.0).sum(axis=(1, 2))
    assert columns.size
    # RAS: a small first index is the patient's left.
    assert cold_left.argmax() < 100 < cold_right.argmax()


def test_a_visible_lesion_changes_the_shown_planes_and_an_unseen_one_does_not() -> None:
    seen = measure(WOMAN)[0]
    assert seen.visible == bool(seen.slices)
    far = replace(WOMAN, lesions=(replace(WOMAN.lesions[0], diameter_mm=8.0),), lift_mm=60)
    assert not measure(far)[0].visible


def test_breathing_lifts_the_liver_in_the_pet_only() -> None:
    still, moved = (synthesise(replace(MAN, breathing_mm=mm, noise=0.0)) for mm in (0.0, 15.0))
    assert np.array_equal(still.ct, moved.ct)
    top = [np.flatnonzero(v.pet[125, 98] > 1.2)[-1] for v in (still, moved)]
    dome = [_dome_height(v) for v in (still, moved)]
    assert dome[1] - dome[0] == 3  # slices of 5 mm
    assert top  # the column crosses the body


def _rows(spec: PhantomSpec) -> slice:
    """CT rows, counted from anterior, that the painted body takes."""
    first = round((body_of(spec).y_mm[0] + 249) / 2)
    return slice(first, first + body_of(spec).y_mm.size)


def _dome_height(volumes: PhantomVolumes) -> int:
    """Highest slice in which the right-sided column is liver rather than lung."""
    column = volumes.pet[122, 100]
    middle = np.arange(column.size)
    return int(middle[(column > 1.3) & (middle < 130)][-1])


def test_volumes_that_were_saved_and_loaded_render_to_the_same_pixels(tmp_path: Path) -> None:
    made = volumes_of(MAN)
    fresh = [
        Volume(data=made.pet, affine=made.pet_affine),
        Volume(data=made.ct, affine=made.ct_affine),
    ]
    for name, volume in zip(("pet", "ct"), fresh, strict=True):
        save_volume(volume, tmp_path / f"{name}.nii.gz")
    stored = [load_volume(tmp_path / f"{name}.nii.gz") for name in ("pet", "ct")]
    for got, want in zip(render_views(*stored), render_views(*fresh), strict=True):
        assert np.array_equal(got.pixels, want.pixels)

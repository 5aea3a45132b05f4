"""Makes what ``baseline/suv-reader`` knows beforehand, from phantoms that are in no cohort.

The atlas is what healthy subjects of random size and uptake look like, in the frame of the
reference body.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.body import Body, make_body
from pytest_pet2rep.phantom.physics import subject_uptake
from pytest_pet2rep.phantom.synthesis import PET_STEP, pet_axes, project_pet
from pytest_pet2rep.phantom.tissues import tissues
from pytest_pet2rep.run.fresh_phantoms import healthy_phantom
from pytest_pet2rep.run.suv_reader.grid import NECK_CM, ORGANS, X_CM, Y_CM, Z_CM
from pytest_pet2rep.run.suv_reader.pixels import FUSED, SEPARATE

ATLAS_VERSION = 2
"""Changes whenever the same phantoms would give another atlas."""
SUBJECTS = 32
"""Healthy subjects of each sex that the atlas is made of."""
ORGAN_TISSUES = {
    "brain": ("grey_matter", "white_matter", "deep_grey", "cerebellum"),
    "eyes": ("eye", "eye_muscle"),
    "sinuses": ("sinus_air", "mucosa"),
    "nasopharynx": ("nasopharynx",),
    "tonsils": ("tonsils",),
    "salivary": ("parotid", "submandibular"),
    "thyroid": ("thyroid",),
    "lungs": ("lung",),
    "heart": ("myocardium", "avid_myocardium"),
    "esophagus": ("esophagus",),
    "liver": ("liver", "portal_vein"),
    "gallbladder": ("gallbladder_wall", "bile"),
    "pancreas": ("pancreas",),
    "spleen": ("spleen",),
    "kidneys": ("renal_cortex", "renal_pelvis"),
    "adrenals": ("adrenal",),
    "stomach": ("stomach_wall", "stomach_content", "gas"),
    "intestine": ("small_bowel", "colon", "distal_colon", "stool"),
    "bladder": ("bladder_wall", "urine"),
    "prostate": ("prostate",),
    "uterus": ("myometrium", "endometrium"),
    "ovaries": ("ovary",),
    "bone": ("marrow", "cortical_bone", "rib", "limb_marrow", "disc", "cartilage"),
}


def make_atlas(subjects: int = SUBJECTS) -> dict[str, NDArray[np.uint8]]:
    """``<sex>_<quantity>`` -> uint8 on the atlas' grid; about two seconds a subject."""
    made = {}
    for sex in ("F", "M"):
        samples = [_sampled(sex, number) for number in range(subjects)]
        suv = np.stack([s[0] for s in samples])
        for end in (FUSED.suv_max, SEPARATE.suv_max):
            shown = np.clip(suv, 0, end)
            made[f"{sex}_mean_{end:g}"] = _levels(shown.mean(axis=0), end)
            made[f"{sex}_low_{end:g}"] = _levels(shown.min(axis=0), end)
            made[f"{sex}_high_{end:g}"] = _levels(shown.max(axis=0), end)
        made[f"{sex}_grey"] = np.rint(np.mean([s[1] for s in samples], axis=0)).astype(np.uint8)
        made[f"{sex}_organ"] = _most_common(np.stack([s[2] for s in samples]))
    return made


def _levels(suv: NDArray[Any], end: float) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(suv * (255 / end)).astype(np.uint8)
    return levels


def _most_common(organs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The organ that at least half of the subjects have at a place, else 0."""
    result = np.zeros(organs.shape[1:], dtype=np.uint8)
    for number in range(1, len(ORGANS)):
        result[(organs == number).mean(axis=0) >= 0.5] = number
    return result


def _sampled(sex: str, number: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.uint8]]:
    """SUV, CT grey and organ number of one subject on the atlas' grid."""
    from scipy.ndimage import map_coordinates

    body = make_body(replace(healthy_phantom(number, sex), lift_mm=0.0))
    levels = subject_uptake(body.spec)
    # ``project_pet`` turns to RAS; the body's own order is needed here.
    pet = project_pet(levels[body.canvas.labels], body)[::-1, ::-1]
    hu = np.array([t.hu for t in tissues().values()])
    numbers = np.zeros(len(tissues()), dtype=np.uint8)
    for organ, names in ORGAN_TISSUES.items():
        numbers[[tissues()[name].number for name in names]] = ORGANS.index(organ)
    suv, grey, organ_map = [], [], []
    for axes_mm in _grid_mm(body):
        x, y, z = pet_axes(body)
        index = [(mm - a[0]) / s for mm, a, s in zip(axes_mm, (x, y, z), PET_STEP, strict=True)]
        suv.append(map_coordinates(pet, np.meshgrid(*index, indexing="ij"), order=1))
        labels = body.canvas.labels[
            np.ix_(*(_nearest(mm, own) for mm, own in
                     zip(axes_mm, (body.x_mm, body.y_mm, body.z_mm), strict=True)))
        ]  # fmt: skip
        grey.append(np.clip((hu[labels] + 1000) / 2000, 0, 1) * 255)
        organ_map.append(numbers[labels])
    return (
        np.concatenate(suv, axis=2).astype(np.float32),
        np.concatenate(grey, axis=2),
        np.concatenate(organ_map, axis=2),
    )


def _grid_mm(body: Body) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """The atlas' grid in millimetres of this body: trunk part, head part."""
    trunk, head = body.scales.trunk, body.scales.head
    below = Z_CM[Z_CM <= NECK_CM]
    above = Z_CM[Z_CM > NECK_CM]
    neck = 830 * trunk[2]
    return [
        (X_CM * 10 * trunk[0], Y_CM * 10 * trunk[1], (below + 13) * 10 * trunk[2]),
        (X_CM * 10 * head[0], Y_CM * 10 * head[1] + 19, neck + (above - NECK_CM) * 10 * head[2]),
    ]


def _nearest(wanted: NDArray[Any], have: NDArray[Any]) -> NDArray[np.intp]:
    index = np.rint((wanted - have[0]) / (have[1] - have[0])).astype(np.intp)
    inside: NDArray[np.intp] = np.clip(index, 0, have.size - 1)
    return inside


def write_atlas(path: Path, subjects: int = SUBJECTS) -> None:
    """Make the atlas and let it appear at ``path`` at once."""
    arrays: dict[str, Any] = dict(make_atlas(subjects))
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".npz")
    with os.fdopen(handle, "wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(name, path)

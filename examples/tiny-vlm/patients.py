"""Patients to score on: the shipped cohort, and phantoms that nobody has learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from subjects import FIRST_SEED as FIRST_LEARNED
from subjects import LAST_SEED as LAST_LEARNED

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.imaging.options import Views
from pytest_pet2rep.run.assessment import read_scored
from pytest_pet2rep.run.case_images import images_of, view_options
from pytest_pet2rep.run.expectations import expectations_of
from pytest_pet2rep.run.fresh_phantoms import fresh_phantom, images_of_phantom
from pytest_pet2rep.types import Language, Section, SentImage, States

PROFILE = load_profile("pet2rep19")
FIRST_FRESH = 500_000
"""Number of the first fresh phantom that is scored on."""
Pictures = tuple[SentImage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """Somebody to write a report of: pictures, and the true states by organ of the profile."""

    id: str
    seed: int
    """Of the phantom."""
    images: Pictures
    truth: Mapping[str, States]


def assert_disjoint(patients: Iterable[Patient]) -> None:
    """Stop if anybody who is scored on has a seed of the training."""
    for patient in patients:
        assert not FIRST_LEARNED <= patient.seed <= LAST_LEARNED, f"{patient.id} was learned from"


def shipped_patients(limit: int | None = None) -> list[Patient]:
    """The shipped cohort, with the expectations of its case files."""
    found = []
    for path in find_cohort(None).case_files[:limit]:
        case = load_case(path, cohort="shipped")
        reference = read_scored(case.references[Language.ZH], Language.ZH, Section.FINDINGS)
        expected = expectations_of(case, PROFILE, reference.states)
        found.append(
            Patient(
                id=case.id,
                seed=int((case.images.phantom or {})["seed"]),
                images=images_of(case, view_options(Views.FUSED)),
                truth={organ: expectation.states for organ, expectation in expected.items()},
            )
        )
    return found


def fresh_patients(count: int, kept: Path | None = None, first: int = FIRST_FRESH) -> list[Patient]:
    """Phantoms from ``first`` upwards; their pictures are kept in a folder, if one is given."""
    found = []
    for number in range(first, first + count):
        phantom = fresh_phantom(number)
        path = kept / f"{number}.npz" if kept else None
        if path and path.exists():
            with np.load(path) as arrays:
                images = tuple(SentImage(name=n, pixels=arrays[n]) for n in arrays.files)
        else:
            images = images_of_phantom(phantom.spec)
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
                np.savez_compressed(path, **{image.name: image.pixels for image in images})
        found.append(
            Patient(
                id=f"fresh-{number}", seed=phantom.spec.seed, images=images, truth=phantom.truth
            )
        )
    return found

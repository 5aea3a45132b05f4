"""DICOM folders: which files make up which series and study, and the PET and CT of a study."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.dicom_geometry import Stack, stack_slices
from pytest_pet2rep.imaging.dicom_headers import (
    MODALITIES,
    Patient,
    SliceHeader,
    load_pydicom,
    read_header,
)
from pytest_pet2rep.imaging.suv import suv_factors
from pytest_pet2rep.imaging.suv_facts import Normalisation, PetFacts, SuvFactors


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """The slices of one PET or CT series, in no order."""

    modality: str
    number: int
    headers: tuple[SliceHeader, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """All PET and CT series of one Study Instance UID, by number."""

    uid: str
    folder: Path
    """The deepest folder that holds all of its files."""
    series: tuple[Series, ...]

    @property
    def patient(self) -> Patient:
        """Facts of the first PET slice, or of the first slice without one."""
        every = sorted(self.series, key=lambda one: one.modality != "PT")
        return every[0].headers[0].patient


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What a folder holds."""

    studies: tuple[Study, ...]
    """Sorted by folder, then by UID."""
    others: tuple[Path, ...]
    """Files that are no slice of a PET or CT: other kinds, and localizers."""
    copies: tuple[Path, ...]
    """Files with the SOP Instance UID of one before them; left out."""
    damaged: tuple[tuple[Path, str], ...]
    """Files that cannot be read, with the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PetSeries:
    """A PET series that can be converted: its slices in order, and the SUV factor of each."""

    stack: Stack
    suv: SuvFactors


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The PET and the CT of a study that belong together."""

    pet: PetSeries
    ct: Stack | None
    """``None`` where no CT shares the frame of reference."""
    notes: tuple[str, ...]
    """What was chosen among what, and what was left out for which reason."""


def scan_folder(folder: Path) -> Contents:
    """Read the headers of all files below ``folder``; symbolic links to folders are not followed.

    Raises ``MissingDependency`` without pydicom.
    """
    load_pydicom()
    found: dict[str, list[SliceHeader]] = defaultdict(list)
    others, copies, damaged = [], [], []
    seen: set[str] = set()
    for path in _files(folder):
        try:
            header = read_header(path)
        except OSError as why:
            damaged.append((path, why.strerror or str(why)))
            continue
        except ImagingError as why:
            damaged.append((path, str(why).removeprefix(f"{path}: ")))
            continue
        if header is None or not _is_slice(header):
            others.append(path)
        elif header.instance in seen:
            copies.append(path)
        else:
            seen.add(header.instance)
            found[header.study].append(header)
    studies = sorted(
        (_study(uid, headers) for uid, headers in found.items()),
        key=lambda study: (str(study.folder), study.uid),
    )
    return Contents(
        studies=tuple(studies),
        others=tuple(others),
        copies=tuple(copies),
        damaged=tuple(damaged),
    )


def choose_pair(study: Study, normalisation: Normalisation) -> Pair:
    """Choose the PET series of a study that can be converted to SUV, and the CT that goes with it.

    Of several PET series the one that covers most of the body is taken, of several CT series in its
    frame of reference the one that overlaps it most; then original before derived, then most
    slices, then the lowest series number.  Every choice is noted.

    Raises ``ImagingError`` if no PET series can be converted, with the reasons.
    """
    notes: list[str] = []
    pets: list[tuple[Series, PetSeries]] = []
    for series in (one for one in study.series if one.modality == "PT"):
        try:
            pets.append((series, _pet(series, normalisation)))
        except ImagingError as why:
            notes.append(f"PET series {series.number}: {why}")
    if not pets:
        raise ImagingError("; ".join(notes) or "has no PET series")
    pets.sort(key=lambda one: _rank(one[1].stack, _extent(one[1].stack)))
    series, pet = pets[0]
    if len(pets) > 1:
        notes.append(_choice("PET", series, [other for other, _ in pets[1:]]))
    ct = _matching_ct(study, pet.stack, notes)
    return Pair(pet=pet, ct=ct, notes=tuple(notes))


def pet_facts(slices: Sequence[SliceHeader]) -> PetFacts:
    """Facts for the SUV of the slices of one series, one frame per slice in this order.

    Raises ``ImagingError`` where slices disagree on what must hold for all of them.
    """
    first = slices[0]
    for header in slices:
        if header.pet != first.pet or _body(header.patient) != _body(first.patient):
            raise ImagingError(
                "its slices differ in units, dose, times, corrections or patient: more than one "
                "examination under one series number"
            )
    return PetFacts(
        units=first.pet.units,
        suv_type=first.pet.suv_type,
        decay_correction=first.pet.decay_correction,
        corrections=first.pet.corrections,
        sex=first.patient.sex,
        weight_kg=first.patient.weight_kg,
        height_cm=first.patient.height_cm,
        dose=first.pet.dose,
        half_life_s=first.pet.half_life_s,
        series_start=first.pet.series_start,
        injected=first.pet.injected,
        injected_clock=first.pet.injected_clock,
        ge_scan_start=first.pet.ge_scan_start,
        frames=tuple(header.frame for header in slices),
    )


def _is_slice(header: SliceHeader) -> bool:
    return header.modality in MODALITIES and "LOCALIZER" not in header.image_type


def _body(patient: Patient) -> tuple[str, float | None, float | None]:
    return patient.sex, patient.weight_kg, patient.height_cm


def _files(folder: Path) -> Iterable[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file():
                yield path


def _study(uid: str, headers: Sequence[SliceHeader]) -> Study:
    grouped: dict[tuple[str, str], list[SliceHeader]] = defaultdict(list)
    for header in headers:
        grouped[header.series, header.modality].append(header)
    series = [
        Series(modality=modality, number=slices[0].series_number, headers=tuple(slices))
        for (_, modality), slices in sorted(grouped.items())
    ]
    folder = Path(os.path.commonpath([header.path.parent for header in headers]))
    return Study(
        uid=uid,
        folder=folder,
        series=tuple(sorted(series, key=lambda one: (one.modality, one.number))),
    )


def _pet(series: Series, normalisation: Normalisation) -> PetSeries:
    _check_usable(series)
    stack = stack_slices(series.headers)
    for header in stack.slices:
        if header.slope is None or header.slope <= 0:
            raise ImagingError("a slice has no Rescale Slope (0028,1053) above 0")
        if header.intercept:
            raise ImagingError(
                f"Rescale Intercept (0028,1052) is {header.intercept:g}: it must be 0 in PET"
            )
    return PetSeries(stack=stack, suv=suv_factors(pet_facts(stack.slices), normalisation))


def _matching_ct(study: Study, pet: Stack, notes: list[str]) -> Stack | None:
    frame = pet.slices[0].frame_of_reference
    found: list[tuple[Series, Stack]] = []
    for series in (one for one in study.series if one.modality == "CT"):
        if not frame or series.headers[0].frame_of_reference != frame:
            notes.append(f"CT series {series.number}: not in the frame of reference of the PET")
            continue
        try:
            found.append((series, _ct(series)))
        except ImagingError as why:
            notes.append(f"CT series {series.number}: {why}")
    found = [(series, stack) for series, stack in found if _overlap(stack, pet) > 0]
    found.sort(key=lambda one: _rank(one[1], _overlap(one[1], pet)))
    if len(found) > 1:
        notes.append(_choice("CT", found[0][0], [other for other, _ in found[1:]]))
    return found[0][1] if found else None


def _ct(series: Series) -> Stack:
    _check_usable(series)
    stack = stack_slices(series.headers)
    if any(header.slope is None or header.intercept is None for header in stack.slices):
        raise ImagingError("a slice has no Rescale Slope (0028,1053) or Intercept (0028,1052)")
    return stack


def _check_usable(series: Series) -> None:
    if any(header.burned_in for header in series.headers):
        raise ImagingError("Burned In Annotation (0028,0301) is YES: its pixels may hold a name")


def _rank(stack: Stack, covered: float) -> tuple[float, bool, int, int]:
    first = stack.slices[0]
    return -round(covered), "ORIGINAL" not in first.image_type, -stack.shape[2], first.series_number


def _extent(stack: Stack) -> float:
    low, high = stack.bounds
    return float(high[2] - low[2])


def _overlap(one: Stack, other: Stack) -> float:
    """Shared volume of the bounding boxes in mL."""
    low = np.maximum(one.bounds[0], other.bounds[0])
    high = np.minimum(one.bounds[1], other.bounds[1])
    return float(np.prod(np.clip(high - low, 0, None)) / 1e3)


def _choice(kind: str, taken: Series, left: Sequence[Series]) -> str:
    others = ", ".join(f"{one.number} ({len(one.headers)} slices)" for one in left)
    return f"{kind} series {taken.number} ({len(taken.headers)} slices) is taken, not {others}"

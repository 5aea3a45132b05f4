"""Whether a PET and a CT look like SUV and HU of one whole body, upright and not mirrored.

The limits are our own, set wide around what FDG does in the body: blood pool 1.55, liver 2.2 SUV
(Boktor et al., J Nucl Med 2013; 54: 677), cerebellum 8.0 (Wang et al., Mol Imaging Biol 2007; 9:
83).  A missing decay correction (a factor of 0.685 at 60 min) lies inside them and is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.body_sample import BodySample, sample_body
from pytest_pet2rep.imaging.extent import Extent
from pytest_pet2rep.imaging.planes import Grid, Voxels

BODY_MEDIAN = (0.3, 1.5)
"""SUV; half of the body is muscle and fat, which lie between 0.3 and 0.8."""
BODY_MEDIAN_UNITS = (0.03, 30.0)
"""SUV; beyond these only another unit or a factor of 1000 explains the body's median."""
HOTTEST = 200.0
"""SUV; the 99.9th percentile of a volume is 5 to 60, bladder and brain included."""
MOST_NEGATIVE = -1.0
"""SUV; filters ring a little below zero."""
CT_AIR = -900.0
HU_MIN = -200.0
"""Values below this are no SUV, however filtered."""
OUTSIDE = 0.25
"""Part of the hot voxels beside the body of the CT above which the two do not fit: 0 as it should
be, 0.1 at 60 mm, 0.5 at 120 mm in our phantoms."""
CT_COVERS = 0.8
WHOLE_BODY_MM = 700.0
BRAIN_ML = 200.0
"""A brain above SUV 3.5 fills 700 to 1,300 mL; a full bladder can reach some 400 mL."""
UPSIDE_DOWN_ML = 500.0
LIVER_SIDE = 1.5
"""Right over left in the upper abdomen is 2.5 to 4.0 in our 80 phantoms; mirrored it is < 0.4."""


class Severity(StrEnum):
    """``ERROR``: the case cannot be used; ``WARNING``: somebody should look."""

    ERROR = "error"
    WARNING = "warning"


class Check(StrEnum):
    """What was looked at."""

    FINITE = "finite"
    EMPTY = "empty"
    FRAMES = "frames"
    SWAPPED = "swapped"
    UNITS = "units"
    FIELD = "field"
    HEAD = "head"
    SIDES = "sides"


@dataclass(frozen=True, kw_only=True, slots=True)
class SanityNotice:
    """One thing that is not as it should be, with the numbers that show it."""

    severity: Severity
    check: Check
    what: str
    """A sentence without its subject's path."""
    evidence: Mapping[str, float] = field(default_factory=dict)


Notices = Iterator[SanityNotice]


class Measured(Voxels, Protocol):
    """A volume, or a part of one that knows the extent of the whole."""

    @property
    def extent(self) -> Extent: ...


def check_volumes(pet: Measured, ct: Measured) -> tuple[SanityNotice, ...]:
    """Check a PET (SUV) and a CT (HU), both in RAS order; return what is wrong, errors first.

    Errors: no finite values, nothing but one value, no common space, PET and CT swapped, another
    unit than SUV or HU.  Warnings: some values not finite, uptake beside the body, a factor that
    may be wrong, part of the body, no brain, upside down, mirrored.  The last three are
    looked for only in scans of at least 700 mm, from hot volumes near both ends and from the side
    of the liver.  Of parts, the voxels of ``sampled_lattice`` and ``NearestPoints`` are needed.
    """
    pet_extent, ct_extent = pet.extent, ct.extent
    broken = [*_values("PET", pet_extent), *_values("CT", ct_extent), *_space(pet, ct)]
    if not _unusable(broken):
        broken += _ranges(pet_extent, ct_extent)
    if not _unusable(broken):
        sample = sample_body(pet, ct)
        doubts = list(_uptake(sample))
        broken += doubts
        if not _unusable(doubts) and all(doubt.check is not Check.UNITS for doubt in doubts):
            # In other units, volumes above an SUV mean nothing.
            broken += [*_coverage(sample), *_head(sample), *_sides(sample)]
    return tuple(sorted(broken, key=lambda notice: notice.severity is not Severity.ERROR))


def _unusable(notices: Iterable[SanityNotice]) -> bool:
    return any(notice.severity is Severity.ERROR for notice in notices)


def _error(check: Check, what: str, **evidence: float) -> SanityNotice:
    return SanityNotice(severity=Severity.ERROR, check=check, what=what, evidence=evidence)


def _warning(check: Check, what: str, **evidence: float) -> SanityNotice:
    return SanityNotice(severity=Severity.WARNING, check=check, what=what, evidence=evidence)


def _values(name: str, extent: Extent) -> Notices:
    lost = 1.0 - extent.finite / extent.voxels
    if lost >= 0.5:
        yield _error(Check.FINITE, f"{lost:.0%} of the {name} is not finite", part=lost)
        return
    if lost:
        what = f"{lost:.2%} of the {name} is not finite and is shown as background"
        yield _warning(Check.FINITE, what, part=lost)
    if extent.low == extent.high:
        what = f"the {name} is empty: every voxel is {extent.low:g}"
        yield _error(Check.EMPTY, what, value=extent.low)


def _space(pet: Grid, ct: Grid) -> Notices:
    (pet_low, pet_high), (ct_low, ct_high) = _box(pet), _box(ct)
    shared = np.minimum(pet_high, ct_high) - np.maximum(pet_low, ct_low)
    if (shared <= 0).any():
        apart = float(-shared.min())
        what = f"PET and CT share no space: they lie {apart:.0f} mm apart"
        yield _error(Check.FRAMES, what, apart_mm=apart)
    elif (covered := float(shared[2] / (pet_high - pet_low)[2])) < CT_COVERS:
        what = f"the CT covers {covered:.0%} of the PET from foot to head"
        yield _warning(Check.FRAMES, what, covered=covered)


def _ranges(pet: Extent, ct: Extent) -> Notices:
    pet_low, pet_high, ct_low, ct_high = pet.low, pet.high, ct.low, ct.high
    seen = {"pet_min": pet_low, "pet_max": pet_high, "ct_min": ct_low, "ct_max": ct_high}
    if pet_low < HU_MIN and ct_low > HU_MIN:
        what = f"PET and CT are swapped: the PET goes down to {pet_low:.0f}, the CT to {ct_low:.0f}"
        yield _error(Check.SWAPPED, what, **seen)
    elif pet_low < HU_MIN:
        what = f"the PET goes down to {pet_low:.0f}: these are Hounsfield units, not SUV"
        yield _error(Check.UNITS, what, **seen)
    elif ct_low >= 0 and ct_high > 1000:
        what = f"the CT goes from {ct_low:.0f} to {ct_high:.0f}: stored values without the offset"
        yield _error(Check.UNITS, what, **seen)
    elif ct_low > HU_MIN and ct_high < -HU_MIN:
        what = f"the CT goes from {ct_low:.1f} to {ct_high:.1f}: these are no Hounsfield units"
        yield _error(Check.UNITS, what, **seen)
    elif ct_low > CT_AIR:
        what = f"the CT has no air: it goes down to {ct_low:.0f} HU only"
        yield _warning(Check.UNITS, what, **seen)
    if HU_MIN <= pet_low < MOST_NEGATIVE:
        yield _warning(Check.UNITS, f"the PET goes down to SUV {pet_low:.1f}", **seen)


def _uptake(sample: BodySample) -> Notices:
    hot = float(np.percentile(sample.suv, 99.9))
    if not sample.body.any():
        yield _error(Check.FRAMES, "no body of the CT lies in the field of the PET", body_ml=0.0)
        return
    middle = float(np.median(sample.suv[sample.body]))
    seen = {"body_median": middle, "percentile_99_9": hot}
    low, high = BODY_MEDIAN_UNITS
    if middle > high or hot > HOTTEST:
        yield _error(Check.UNITS, f"{_shown(seen)}: Bq/mL, or SUV times 1000", **seen)
    elif middle < low:
        what = f"{_shown(seen)}: empty, kBq taken for Bq, or a dose in another unit"
        yield _error(Check.UNITS, what, **seen)
    elif middle > BODY_MEDIAN[1]:
        yield _warning(Check.UNITS, f"{_shown(seen)}: kBq/mL, or a wrong dose or weight", **seen)
    elif middle < BODY_MEDIAN[0]:
        yield _warning(Check.UNITS, f"{_shown(seen)}: low for SUV, check dose and weight", **seen)
    warm = (sample.suv > 3.0 * middle) & sample.in_ct
    beside = float((warm & ~sample.near_body).sum() / max(int(warm.sum()), 1))
    if beside > OUTSIDE:
        what = f"{beside:.0%} of the uptake lies beside the body of the CT: the frames do not fit"
        yield _warning(Check.FRAMES, what, beside=beside)


def _coverage(sample: BodySample) -> Notices:
    if sample.extent_mm < WHOLE_BODY_MM:
        what = f"{sample.extent_mm:.0f} mm of body are in the field: no whole body"
        yield _warning(Check.FIELD, what, extent_mm=sample.extent_mm)


def _head(sample: BodySample) -> Notices:
    if sample.extent_mm < WHOLE_BODY_MM:
        return
    top, bottom = sample.hot_near_ends()
    seen = {"top_ml": top, "bottom_ml": bottom}
    found = f"{top:.0f} mL above SUV 3.5 in the upper 250 mm, {bottom:.0f} mL in the lower"
    if top < BRAIN_ML and bottom > UPSIDE_DOWN_ML:
        yield _warning(Check.HEAD, f"{found}: upside down", **seen)
    elif top < BRAIN_ML:
        what = f"{found}: no brain in the field, or one without uptake"
        yield _warning(Check.HEAD, what, **seen)


def _sides(sample: BodySample) -> Notices:
    if sample.extent_mm < WHOLE_BODY_MM:
        return
    right, left = sample.liver_like_sides()
    if left > LIVER_SIDE * max(right, 1.0) and left > BRAIN_ML:
        what = (
            f"liver-like uptake below the lungs fills {left:.0f} mL on the patient's left and "
            f"{right:.0f} mL on the right: mirrored, or situs inversus"
        )
        yield _warning(Check.SIDES, what, right_ml=right, left_ml=left)


def _shown(seen: Mapping[str, float]) -> str:
    return (
        f"the PET has a median of {seen['body_median']:.3g} in the body and 99.9 % below "
        f"{seen['percentile_99_9']:.3g}"
    )


def _box(volume: Grid) -> NDArray[np.float64]:
    corners = np.array(list(np.ndindex(2, 2, 2))) * np.array(volume.shape) - 0.5
    places = corners @ volume.affine[:3, :3].T + volume.affine[:3, 3]
    return np.stack([places.min(axis=0), places.max(axis=0)])

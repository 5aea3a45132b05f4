"""What can be measured of each lesion in the volumes that are really made.

The volumes are compared with those of the same body without the lesion, voxel by voxel and in
the 8-bit levels of both displays, so that *visible* means measurable in what is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.body import Body, make_body
from pytest_pet2rep.phantom.canvas import Region
from pytest_pet2rep.phantom.lesions import Placed, apply_lesions, place_lesions
from pytest_pet2rep.phantom.physics import breathing_shift, subject_uptake
from pytest_pet2rep.phantom.spec import Lesion, PhantomSpec
from pytest_pet2rep.phantom.synthesis import (
    PET_SIZE,
    PET_STEP,
    add_pet_noise,
    pet_axes,
    project_pet,
)
from pytest_pet2rep.types import UptakeState

SHOWN_FRACTIONS = (0.45, 0.50, 0.55)
"""Coronal planes of the default views, as fractions of the PET grid counted from posterior."""
FUSED_DISPLAY, SEPARATE_DISPLAY = (5.0, 25), (15.0, 12)
"""SUV at the upper end of the display, and the levels (of 255) by which a pixel must differ from
what it would be without the lesion to show it.  Where the PET stands alone, 12 levels move the
colour of a pixel as far as 25 do at its weight of 0.45 in a fused image."""
LEAST_PIXELS = 4
LEAST_SUV = 0.3
"""Losses are not looked for where there was next to nothing to lose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One lesion as it can be measured."""

    lesion: Lesion
    base_suv: float
    """SUV of the organ's own tissue in this subject."""
    suv_max: float
    """Largest SUV inside the lesion, noise included, as a reader would measure it."""
    suv_mean: float
    """Mean SUV inside the lesion, noise included."""
    without_mean: float
    """Mean SUV of the same voxels had the lesion not been there, without noise."""
    suv_core: float
    """SUV without noise where the lesion gains most, or loses the largest part, of uptake."""
    without_core: float
    volume_ml: float
    pixels: tuple[int, ...]
    """Pixels of each shown plane in which the lesion is measurable, in the fused views."""
    pixels_separate: tuple[int, ...]
    """The same for the separate views, up to SUV 15: organs that are white at 5 have levels there.
    """

    @property
    def slices(self) -> tuple[int, ...]:
        """Positions among the shown planes in which the lesion is visible (fused views)."""
        return _positions(self.pixels)

    @property
    def slices_separate(self) -> tuple[int, ...]:
        """Positions among the shown planes in which the lesion is visible (separate views)."""
        return _positions(self.pixels_separate)

    @property
    def visible(self) -> bool:
        return bool(self.slices)

    @property
    def ratio(self) -> float:
        """Uptake of the core relative to what it replaced."""
        return self.suv_core / max(self.without_core, 1e-6)


def _positions(pixels: Sequence[int]) -> tuple[int, ...]:
    return tuple(n for n, count in enumerate(pixels) if count >= LEAST_PIXELS)


def measure(spec: PhantomSpec) -> tuple[Finding, ...]:
    """Measure all lesions of a phantom, in their order."""
    if not spec.lesions:
        return ()
    body = make_body(spec)
    levels = subject_uptake(spec)
    healthy = levels[body.canvas.labels]
    placed = place_lesions(body, levels)
    uptake, hu = healthy.copy(), np.zeros_like(healthy)
    apply_lesions(placed, uptake, hu)
    clean = project_pet(uptake, body)
    noisy = add_pet_noise(clean, spec)
    findings = []
    for number, one in enumerate(placed):
        without = uptake.copy()
        block = without[one.region.box]
        block[one.region.mask] = healthy[one.region.box][one.region.mask]
        rest = tuple(other for n, other in enumerate(placed) if n != number)
        apply_lesions(_overlapping(rest, one), without, hu)
        findings.append(_finding(one, body, clean, noisy, project_pet(without, body)))
    return tuple(findings)


def _overlapping(others: tuple[Placed, ...], one: Placed) -> tuple[Placed, ...]:
    """Lesions that share voxels with one; they show where that one is taken away."""
    return tuple(other for other in others if _touch(other.region, one.region))


def _touch(first: Region, second: Region) -> bool:
    pairs = zip(first.box, second.box, strict=True)
    return all(a.start < b.stop and b.start < a.stop for a, b in pairs)


def _finding(
    one: Placed,
    body: Body,
    clean: NDArray[np.float32],
    noisy: NDArray[np.float32],
    without: NDArray[np.float32],
) -> Finding:
    mask = on_pet_grid(one.region, body)
    inside = mask if mask.any() else np.abs(clean - without) == np.abs(clean - without).max()
    gain = clean - without
    if one.lesion.state is not UptakeState.INCREASED:
        gain = -gain / np.maximum(without, LEAST_SUV)
    gain = np.where(inside, gain, -np.inf)
    core = np.unravel_index(int(gain.argmax()), gain.shape)
    return Finding(
        lesion=one.lesion,
        base_suv=one.base_suv,
        suv_max=float(noisy[inside].max()),
        suv_mean=float(noisy[inside].mean()),
        without_mean=float(without[inside].mean()),
        suv_core=float(clean[core]),
        without_core=float(without[core]),
        volume_ml=float(one.region.mask.sum()) * 2.0 * 2.0 * 4.0 / 1000,
        pixels=_shown_pixels(clean, without, *FUSED_DISPLAY),
        pixels_separate=_shown_pixels(clean, without, *SEPARATE_DISPLAY),
    )


def _shown_pixels(
    with_it: NDArray[np.float32], without: NDArray[np.float32], suv_max: float, levels: int
) -> tuple[int, ...]:
    counts = []
    for fraction in SHOWN_FRACTIONS:
        j = int(fraction * with_it.shape[1] + 1e-9)
        pair = [
            np.rint(np.clip(volume[:, j, :] / suv_max, 0, 1) * 255) for volume in (with_it, without)
        ]
        counts.append(int((np.abs(pair[0] - pair[1]) >= levels).sum()))
    return tuple(counts)


def on_pet_grid(region: Region, body: Body) -> NDArray[np.bool_]:
    """Voxels of the PET grid, in RAS order, whose centres lie in a region of the body's grid."""
    full = np.zeros(body.canvas.labels.shape, dtype=bool)
    full[region.box] = region.mask
    x, y, z = pet_axes(body)
    z_cm = np.interp(z, body.z_mm, body.canvas.trunk.z)
    sampled, valid = [], []
    for wanted, have in (
        (x, body.x_mm),
        (y, body.y_mm),
        (z - breathing_shift(z_cm, body.spec), body.z_mm),
    ):
        index = np.rint((wanted - have[0]) / (have[1] - have[0])).astype(int)
        valid.append((index >= 0) & (index < have.size))
        sampled.append(np.clip(index, 0, have.size - 1))
    inside = full[np.ix_(*sampled)] & np.logical_and.outer(
        np.logical_and.outer(valid[0], valid[1]), valid[2]
    )
    return np.ascontiguousarray(inside[::-1, ::-1, :])


def best_lift(spec: PhantomSpec, candidates: Sequence[float]) -> float:
    """The height of the table at which the shown planes cut most lesions best.

    Patients lie higher or lower in the scanner by centimetres; a cohort that is looked at in
    three planes chooses among the usual heights one at which its lesions are seen.
    """
    body = make_body(spec)
    placed = place_lesions(body, subject_uptake(spec))
    depth = body.y_mm + spec.lift_mm
    middle = (PET_SIZE - 1) / 2
    posterior = [(middle - int(f * PET_SIZE + 1e-9)) * PET_STEP[1] for f in SHOWN_FRACTIONS]

    def score(lift: float) -> tuple[int, float, float]:
        shares = []
        for one in placed:
            area = one.region.mask.sum(axis=(0, 2)).astype(float)
            where = depth[one.region.box[1]]
            seen = max(float(np.interp(p + lift, where, area, 0, 0)) for p in posterior)
            shares.append(min(seen / max(area.max(), 1.0), 1.0))
        return sum(s > 0.55 for s in shares), float(np.round(sum(shares), 3)), -abs(lift - 6.0)

    return max(candidates, key=score)


def contradictions(finding: Finding) -> list[str]:
    """What speaks against the written state of a lesion; empty when the volumes bear it out.

    Increased: at least 1.5 times the organ's own uptake and what it replaced (brain 1.3).
    Decreased: 0.3 to 0.8 times what it replaced; absent: at most 0.35 times, after blur.
    """
    state, organ = finding.lesion.state, finding.lesion.organ
    against = []
    if state is UptakeState.INCREASED:
        least = 1.3 if organ == "brain" else 1.5
        if finding.suv_core < least * max(finding.base_suv, finding.without_core):
            against.append(f"core {finding.suv_core:.2f} is not {least} x {finding.base_suv:.2f}")
        if finding.suv_mean <= finding.without_mean:
            against.append("its mean is not above what it replaced")
        return against
    low, high = (0.3, 0.8) if state is UptakeState.DECREASED else (0.0, 0.35)
    if not low <= finding.ratio <= high:
        against.append(f"ratio {finding.ratio:.2f} lies outside {low} to {high}")
    if finding.suv_mean >= finding.without_mean:
        against.append("its mean is not below what it replaced")
    return against

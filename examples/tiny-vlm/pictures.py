"""The three default pictures of a phantom, and where in them each lesion can be seen.

Only thin slabs around the shown planes are computed, from one painted body for several subjects:
some ten times faster than making whole volumes.  Blur, noise and display are those of the package;
the noise of a picture is another draw than that of the whole volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.options import ViewOptions
from pytest_pet2rep.imaging.rendering import render_planes
from pytest_pet2rep.imaging.volumes import Volume
from pytest_pet2rep.phantom.body import CT_SIZE, CT_STEP, Body
from pytest_pet2rep.phantom.canvas import Region
from pytest_pet2rep.phantom.lesions import Placed, apply_lesions
from pytest_pet2rep.phantom.physics import breathing_shift, ct_numbers, resampler
from pytest_pet2rep.phantom.spec import PhantomSpec
from pytest_pet2rep.phantom.synthesis import PET_SIZE, PET_STEP, add_pet_noise, pet_axes
from pytest_pet2rep.phantom.truth import SHOWN_FRACTIONS

REACH_MM = 13.0
"""More than four standard deviations of the PET's resolution."""
LEAST_LEVELS = 25
"""A lesion is seen where it moves the display by this many of its 255 levels, as in the truth of
the shipped cases."""
CT_REACH_MM = 4.5
"""The CT is interpolated between two rows of 2 mm and softened by one on either side."""
NOISE_ROWS = 5
"""The noise is smoothed over two rows on either side."""
PLANES_MM = tuple(
    ((PET_SIZE - 1) / 2 - int(f * PET_SIZE + 1e-9)) * PET_STEP[1] for f in SHOWN_FRACTIONS
)
"""Shown planes, mm to posterior of the centre of the field of view."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One shown plane: uint8 (rows, 200, 3), and for each lesion where it changes the display."""

    pixels: NDArray[np.uint8]
    changed: tuple[NDArray[np.bool_], ...]


class Projector:
    """The blur of one body's PET along x and z, made once for all planes and subjects."""

    def __init__(self, body: Body) -> None:
        self.body = body
        x, _, z = pet_axes(body)
        z_cm = np.interp(z, body.z_mm, body.canvas.trunk.z)
        self.fwhm = body.spec.psf_mm
        self._across = resampler(body.x_mm, x, self.fwhm)
        self._up = resampler(body.z_mm, z - breathing_shift(z_cm, body.spec), self.fwhm)

    def weights(self, rows: slice, at_mm: float) -> NDArray[np.float32]:
        """What each row of a slab adds to the plane at ``at_mm``."""
        deep = resampler(self.body.y_mm[rows], np.array([at_mm]), self.fwhm)
        return np.asarray(deep.toarray()[0], dtype=np.float32)

    def plane(
        self, flat: NDArray[np.float32], x: slice = slice(None), z: slice = slice(None)
    ) -> NDArray[np.float32]:
        """PET without noise, shape (200, slices), of uptake that was summed over its rows."""
        across = self._across[:, x] @ flat
        return np.ascontiguousarray((self._up[:, z] @ across.T).T[::-1])


def pictures(
    projector: Projector,
    spec: PhantomSpec,
    levels: NDArray[np.float32],
    placed: Sequence[Placed],
    lift_mm: float,
) -> list[Picture]:
    """Render a subject with the given uptake ``levels`` and lesions, lying at ``lift_mm``.

    The body of ``projector`` must have been painted at lift 0.  Lesions that overlap add up.
    """
    return [_picture(projector, spec, levels, placed, mm + lift_mm, mm) for mm in PLANES_MM]


def _picture(
    projector: Projector,
    spec: PhantomSpec,
    levels: NDArray[np.float32],
    placed: Sequence[Placed],
    at_mm: float,
    noise_key: float,
) -> Picture:
    body = projector.body
    rows = _rows(body, at_mm, REACH_MM)
    labels, weights = body.canvas.labels[:, rows], projector.weights(rows, at_mm)
    flat = np.zeros((labels.shape[0], labels.shape[2]), dtype=np.float32)
    for row, weight in enumerate(weights):
        flat += weight * levels[labels[:, row]]
    clean = projector.plane(flat)
    added = [_added(_cut(one, rows), projector, labels, levels, weights) for one in placed]
    for change in added:
        clean = clean if change is None else clean + change
    nothing = np.zeros(clean.T.shape, dtype=bool)
    changed = [nothing if c is None else _differs(clean, clean - c) for c in added]
    pet = _noisy(clean, replace(spec, seed=spec.seed * 1000 + abs(round(noise_key))))
    ct, last_mm = _recorded(body, spec, placed, at_mm)
    return Picture(pixels=_fused(pet, ct, at_mm, last_mm), changed=tuple(changed))


def _rows(body: Body, at_mm: float, reach_mm: float) -> slice:
    first, last = np.searchsorted(body.y_mm, [at_mm - reach_mm, at_mm + reach_mm])
    return slice(int(first), int(last))


def _added(
    one: Placed | None,
    projector: Projector,
    labels: NDArray[np.uint8],
    levels: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> NDArray[np.float32] | None:
    """What a lesion adds to the plane of a slab (less than zero where uptake is lost)."""
    if one is None:
        return None
    x, y, z = one.region.box
    healthy = levels[labels[one.region.box]]
    block = healthy.copy()
    whole = tuple(slice(0, n) for n in block.shape)
    here = replace(one, region=Region(box=(whole[0], whole[1], whole[2]), mask=one.region.mask))
    apply_lesions((here,), block, np.zeros_like(block))
    return projector.plane(np.einsum("ijk,j->ik", block - healthy, weights[y]), x, z)


def _cut(one: Placed, rows: slice) -> Placed | None:
    """The part of a lesion inside a slab, in the slab's own indices."""
    x, y, z = one.region.box
    low, high = max(y.start, rows.start), min(y.stop, rows.stop)
    if low >= high:
        return None
    mask = one.region.mask[:, low - y.start : high - y.start]
    if not mask.any():
        return None
    box = (x, slice(low - rows.start, high - rows.start), z)
    return replace(one, region=Region(box=box, mask=mask))


def _differs(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where two planes differ visibly on the default display, turned like the picture."""
    shown = [np.rint(np.clip(p / ViewOptions().suv_max, 0, 1) * 255) for p in (first, second)]
    return np.asarray(np.abs(shown[0] - shown[1]) >= LEAST_LEVELS)[::-1, ::-1].T


def _noisy(clean: NDArray[np.float32], spec: PhantomSpec) -> NDArray[np.float32]:
    thick = np.repeat(clean[:, None, :], NOISE_ROWS, axis=1)
    return add_pet_noise(thick, spec)[:, NOISE_ROWS // 2 : NOISE_ROWS // 2 + 1]


def _recorded(
    body: Body, spec: PhantomSpec, placed: Sequence[Placed], at_mm: float
) -> tuple[NDArray[np.float32], float]:
    """The CT around a plane, edges softened by half a voxel, and where its last row lies."""
    from scipy.ndimage import gaussian_filter

    rows = _rows(body, at_mm, CT_REACH_MM)
    labels = body.canvas.labels[:, rows]
    hu = ct_numbers(labels, spec)
    cut = tuple(c for c in (_cut(one, rows) for one in placed) if c is not None)
    apply_lesions(cut, np.zeros_like(hu), hu)
    soft: NDArray[np.float32] = gaussian_filter(hu, (0.55, 0.55, 0.4), truncate=2.5)
    rng = np.random.default_rng([spec.seed, round(at_mm + 1000)])
    soft += rng.standard_normal(soft.shape, dtype=np.float32) * np.float32(spec.ct_noise_hu)
    clipped = np.clip(np.rint(soft), -1024, 3071)[::-1, ::-1, :]
    return clipped, float(body.y_mm[rows][-1])


def _fused(
    pet: NDArray[np.float32], ct: NDArray[np.float32], at_mm: float, last_row_mm: float
) -> NDArray[np.uint8]:
    pet_affine = np.diag([*PET_STEP, 1.0])
    pet_affine[:3, 3] = -(PET_SIZE - 1) / 2 * PET_STEP[0], -at_mm, PET_STEP[2] / 2
    ct_affine = np.diag([*CT_STEP, 1.0])
    ct_affine[:3, 3] = -(CT_SIZE - 1) / 2 * CT_STEP[0], -last_row_mm, CT_STEP[2] / 2
    (image,) = render_planes(
        Volume(data=pet, affine=pet_affine),
        Volume(data=ct, affine=ct_affine),
        [0],
        ViewOptions(),
    )
    pixels: NDArray[np.uint8] = image.pixels
    return pixels

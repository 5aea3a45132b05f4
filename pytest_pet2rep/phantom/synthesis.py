"""From the facts of a phantom case to its PET and CT volumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.body import CT_SIZE, CT_STEP, Body, make_body
from pytest_pet2rep.phantom.lesions import apply_lesions, place_lesions
from pytest_pet2rep.phantom.physics import (
    along_axis,
    breathing_shift,
    ct_numbers,
    pet_noise,
    resampler,
    subject_uptake,
)
from pytest_pet2rep.phantom.spec import PhantomSpec
from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.phantom.tissues import tissues

PHANTOM_VERSION = 3
"""Changes whenever the same spec would give other voxels; cached volumes carry it."""
PET_STEP = (4.0703125, 4.0703125, 5.0)
"""PET voxel, mm: the grid of a Biograph, which the published demo slices show (4.07); a sum of
powers of two, so that an affine stored as float32 is the same affine."""
PET_SIZE = 200
SUV_STEP = 1 / 512
"""PET values are whole multiples of this, so that rounding hides what processors do differently
and a file of 16-bit integers holds them exactly."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PhantomVolumes:
    """The volumes of one case, axes in RAS order (right, anterior, superior).

    ``pet``: float32 SUV (body weight), shape (200, 200, slices); ``ct``: int16 HU, shape
    (250, 250, slices) on its own finer grid.  Affines: 4 x 4, voxel index to RAS mm, one world.
    """

    pet: NDArray[np.float32]
    pet_affine: NDArray[np.float64]
    ct: NDArray[np.int16]
    ct_affine: NDArray[np.float64]


def synthesise(spec: PhantomSpec) -> PhantomVolumes:
    """Make the PET and CT of a phantom case; the same spec gives the same voxels."""
    body = make_body(spec)
    levels = subject_uptake(spec)
    uptake = levels[body.canvas.labels]
    hu = ct_numbers(body.canvas.labels, spec)
    apply_lesions(place_lesions(body, levels), uptake, hu)
    clean = project_pet(uptake, body)
    return PhantomVolumes(
        pet=add_pet_noise(clean, spec),
        pet_affine=_affine(PET_STEP, (PET_SIZE, PET_SIZE)),
        ct=_record_ct(hu, body),
        ct_affine=_affine(CT_STEP, (CT_SIZE, CT_SIZE)),
    )


def pet_axes(body: Body) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """PET voxel centres, mm: to the left, to posterior, up; in the frame of ``Body``."""
    across = (np.arange(PET_SIZE) - (PET_SIZE - 1) / 2) * PET_STEP[0]
    up = (np.arange(int(body.length_mm // PET_STEP[2])) + 0.5) * PET_STEP[2]
    return across, across, up


def project_pet(uptake: NDArray[np.float32], body: Body) -> NDArray[np.float32]:
    """Blur uptake on the body's grid and sample it on the PET grid, without noise, in RAS order."""
    x, y, z = pet_axes(body)
    z_cm = np.interp(z, body.z_mm, body.canvas.trunk.z)
    fwhm = body.spec.psf_mm
    # What the PET sees at height z lies lower in the CT by the breathing shift.
    up = resampler(body.z_mm, z - breathing_shift(z_cm, body.spec), fwhm)
    result = along_axis(resampler(body.y_mm, y, fwhm), uptake, 1)
    result = along_axis(resampler(body.x_mm, x, fwhm), result, 0)
    result = along_axis(up, result, 2)
    return np.ascontiguousarray(result[::-1, ::-1, :])


def add_pet_noise(clean: NDArray[np.float32], spec: PhantomSpec) -> NDArray[np.float32]:
    """Add noise with a standard deviation that grows with the root of the SUV."""
    liver = tissues()["liver"].suv
    strength = spec.noise * np.sqrt(liver * np.maximum(clean, 0))
    noisy = clean + strength * pet_noise(clean.shape, PET_STEP, spec)
    noisy = np.maximum(noisy, 0)
    counted: NDArray[np.float32] = np.rint(noisy / SUV_STEP).astype(np.float32) * np.float32(
        SUV_STEP
    )
    return counted


def _record_ct(hu: NDArray[np.float32], body: Body) -> NDArray[np.int16]:
    """Soften edges by half a voxel, add noise, and put the body into the field of view."""
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(hu, (0.55, 0.55, 0.4), truncate=2.5)
    noise = stream(body.spec.seed, "ct noise").standard_normal(soft.size // 5 + 1, dtype=np.float32)
    soft += np.resize(noise, soft.size).reshape(soft.shape) * np.float32(body.spec.ct_noise_hu)
    field = np.full((CT_SIZE, CT_SIZE, soft.shape[2]), -1000, dtype=np.int16)
    first = int(np.rint((body.y_mm[0] + (CT_SIZE - 1) * CT_STEP[1] / 2) / CT_STEP[1]))
    field[:, first : first + soft.shape[1]] = np.clip(np.rint(soft), -1024, 3071).astype(np.int16)
    return np.ascontiguousarray(field[::-1, ::-1, :])


def _affine(step: tuple[float, float, float], size: tuple[int, int]) -> NDArray[np.float64]:
    """Grid centred on the field of view in x and y, its lowest slice's lower face at z = 0."""
    affine = np.diag([*step, 1.0])
    affine[0, 3] = -(size[0] - 1) / 2 * step[0]
    affine[1, 3] = -(size[1] - 1) / 2 * step[1]
    affine[2, 3] = step[2] / 2
    return affine

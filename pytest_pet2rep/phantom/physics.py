"""From a body to what the scanners record: uptake, blur, noise, CT numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.spec import PhantomSpec
from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.phantom.tissues import tissues

SHARED_SD = 0.13
"""Spread of the factor that liver, blood, spleen, marrow and muscle have in common."""
FWHM_TO_SIGMA = 1 / 2.3548200450309493
NOISE_CLIP = 3.0
"""Noise beyond this many standard deviations is cut, so that it makes no focus of its own."""


def subject_uptake(spec: PhantomSpec) -> NDArray[np.float32]:
    """SUV of every tissue in this subject, indexed by tissue number.

    Means and spreads of ``data/tissues.toml``; one factor is shared by the tissues marked so
    (adiposity and glucose move them together), the rest of the spread is each tissue's own.
    Urine varies log-normally; age lowers tonsils, marrow and endometrium.
    """
    common = 1 + SHARED_SD * _draw(spec, "shared uptake", 2.0)
    levels = np.zeros(len(tissues()), dtype=np.float32)
    for tissue in tissues().values():
        own = _draw(spec, f"uptake of {tissue.name}", 1.8)
        sd = tissue.sd
        if tissue.shared:
            sd = float(
                np.sqrt(max(sd**2 - (SHARED_SD * tissue.suv) ** 2, (0.03 * tissue.suv) ** 2))
            )
        levels[tissue.number] = tissue.suv * (common if tissue.shared else 1.0) + own * sd
    urine = tissues()["urine"]
    levels[urine.number] = np.exp(np.log(11.0) + 0.5 * _draw(spec, "urine", 1.5))
    older = float(np.clip((spec.age - 55) / 30, -1, 1))
    for name, fall in (("tonsils", 0.15), ("marrow", 0.12), ("endometrium", 0.15)):
        levels[tissues()[name].number] *= 1 - fall * older
    return np.maximum(levels, 0)


def _draw(spec: PhantomSpec, name: str, limit: float) -> float:
    """A standard normal draw of its own stream, cut at ``limit``."""
    return float(np.clip(stream(spec.seed, name).normal(), -limit, limit))


def ct_numbers(labels: NDArray[np.uint8], spec: PhantomSpec) -> NDArray[np.float32]:
    """CT numbers (HU) of a label map, with each tissue's grain, without scanner noise."""
    rows = tissues().values()
    mean = np.array([t.hu for t in rows], dtype=np.float32)
    grain = np.array([t.grain for t in rows], dtype=np.float32)
    rng = stream(spec.seed, "grain")
    texture = rng.standard_normal(labels.size // 7 + 1, dtype=np.float32)
    flat = np.resize(texture, labels.size).reshape(labels.shape)
    hu: NDArray[np.float32] = mean[labels] + grain[labels] * flat
    return hu


def resampler(
    source_mm: NDArray[np.float64], target_mm: NDArray[np.float64], fwhm_mm: float
) -> Any:
    """Sparse matrix (targets x sources) that blurs along one axis and samples at the targets.

    Each row holds the Gaussian's mass over each source voxel, so that it sums to 1 inside the
    body; sampling and blurring in one product cost less than either alone.
    """
    from scipy.sparse import csr_array
    from scipy.special import erf

    sigma = fwhm_mm * FWHM_TO_SIGMA
    step = float(source_mm[1] - source_mm[0])
    reach = int(np.ceil(4 * sigma / step)) + 1
    first = np.rint((target_mm - source_mm[0]) / step).astype(int) - reach
    columns = first[:, None] + np.arange(2 * reach + 1)[None, :]
    centres = source_mm[0] + columns * step - target_mm[:, None]
    scale = 1 / (sigma * np.sqrt(2))
    mass = 0.5 * (erf((centres + step / 2) * scale) - erf((centres - step / 2) * scale))
    rows = np.repeat(np.arange(target_mm.size), columns.shape[1])
    keep = (columns.ravel() >= 0) & (columns.ravel() < source_mm.size)
    return csr_array(
        (mass.ravel()[keep].astype(np.float32), (rows[keep], columns.ravel()[keep])),
        shape=(target_mm.size, source_mm.size),
    )


def along_axis(matrix: Any, values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Apply a (targets x sources) matrix along one axis of an array."""
    moved = np.moveaxis(values, axis, 0)
    shape = moved.shape
    product = matrix @ np.ascontiguousarray(moved).reshape(shape[0], -1)
    result: NDArray[np.float32] = np.moveaxis(product.reshape(-1, *shape[1:]), 0, axis)
    return result


def breathing_shift(z_cm: NDArray[np.float64], spec: PhantomSpec) -> NDArray[np.float64]:
    """How far up the PET shows what the CT shows at heights ``z_cm`` of the trunk, mm.

    Full at the diaphragm (z 40 cm of the reference body), fading to none in the pelvis and at
    the top of the lungs.
    """
    shift: NDArray[np.float64] = spec.breathing_mm * np.interp(
        z_cm, [20, 36, 46, 60], [0.0, 1.0, 1.0, 0.0]
    )
    return shift


def pet_noise(
    shape: tuple[int, int, int], step_mm: tuple[float, float, float], spec: PhantomSpec
) -> NDArray[np.float32]:
    """Correlated noise of unit variance: white noise through the PET's own resolution, clipped."""
    from scipy.ndimage import gaussian_filter

    white = stream(spec.seed, "pet noise").standard_normal(shape, dtype=np.float32)
    sigma = [spec.psf_mm * FWHM_TO_SIGMA / s for s in step_mm]
    smooth = gaussian_filter(white, sigma, mode="wrap", truncate=3.0)
    smooth /= np.sqrt(np.prod([_noise_gain(s) for s in sigma]))
    return np.clip(smooth, -NOISE_CLIP, NOISE_CLIP)


def _noise_gain(sigma: float) -> float:
    """Variance that a sampled Gaussian of this width leaves of white noise along one axis."""
    reach = int(3.0 * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    return float((kernel**2).sum())

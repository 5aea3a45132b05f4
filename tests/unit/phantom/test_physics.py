"""Blur, noise and uptake against closed forms and published figures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pytest_pet2rep.phantom.physics import (
    NOISE_CLIP,
    along_axis,
    breathing_shift,
    pet_noise,
    resampler,
    subject_uptake,
)
from pytest_pet2rep.phantom.spec import PhantomSpec
from pytest_pet2rep.phantom.tissues import tissues

FINE = np.arange(-40.0, 40.5, 0.5)


def test_blurring_keeps_a_uniform_body_as_it_is() -> None:
    matrix = resampler(FINE, np.array([-10.0, 0.3, 12.0]), 6.5)
    assert matrix @ np.ones(FINE.size) == pytest.approx(np.ones(3), abs=2e-5)


def test_outside_of_the_painted_grid_there_is_nothing() -> None:
    assert resampler(FINE, np.array([90.0]), 6.5).sum() == 0


@pytest.mark.parametrize("fwhm", [4.0, 6.5, 8.0])
def test_a_point_is_blurred_to_the_stated_width(fwhm: float) -> None:
    point = np.zeros(FINE.size)
    point[FINE.size // 2] = 1
    targets = np.arange(-20, 20.01, 0.05)
    profile = resampler(FINE, targets, fwhm) @ point
    above = targets[profile >= profile.max() / 2]
    assert above[-1] - above[0] == pytest.approx(fwhm, abs=0.1)


@pytest.mark.parametrize("diameter", [8.0, 10.0, 13.0, 17.0, 22.0])
def test_small_lesions_lose_contrast_as_a_gaussian_says(diameter: float) -> None:
    """Centre of a sphere: erf(R/(sqrt2 s)) - sqrt(2/pi) (R/s) exp(-R^2/(2 s^2))."""
    fwhm, radius = 6.5, diameter / 2
    axis = np.arange(-16.0, 16.5, 0.5)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    sphere = (x**2 + y**2 + z**2 <= radius**2).astype(np.float32)
    at_centre = resampler(axis, np.array([0.0]), fwhm)
    for dimension in range(3):
        sphere = along_axis(at_centre, sphere, dimension)
    ratio = radius / (fwhm / 2.35482)
    expected = math.erf(ratio / math.sqrt(2)) - math.sqrt(2 / math.pi) * ratio * math.exp(
        -(ratio**2) / 2
    )
    assert float(sphere.squeeze()) == pytest.approx(expected, abs=0.02)


def test_noise_has_unit_variance_is_correlated_and_cut() -> None:
    noise = pet_noise((60, 60, 60), (4.0, 4.0, 5.0), PhantomSpec(seed=3, sex="M"))
    assert noise.std() == pytest.approx(1.0, abs=0.03)
    assert np.abs(noise).max() <= NOISE_CLIP
    neighbours = np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]
    assert neighbours > 0.4


def test_subjects_vary_as_published_and_shared_tissues_move_together() -> None:
    levels = np.stack([subject_uptake(PhantomSpec(seed=s, sex="M")) for s in range(300)])
    table = tissues()
    for name, low, high in (("liver", 0.1, 0.25), ("blood", 0.1, 0.25), ("grey_matter", 0.08, 0.2)):
        column = levels[:, table[name].number]
        assert column.mean() == pytest.approx(table[name].suv, rel=0.05)
        assert low < column.std() / column.mean() < high
    pair = [levels[:, table[n].number] for n in ("liver", "blood")]
    assert np.corrcoef(*pair)[0, 1] > 0.5
    apart = [levels[:, table[n].number] for n in ("liver", "grey_matter")]
    assert abs(np.corrcoef(*apart)[0, 1]) < 0.2
    assert (levels >= 0).all()


def test_old_marrow_and_tonsils_take_up_less() -> None:
    young, old = (subject_uptake(PhantomSpec(seed=4, sex="F", age=a)) for a in (30.0, 84.0))
    for name in ("marrow", "tonsils"):
        assert old[tissues()[name].number] < young[tissues()[name].number]


def test_breathing_moves_the_upper_abdomen_only() -> None:
    spec = PhantomSpec(seed=1, sex="M", breathing_mm=10)
    shift = breathing_shift(np.array([5.0, 40.0, 90.0]), spec)
    assert list(shift) == [0.0, 10.0, 0.0]

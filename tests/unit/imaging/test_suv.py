"""SUV factors come from the header by the rules of the standard, or not at all.

80 kg, 400 MBq and a half-life of 6,600 s from injection to scan: 200 MBq are left, 80,000 g / 200
MBq = 4e-4 SUV per Bq/mL.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.suv import suv_factors
from pytest_pet2rep.imaging.suv_body import body_surface_m2, lean_body_mass
from pytest_pet2rep.imaging.suv_facts import FrameFacts, Normalisation, PetFacts
from pytest_pet2rep.imaging.suv_times import mean_activity_s

INJECTION = datetime(2021, 3, 5, 8, 0)
HALF_LIFE = 6600.0
SCAN = INJECTION + timedelta(seconds=HALF_LIFE)
ONE = FrameFacts(acquired=SCAN, duration_s=120.0, reference_s=0.0)
FACTS = PetFacts(
    units="BQML",
    decay_correction="START",
    corrections=("ATTN", "DECY"),
    sex="M",
    weight_kg=80.0,
    height_cm=180.0,
    dose=400e6,
    half_life_s=HALF_LIFE,
    series_start=SCAN,
    injected_clock=INJECTION.time(),
    frames=(ONE, ONE),
)


def facts(**changes: Any) -> PetFacts:
    return replace(FACTS, **changes)


def factor(**changes: Any) -> float:
    (value,) = set(suv_factors(facts(**changes)).factors)
    return value


def test_half_of_the_dose_is_left_after_one_half_life() -> None:
    assert factor() == pytest.approx(4e-4, rel=1e-12)


def test_the_series_time_holds_although_later_beds_were_acquired_later() -> None:
    later = FrameFacts(acquired=SCAN + timedelta(minutes=20), duration_s=120.0, reference_s=0.0)
    assert factor(frames=(ONE, later)) == pytest.approx(4e-4, rel=1e-12)


def test_a_series_made_later_takes_the_earliest_acquisition() -> None:
    later = SCAN + timedelta(hours=1)
    beds = tuple(replace(ONE, acquired=SCAN + timedelta(minutes=m)) for m in (9, 0, 3))
    assert factor(series_start=later, frames=beds) == pytest.approx(4e-4, rel=1e-12)


def test_a_series_made_later_takes_the_private_scan_time_of_ge_first() -> None:
    frames = (replace(ONE, acquired=SCAN + timedelta(minutes=5)),)
    made = factor(series_start=SCAN + timedelta(hours=1), ge_scan_start=SCAN, frames=frames)
    assert made == pytest.approx(4e-4, rel=1e-12)


def test_a_series_made_later_is_computed_back_from_its_frames() -> None:
    # Two beds of different length, whose mean activity is 700 s and 1,500 s after the reference.
    beds = []
    for duration, reference in ((180.0, 700.0), (600.0, 1500.0)):
        into = mean_by_quadrature(duration)
        acquired = SCAN + timedelta(seconds=reference - into)
        beds.append(FrameFacts(acquired=acquired, duration_s=duration, reference_s=reference))
    made = factor(series_start=SCAN + timedelta(hours=1), frames=tuple(beds))
    assert made == pytest.approx(4e-4, rel=1e-8)


def test_frames_that_give_several_reference_times_are_refused() -> None:
    beds = tuple(replace(ONE, reference_s=s) for s in (100.0, 400.0))
    with pytest.raises(ImagingError, match="300 s apart"):
        factor(series_start=SCAN + timedelta(hours=1), frames=beds)


def mean_by_quadrature(duration: float) -> float:
    """Time at which the activity equals its mean over the frame, without the closed form."""
    mean = quad(lambda t: 2 ** (-t / HALF_LIFE), 0, duration)[0] / duration
    return float(brentq(lambda t: 2 ** (-t / HALF_LIFE) - mean, 0, duration))


@pytest.mark.parametrize("duration", [10.0, 180.0, 3600.0])
def test_the_time_of_mean_activity_is_that_of_the_integral(duration: float) -> None:
    expected = mean_by_quadrature(duration)
    assert mean_activity_s(duration, HALF_LIFE) == pytest.approx(expected, rel=1e-6)


def test_an_injection_before_midnight_belongs_to_the_day_before() -> None:
    scan = datetime(2021, 3, 5, 0, 30)
    made = factor(
        series_start=scan,
        injected_clock=(scan - timedelta(seconds=HALF_LIFE)).time(),
        frames=(replace(ONE, acquired=scan),),
    )
    assert made == pytest.approx(4e-4, rel=1e-12)


def test_an_injection_with_its_date_counts_before_one_without() -> None:
    scan = datetime(2021, 3, 5, 23, 0)
    frames = (replace(ONE, acquired=scan),)
    dated = scan - timedelta(seconds=HALF_LIFE)
    same = {"series_start": scan, "frames": frames, "injected": dated}
    assert factor(**same, injected_clock=None) == pytest.approx(4e-4, rel=1e-12)
    assert factor(**same, injected_clock=dated.time()) == pytest.approx(4e-4, rel=1e-12)


def test_a_date_of_injection_that_was_shifted_alone_leaves_its_time_of_day() -> None:
    made = suv_factors(facts(injected=INJECTION - timedelta(days=400)))
    assert made.factors[0] == pytest.approx(4e-4, rel=1e-12)
    assert any("does not fit" in clause for clause in made.basis)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"injected": INJECTION + timedelta(hours=1)}, "differ by 3600 s"),
        ({"injected_clock": SCAN.time().replace(second=30)}, "after the injection"),
        ({"injected": INJECTION - timedelta(days=3), "injected_clock": None}, "73.8 h after"),
        ({"injected": SCAN + timedelta(hours=1), "injected_clock": None}, "-1.0 h after"),
        ({"injected_clock": None}, "0018,1072"),
        ({"series_start": None}, "0008,0021"),
        ({"frames": (replace(ONE, acquired=None),)}, "0008,0022"),
        ({"weight_kg": None}, "0010,1030"),
        ({"weight_kg": 0.0}, "0010,1030"),
        ({"weight_kg": 80000.0}, "outside 1 to 400"),
        ({"dose": None}, "0018,1074"),
        ({"half_life_s": None}, "0018,1075"),
        ({"half_life_s": 109.77}, "minutes"),
        ({"half_life_s": 1.83}, "no PET tracer"),
        ({"corrections": ("DECY",)}, "ATTN"),
        ({"corrections": ()}, "ATTN"),
        ({"corrections": ("ATTN",)}, "contradict"),
        ({"decay_correction": "NONE"}, "contradict"),
        ({"decay_correction": ""}, "0054,1102"),
        ({"units": "PROPCNTS"}, "PROPCNTS"),
        ({"units": "CM2ML"}, "CM2ML"),
        ({"units": ""}, "0054,1001"),
        ({"units": "CNTS"}, "7053,1000"),
        ({"frames": ()}, "without slices"),
    ],
)
def test_what_is_missing_or_impossible_is_refused_by_name(
    changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(ImagingError, match=why):
        suv_factors(facts(**changes))


@pytest.mark.parametrize("dose", [400.0, 14.0, 900.0])
def test_a_dose_in_mbq_is_told_by_its_size_and_said(dose: float) -> None:
    made = suv_factors(facts(dose=dose))
    assert made.factors == suv_factors(facts(dose=dose * 1e6)).factors
    assert any(f"dose {dose:g} read as MBq" in clause for clause in made.basis)


@pytest.mark.parametrize("dose", [0.4, 4.9, 6e3, 400e3, 4e6, 6e9, 4e11, -400e6])
def test_a_dose_of_no_known_unit_is_refused(dose: float) -> None:
    with pytest.raises(ImagingError, match="0018,1074"):
        suv_factors(facts(dose=dose))


def test_activity_corrected_to_the_injection_meets_the_whole_dose() -> None:
    made = factor(decay_correction="ADMIN", injected_clock=None, series_start=None)
    assert made == pytest.approx(80e3 / 400e6, rel=1e-12)


def test_uncorrected_frames_of_constant_uptake_give_one_suv() -> None:
    frames, means = [], []
    for start, duration in ((3600.0, 120.0), (4000.0, 600.0)):
        frames.append(
            FrameFacts(acquired=INJECTION + timedelta(seconds=start), duration_s=duration)
        )
        decayed = quad(lambda t: 2 ** (-t / HALF_LIFE), start, start + duration)[0] / duration
        means.append(3.0 * 400e6 / 80e3 * decayed)
    made = suv_factors(facts(decay_correction="NONE", corrections=("ATTN",), frames=tuple(frames)))
    assert np.multiply(means, made.factors) == pytest.approx([3.0, 3.0], rel=1e-9)


def test_philips_counts_take_the_suv_factor_of_each_slice() -> None:
    frames = tuple(replace(ONE, philips_suv=f, philips_activity=9.0) for f in (0.0005, 0.0006))
    made = suv_factors(facts(units="CNTS", weight_kg=None, frames=frames))
    assert made.factors == (0.0005, 0.0006)


@pytest.mark.parametrize("suv", [None, 0.0])
def test_philips_counts_without_suv_factor_become_activity_first(suv: float | None) -> None:
    frames = (replace(ONE, philips_suv=suv, philips_activity=1.5),)
    assert factor(units="CNTS", frames=frames) == pytest.approx(6e-4, rel=1e-12)


def test_philips_counts_with_factors_on_some_slices_only_are_refused() -> None:
    frames = (replace(ONE, philips_suv=0.0005), replace(ONE, philips_activity=1.5))
    with pytest.raises(ImagingError, match="1 of 2 slices"):
        suv_factors(facts(units="CNTS", frames=frames))


def test_bqml_of_philips_ignores_the_factors_for_counts() -> None:
    frames = (replace(ONE, philips_suv=0.003, philips_activity=4.7),)
    assert factor(frames=frames) == pytest.approx(4e-4, rel=1e-12)


@pytest.mark.parametrize("kind", ["", "BW"])
def test_suv_by_body_weight_stays_as_it_is(kind: str) -> None:
    assert factor(units="GML", suv_type=kind, weight_kg=None, dose=None) == 1.0


# By hand: BMI 24.691358; (6680 + 216 BMI) / 9270 = 1.295937, (8780 + 244 BMI) / 9270 = 1.597054.
@pytest.mark.parametrize(("sex", "ratio"), [("M", 1.295937), ("F", 1.597054)])
def test_suv_by_lean_body_mass_is_brought_back_to_weight(sex: str, ratio: float) -> None:
    made = suv_factors(facts(units="GML", suv_type="LBMJANMA", sex=sex))
    assert made.factors[0] == pytest.approx(ratio, rel=1e-6)
    lean = suv_factors(
        facts(units="GML", suv_type="LBMJANMA", sex=sex), Normalisation.LEAN_BODY_MASS
    )
    assert lean.factors[0] == pytest.approx(1.0, rel=1e-12)


def test_the_older_lean_body_mass_is_undone_by_its_own_formula() -> None:
    # James: 1.10 x 80 - 128 x (80/180)^2 = 62.716 kg.
    made = factor(units="GML", suv_type="LBMJAMES128")
    assert made == pytest.approx(80 / 62.71605, rel=1e-6)


@pytest.mark.parametrize("kind", ["LBM", "BSA", "IBW", "something"])
def test_a_type_of_suv_without_exact_formula_is_refused(kind: str) -> None:
    with pytest.raises(ImagingError, match=kind):
        factor(units="GML", suv_type=kind)


def test_lean_body_mass_and_surface_agree_with_values_worked_out_by_hand() -> None:
    # 9270 x 80 / (6680 + 216 x 24.69136) = 61.7314; a body of 70 kg and 170 cm has 1.81 m^2.
    assert lean_body_mass("M", 80, 180) == pytest.approx(61.7314, abs=1e-3)
    assert body_surface_m2(70, 170) == pytest.approx(1.81, abs=5e-3)
    sul = suv_factors(FACTS, Normalisation.LEAN_BODY_MASS).factors[0]
    assert sul == pytest.approx(61731.4 / 200e6, rel=1e-5)
    bsa = suv_factors(FACTS, Normalisation.BODY_SURFACE).factors[0]
    assert bsa == pytest.approx(body_surface_m2(80, 180) * 1e4 / 200e6, rel=1e-12)


@pytest.mark.parametrize("changes", [{"sex": ""}, {"height_cm": None}, {"height_cm": 1.8}])
def test_lean_body_mass_needs_sex_and_height(changes: dict[str, Any]) -> None:
    with pytest.raises(ImagingError, match=r"0010,00|0010,10"):
        suv_factors(facts(**changes), Normalisation.LEAN_BODY_MASS)


@given(
    days=st.integers(-20000, 20000),
    seconds=st.integers(0, 86399),
    weight=st.floats(2, 300),
    uptake=st.integers(0, 12 * 3600),
)
def test_only_the_time_between_injection_and_scan_matters(
    days: int, seconds: int, weight: float, uptake: int
) -> None:
    injection = datetime(2021, 3, 5) + timedelta(days=days, seconds=seconds)
    scan = injection + timedelta(seconds=uptake)
    made = factor(
        weight_kg=weight,
        series_start=scan,
        injected_clock=injection.time(),
        frames=(replace(ONE, acquired=scan),),
    )
    assert made == pytest.approx(weight * 1e3 / (400e6 * 0.5 ** (uptake / HALF_LIFE)), rel=1e-9)


def test_the_basis_says_no_time_or_date() -> None:
    made = suv_factors(facts(injected=INJECTION))
    text = " ".join(made.basis)
    assert not any(part in text for part in ("2021", "08:00", "080000", str(time(9, 50))))

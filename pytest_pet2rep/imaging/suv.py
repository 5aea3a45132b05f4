"""SUV from what the headers of a PET series say; what cannot be converted is refused, not guessed.

After the QIBA vendor-neutral SUV pseudo-code (DICOM attributes, order of preference), extended to
Decay Correction ``ADMIN`` and ``NONE`` as IBSI describes (Vácha et al., oncoray/suv_computation).
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.suv_body import (
    body_surface_m2,
    checked_height,
    checked_weight,
    lean_body_mass,
    lean_body_mass_james,
)
from pytest_pet2rep.imaging.suv_facts import Normalisation, PetFacts, SuvFactors
from pytest_pet2rep.imaging.suv_times import frame_times, injection_time, reference_time

DOSE_BQ = (5e6, 5e9)
"""Doses that are read as Bq.  FDG: from 14 MBq (EANM paediatric dosage card) to some 700 MBq."""
DOSE_MBQ = (5.0, 5e3)
"""Doses that can only be MBq: as Bq they are below what a PET scanner sees."""
HALF_LIFE_S = (60.0, 4e5)
"""From Rb-82 (75 s) to Zr-89 (282,000 s)."""
F18_MINUTES = (109.0, 110.5)
"""A half-life in here is that of F-18 in minutes: 109.77 min = 6586 s."""

Factors = tuple[tuple[float, ...], tuple[str, ...]]


def suv_factors(
    facts: PetFacts, normalisation: Normalisation = Normalisation.BODY_WEIGHT
) -> SuvFactors:
    """Return one factor per frame of ``facts``, from rescaled voxel value to SUV (g/mL).

    SUVbw = A W / D, A activity in Bq/mL, W weight in g, D dose in Bq decayed to the time that A
    stands for.  SUL has lean body mass (Janmahasatian 2005) for W, SUVbsa body surface in cm^2 (Du
    Bois 1916), giving cm^2/mL.

    Raises ``ImagingError`` with the attribute that is missing, contradictory or not supported.
    """
    if not facts.frames:
        raise ImagingError("a PET series without slices has no SUV")
    if "ATTN" not in facts.corrections:
        raise ImagingError(
            f"Corrected Image (0028,0051) {_shown(facts.corrections)} has no ATTN: only series "
            f"that are corrected for attenuation can be converted to SUV"
        )
    known: dict[str, Callable[[PetFacts], Factors]] = {
        "BQML": _from_activity,
        "CNTS": _from_philips_counts,
        "GML": _from_suv,
    }
    if facts.units not in known:
        raise ImagingError(
            f"Units (0054,1001) {facts.units!r} cannot be converted to SUV: export the series in "
            f"{' or '.join(known)}"
        )
    factors, basis = known[facts.units](facts)
    ratio = normalisation_ratio(facts, normalisation)
    return SuvFactors(
        factors=tuple(factor * ratio for factor in factors),
        normalisation=normalisation,
        basis=(f"units {facts.units}", *basis),
    )


def normalisation_ratio(facts: PetFacts, normalisation: Normalisation) -> float:
    """What SUVbw is multiplied by: 1, lean body mass per weight, or surface (cm^2) per weight (g).

    Raises ``ImagingError`` where weight, height or sex is missing and needed.
    """
    if normalisation is Normalisation.BODY_WEIGHT:
        return 1.0
    weight, height = checked_weight(facts.weight_kg), checked_height(facts.height_cm)
    if normalisation is Normalisation.LEAN_BODY_MASS:
        return lean_body_mass(facts.sex, weight, height) / weight
    return body_surface_m2(weight, height) * 1e4 / (weight * 1e3)


def dose_bq(written: float | None) -> tuple[float, str]:
    """Return the dose in Bq, and how it was read.

    The standard says Bq; some files hold MBq.  5e6 to 5e9 is read as Bq and 5 to 5e3 as MBq;
    anything else could be either, or kBq, and raises ``ImagingError``.
    """
    if not written:
        raise ImagingError("the header has no Radionuclide Total Dose (0018,1074): no SUV without")
    if DOSE_BQ[0] <= written <= DOSE_BQ[1]:
        return written, "dose in Bq"
    if DOSE_MBQ[0] <= written <= DOSE_MBQ[1]:
        return written * 1e6, f"dose {written:g} read as MBq: as Bq it would be no dose"
    raise ImagingError(
        f"Radionuclide Total Dose (0018,1074) {written:g} is no dose in Bq "
        f"({DOSE_BQ[0]:g} to {DOSE_BQ[1]:g}) nor in MBq ({DOSE_MBQ[0]:g} to {DOSE_MBQ[1]:g}): "
        f"correct it"
    )


def half_life_s(written: float | None) -> float:
    """Return the half-life in s; ``ImagingError`` if it is missing or not in seconds."""
    if not written:
        raise ImagingError("the header has no Radionuclide Half Life (0018,1075): no SUV without")
    if F18_MINUTES[0] <= written <= F18_MINUTES[1]:
        raise ImagingError(
            f"Radionuclide Half Life (0018,1075) {written:g} s is that of F-18 in minutes: "
            f"correct it"
        )
    if not HALF_LIFE_S[0] <= written <= HALF_LIFE_S[1]:
        raise ImagingError(
            f"Radionuclide Half Life (0018,1075) {written:g} s is that of no PET tracer: correct it"
        )
    return written


def _from_activity(facts: PetFacts) -> Factors:
    """Bq/mL: weight in g over the dose, decayed to the time that the voxels stand for."""
    _check_decay(facts)
    grams = checked_weight(facts.weight_kg) * 1e3
    dose, how_dose = dose_bq(facts.dose)
    n = len(facts.frames)
    if facts.decay_correction == "ADMIN":
        # The voxels are corrected back to the injection, so the dose did not decay.
        return (grams / dose,) * n, (how_dose, "decay corrected to the injection")
    life = half_life_s(facts.half_life_s)
    if facts.decay_correction == "START":
        scan = reference_time(facts, life)
        injection = injection_time(facts, scan.when)
        left = dose * 2.0 ** (-(scan.when - injection.when).total_seconds() / life)
        return (grams / left,) * n, (how_dose, scan.how, injection.how)
    times = frame_times(facts, life)
    injection = injection_time(facts, min(times))
    ages = ((when - injection.when).total_seconds() for when in times)
    how = "not decay corrected: each frame stands for its mean"
    return tuple(grams / (dose * 2.0 ** (-age / life)) for age in ages), (
        how_dose,
        how,
        injection.how,
    )


def _from_philips_counts(facts: PetFacts) -> Factors:
    """Counts of Philips: SUV per count if every slice has it, else Bq/mL per count."""
    suv = [frame.philips_suv for frame in facts.frames if _usable(frame.philips_suv)]
    if len(suv) == len(facts.frames):
        _check_decay(facts)
        if facts.decay_correction == "NONE":
            raise ImagingError(
                "counts without decay correction and one SUV scale factor (7053,1000) for all "
                "frames: export the series in BQML"
            )
        return tuple(float(f or 0) for f in suv), ("SUV scale factor (7053,1000)",)
    activity = [frame.philips_activity for frame in facts.frames if _usable(frame.philips_activity)]
    if suv or len(activity) != len(facts.frames):
        raise ImagingError(
            f"Units (0054,1001) CNTS, but {len(suv)} of {len(facts.frames)} slices have a SUV "
            f"scale factor (7053,1000) and {len(activity)} an activity scale factor (7053,1009) "
            f"above 0: counts cannot be converted without, export the series in BQML"
        )
    factors, basis = _from_activity(facts)
    return (
        tuple(f * float(a or 0) for f, a in zip(factors, activity, strict=True)),
        ("activity scale factor (7053,1009)", *basis),
    )


def _from_suv(facts: PetFacts) -> Factors:
    """Voxels that are SUV already; one by lean body mass is brought back to body weight.

    Defined terms of SUV Type: DICOM PS3.3 C.8.9.1.
    """
    kind = facts.suv_type or "BW"
    by_mass = {"LBMJANMA": lean_body_mass, "LBMJAMES128": lean_body_mass_james}
    if kind == "BW":
        ratio = 1.0
    elif kind in by_mass:
        weight, height = checked_weight(facts.weight_kg), checked_height(facts.height_cm)
        ratio = weight / by_mass[kind](facts.sex, weight, height)
    else:
        raise ImagingError(
            f"SUV Type (0054,1006) {kind!r} does not say by which formula: export the series as "
            f"SUV by body weight, or in BQML"
        )
    if not 1.0 <= ratio < 4.0:
        raise ImagingError(
            f"the weight is {ratio:.2f} times the lean body mass of SUV Type {kind}: check weight "
            f"(0010,1030) and size (0010,1020)"
        )
    how = "type not given, which means BW" if not facts.suv_type else f"type {kind}"
    return (ratio,) * len(facts.frames), (how,)


def _check_decay(facts: PetFacts) -> None:
    """Raise ``ImagingError`` unless the two attributes on decay are there and agree."""
    if facts.decay_correction not in ("START", "ADMIN", "NONE"):
        raise ImagingError(
            f"Decay Correction (0054,1102) {facts.decay_correction!r} is none of START, ADMIN, NONE"
        )
    if ("DECY" in facts.corrections) == (facts.decay_correction == "NONE"):
        raise ImagingError(
            f"Decay Correction (0054,1102) {facts.decay_correction} and Corrected Image "
            f"(0028,0051) {_shown(facts.corrections)} contradict each other"
        )


def _usable(factor: float | None) -> bool:
    return factor is not None and factor > 0


def _shown(values: tuple[str, ...]) -> str:
    return "\\".join(values) or "(empty)"

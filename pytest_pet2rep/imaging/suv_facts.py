"""What the headers of a PET series say that an SUV depends on, in plain units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum


class Normalisation(StrEnum):
    """What activity per injected dose is multiplied by: SUVbw, SUL or SUVbsa."""

    BODY_WEIGHT = "bw"
    LEAN_BODY_MASS = "lbm"
    BODY_SURFACE = "bsa"


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameFacts:
    """What one slice says; ``None`` where it says nothing."""

    acquired: datetime | None = None
    """Start of the acquisition of its bed position (0008,0022) (0008,0032)."""
    duration_s: float | None = None
    """Actual Frame Duration (0018,1242), in seconds (stored in ms)."""
    reference_s: float | None = None
    """Frame Reference Time (0054,1300), in seconds (stored in ms)."""
    philips_suv: float | None = None
    """SUV per count (7053,1000)."""
    philips_activity: float | None = None
    """Bq/mL per count (7053,1009)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PetFacts:
    """What a whole PET series says; ``None`` or empty where it says nothing.

    Times are local and without zone, as DICOM writes them.
    """

    units: str = ""
    """Units (0054,1001): ``BQML``, ``CNTS``, ``GML`` ..."""
    suv_type: str = ""
    """SUV Type (0054,1006); empty means ``BW`` with ``GML`` (DICOM PS3.3 C.8.9.1)."""
    decay_correction: str = ""
    """Decay Correction (0054,1102): ``START``, ``ADMIN`` or ``NONE``."""
    corrections: tuple[str, ...] = ()
    """Corrected Image (0028,0051)."""
    sex: str = ""
    """``M``, ``F`` or empty."""
    weight_kg: float | None = None
    height_cm: float | None = None
    dose: float | None = None
    """Radionuclide Total Dose (0018,1074) as written: Bq by the standard, MBq in some files."""
    half_life_s: float | None = None
    series_start: datetime | None = None
    """Series Date and Time (0008,0021) (0008,0031)."""
    injected: datetime | None = None
    """Radiopharmaceutical Start DateTime (0018,1078)."""
    injected_clock: time | None = None
    """Radiopharmaceutical Start Time (0018,1072), which has no date."""
    ge_scan_start: datetime | None = None
    """GE's private scan date and time (0009,100d), ``GEMS_PETD_01``."""
    frames: tuple[FrameFacts, ...] = ()
    """One per slice, in the order in which the factors are wanted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuvFactors:
    """One factor per slice: SUV = (stored value x slope + intercept of the slice) x factor."""

    factors: tuple[float, ...]
    normalisation: Normalisation
    basis: tuple[str, ...]
    """How they came about, a clause each; no date, time or other value that could identify."""

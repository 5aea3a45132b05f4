"""One DICOM file -> the values of its header that a volume, an SUV and a case need.

Everything is turned into plain values at once; no object of pydicom is kept.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import ImagingError, MissingDependency
from pytest_pet2rep.imaging.suv_facts import FrameFacts

GE = (0x0009, "GEMS_PETD_01", 0x0D)
"""GE's scan date and time: group, private creator, element in the block."""
PHILIPS_SUV = (0x7053, "Philips PET Private Group", 0x00)
PHILIPS_ACTIVITY = (0x7053, "Philips PET Private Group", 0x09)
METRES_AT_MOST = 3.0
"""A Patient's Size above this is in cm, against the standard."""

_CLOCK = re.compile(r"(\d{2}):?(\d{2})(?::?(\d{2})(?:\.(\d{1,6})\d*)?)?")
_DATE_TIME = re.compile(r"(\d{8})(\d{2,6}(?:\.\d+)?)(?:[+-]\d{4})?")
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_IDENTIFYING = (
    "PatientID",
    "AccessionNumber",
    "StudyID",
    "InstitutionName",
    "PatientBirthDate",
    "StudyDate",
)

MODALITIES = ("PT", "CT")


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """Facts on the patient; ``None`` or empty where the header says nothing."""

    sex: str = ""
    """``M``, ``F`` or empty."""
    age: float | None = None
    """Years at the examination."""
    weight_kg: float | None = None
    height_cm: float | None = None
    identifying: frozenset[str] = field(default=frozenset(), repr=False)
    """Names, numbers and dates that must not leave the header; kept only to look for them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PetHeader:
    """What a PET slice says on units, dose and times; the same on every slice of a series."""

    units: str = ""
    suv_type: str = ""
    decay_correction: str = ""
    corrections: tuple[str, ...] = ()
    """Sorted, each once."""
    dose: float | None = None
    half_life_s: float | None = None
    injected: datetime | None = None
    injected_clock: time | None = None
    ge_scan_start: datetime | None = None
    series_start: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceHeader:
    """Header of one image file.  Lengths in mm, directions and positions in DICOM's LPS."""

    path: Path
    instance: str
    study: str
    series: str
    series_number: int
    frame_of_reference: str
    modality: str
    image_type: tuple[str, ...]
    images: int
    """Number of Frames; more than 1 in an enhanced object."""
    burned_in: bool
    rows: int
    columns: int
    spacing: tuple[float, ...]
    """Between rows, between columns."""
    position: tuple[float, ...]
    """Centre of the first pixel."""
    orientation: tuple[float, ...]
    """Direction along a row, direction along a column."""
    slope: float | None
    intercept: float | None
    patient: Patient
    pet: PetHeader
    frame: FrameFacts


def read_header(path: Path) -> SliceHeader | None:
    """Read the header of an image file; ``None`` for a file that is no DICOM image.

    Raises ``MissingDependency`` without pydicom, ``OSError`` for a file that cannot be read, and
    ``ImagingError`` for a DICOM file whose header is damaged.
    """
    pydicom = load_pydicom()
    from pydicom.errors import InvalidDicomError

    with lenient_reading():
        try:
            data = pydicom.dcmread(path, stop_before_pixels=True)
            return None if _is_other(data) else _slice(data, path)
        except InvalidDicomError:
            return None
        except OSError:
            raise
        except Exception as why:  # pydicom raises whatever a damaged header makes it stumble over
            raise ImagingError(f"{path}: the DICOM header is damaged ({why})") from why


def _is_other(data: Any) -> bool:
    """A directory of files, or an object without pixels such as a report or a structure set."""
    if "DirectoryRecordSequence" in data:
        return True
    if "Modality" not in data:
        raise ValueError("it has no Modality (0008,0060)")
    return "Rows" not in data and data.Modality not in MODALITIES


@contextmanager
def lenient_reading() -> Iterator[None]:
    """Read without warnings: files in the field break the standard in ways that do not matter here,
    and pydicom's warnings would quote values that identify.
    """
    pydicom = load_pydicom()
    with warnings.catch_warnings(), pydicom.config.disable_value_validation():
        warnings.simplefilter("ignore")
        yield


def load_pydicom() -> Any:
    """Import pydicom; raises ``MissingDependency`` if it is not there."""
    try:
        import pydicom
    except ImportError:
        raise MissingDependency("reading DICOM", "pydicom", "dicom") from None
    return pydicom


def _slice(data: Any, path: Path) -> SliceHeader:
    return SliceHeader(
        path=path,
        instance=_text(data, "SOPInstanceUID"),
        study=_text(data, "StudyInstanceUID"),
        series=_text(data, "SeriesInstanceUID"),
        series_number=int(_number(data, "SeriesNumber") or 0),
        frame_of_reference=_text(data, "FrameOfReferenceUID"),
        modality=_text(data, "Modality"),
        image_type=_texts(data, "ImageType"),
        images=int(_number(data, "NumberOfFrames") or 1),
        burned_in=_text(data, "BurnedInAnnotation") == "YES",
        rows=int(data.Rows),
        columns=int(data.Columns),
        spacing=_numbers(data, "PixelSpacing"),
        position=_numbers(data, "ImagePositionPatient"),
        orientation=_numbers(data, "ImageOrientationPatient"),
        slope=_number(data, "RescaleSlope"),
        intercept=_number(data, "RescaleIntercept"),
        patient=_patient(data),
        pet=_pet(data),
        frame=_frame(data),
    )


def _pet(data: Any) -> PetHeader:
    tracers = data.get("RadiopharmaceuticalInformationSequence") or [None]
    tracer = tracers[0] if len(tracers) == 1 and tracers[0] is not None else {}
    return PetHeader(
        units=_text(data, "Units"),
        suv_type=_text(data, "SUVType"),
        decay_correction=_text(data, "DecayCorrection"),
        corrections=tuple(sorted(set(_texts(data, "CorrectedImage")))),
        dose=_number(tracer, "RadionuclideTotalDose"),
        half_life_s=_number(tracer, "RadionuclideHalfLife"),
        injected=parse_date_time(_text(tracer, "RadiopharmaceuticalStartDateTime")),
        injected_clock=parse_clock(_text(tracer, "RadiopharmaceuticalStartTime")),
        ge_scan_start=parse_date_time(_private(data, *GE)),
        series_start=_moment(data, "SeriesDate", "SeriesTime"),
    )


def _frame(data: Any) -> FrameFacts:
    duration, reference = (
        _number(data, key) for key in ("ActualFrameDuration", "FrameReferenceTime")
    )
    return FrameFacts(
        acquired=_moment(data, "AcquisitionDate", "AcquisitionTime")
        or parse_date_time(_text(data, "AcquisitionDateTime")),
        duration_s=None if duration is None else duration / 1e3,
        reference_s=None if reference is None else reference / 1e3,
        philips_suv=_as_number(_private(data, *PHILIPS_SUV)),
        philips_activity=_as_number(_private(data, *PHILIPS_ACTIVITY)),
    )


def _patient(data: Any) -> Patient:
    size = _number(data, "PatientSize")
    return Patient(
        sex=sex if (sex := _text(data, "PatientSex")) in ("M", "F") else "",
        age=parse_age(_text(data, "PatientAge")) or _age_from_birth(data),
        weight_kg=_number(data, "PatientWeight") or None,
        height_cm=(size if size > METRES_AT_MOST else size * 100.0) if size else None,
        identifying=frozenset(_identifying(data)),
    )


def _identifying(data: Any) -> Iterator[str]:
    """Person names in all their spellings, and the numbers and places that stand for a person."""
    for element in data:
        if element.VR == "PN" and element.value:
            for name in element.value if element.VM > 1 else [element.value]:
                for written in _as_decoded(name):
                    yield from _name_spellings(written)
        elif element.keyword in _IDENTIFYING:
            yield str(element.value or "").strip()


def _as_decoded(name: Any) -> Iterator[str]:
    """The name as its character set says, and as the sets that are used without saying so."""
    yield str(name)
    raw = getattr(name, "original_string", None)
    if isinstance(raw, bytes) and not raw.isascii():
        for encoding in ("utf-8", "gb18030"):
            with suppress(UnicodeDecodeError):
                yield raw.decode(encoding)


def _name_spellings(name: str) -> Iterator[str]:
    for spelling in name.split("="):
        yield spelling.replace("^", " ").strip()
        yield spelling.replace("^", "").strip()
        yield spelling.split("^")[0].strip()


def parse_clock(text: str) -> time | None:
    """Time of day from a DICOM TM (``HHMM``, ``HHMMSS.FFFFFF``); ``None`` if it is none."""
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        return None
    hour, minute, second, fraction = found.groups()
    try:
        return time(int(hour), int(minute), int(second or 0), int((fraction or "0").ljust(6, "0")))
    except ValueError:
        return None


def parse_date_time(text: str) -> datetime | None:
    """Local date and time from a DICOM DT, the zone left out; ``None`` if it is none."""
    found = _DATE_TIME.fullmatch(text.strip())
    return _combine(found[1], found[2]) if found else None


def parse_age(text: str) -> float | None:
    """Years from a DICOM AS (``017Y``, ``006M``); ``None`` if it is none or zero."""
    found = _AGE.fullmatch(text.strip())
    return int(found[1]) * _YEARS[found[2]] or None if found else None


def _age_from_birth(data: Any) -> float | None:
    born = _day(_text(data, "PatientBirthDate"))
    seen = _day(_text(data, "StudyDate")) or _day(_text(data, "SeriesDate"))
    if born is None or seen is None or seen < born:
        return None
    return float(seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))) or None


def _moment(data: Any, day: str, clock: str) -> datetime | None:
    return _combine(_text(data, day), _text(data, clock))


def _combine(day: str, clock: str) -> datetime | None:
    when, at = _day(day), parse_clock(clock)
    return None if when is None or at is None else datetime.combine(when, at)


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text.replace(".", ""), "%Y%m%d").date()
    except ValueError:
        return None


def _private(data: Any, group: int, creator: str, element: int) -> str:
    try:
        value = data.private_block(group, creator)[element].value
    except KeyError:
        return ""
    return (value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)).strip(
        " \0"
    )


def _text(data: Any, key: str) -> str:
    value = data.get(key)
    return "" if value is None else str(value).strip()


def _texts(data: Any, key: str) -> tuple[str, ...]:
    value = data.get(key)
    if value is None or value == "":
        return ()
    return (value.strip(),) if isinstance(value, str) else tuple(str(v).strip() for v in value)


def _number(data: Any, key: str) -> float | None:
    return _as_number(_text(data, key))


def _numbers(data: Any, key: str) -> tuple[float, ...]:
    return tuple(float(value) for value in _texts(data, key))


def _as_number(text: str) -> float | None:
    try:
        return value if math.isfinite(value := float(text)) else None
    except ValueError:
        return None

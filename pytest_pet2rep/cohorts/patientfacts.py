"""Patient facts as tables write them, turned into keys of a case file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pytest_pet2rep.cohorts.csvtables import Row

FACTS: Mapping[str, Sequence[str]] = {
    "sex": ("sex", "gender", "patient sex", "性别"),
    "age": ("age", "patient age", "年龄"),
    "weight_kg": ("weight_kg", "weight", "patient weight", "体重"),
    "height_cm": ("height_cm", "height", "patient height", "身高"),
}
"""Key of a case file -> names of the column that holds it."""

_SEXES = {"m": "M", "male": "M", "男": "M", "f": "F", "female": "F", "女": "F"}
_LIMITS = {"age": (-1.0, 130.0), "weight_kg": (0.0, 500.0), "height_cm": (20.0, 280.0)}
_AGE = re.compile(r"0*(\d+(?:\.\d+)?)\s*(?:y|years?|岁)?", re.IGNORECASE)


def patient_facts(row: Row | None) -> tuple[dict[str, str | float], list[str]]:
    """Read the facts of a row; return them, and a sentence for each that makes no sense."""
    facts: dict[str, str | float] = {}
    doubts: list[str] = []
    if row is None:
        return facts, doubts
    for key, columns in FACTS.items():
        written = row.first(columns)
        if not written:
            continue
        value = _sex(written) if key == "sex" else _number(key, written)
        if value is None:
            doubts.append(f"{key} {written!r} is not understood and left out ({row.place})")
        else:
            facts[key] = value
    return facts, doubts


def _sex(written: str) -> str | None:
    return _SEXES.get(written.lower())


def _number(key: str, written: str) -> float | None:
    found = _AGE.fullmatch(written) if key == "age" else None
    try:
        value = float(found[1] if found else written)
    except ValueError:
        return None
    low, high = _LIMITS[key]
    return value if low < value <= high else None

"""Every key that a case file or a cohort file may have (docs/reference/case-format.md)."""

from __future__ import annotations

from pytest_pet2rep.cohorts.tables import Key, Kind
from pytest_pet2rep.types import ABNORMAL_STATES, ExpectationSource, Language, Side, UptakeState

CASE: tuple[Key, ...] = (
    Key(name="id", kind=Kind.TEXT, required=True),
    Key(name="sex", kind=Kind.TEXT, choices=("M", "F")),
    Key(name="age", kind=Kind.NUMBER, above=-1, most=130),
    Key(name="weight_kg", kind=Kind.NUMBER, above=0, most=500),
    Key(name="height_cm", kind=Kind.NUMBER, above=20, most=280),
    Key(name="language", kind=Kind.TEXT, choices=tuple(Language)),
    Key(name="private", kind=Kind.FLAG),
    Key(name="licence", kind=Kind.TEXT),
    Key(name="provenance", kind=Kind.TEXT),
    Key(name="prior", kind=Kind.FLAG),
    Key(name="images", kind=Kind.TABLE),
    Key(name="phantom", kind=Kind.TABLE),
    Key(name="prompt", kind=Kind.TABLE),
    Key(name="expectations", kind=Kind.TABLE),
)

IMAGES: tuple[Key, ...] = (
    Key(name="pet", kind=Kind.TEXT),
    Key(name="ct", kind=Kind.TEXT),
    Key(name="slices", kind=Kind.TEXTS),
)

PROMPT: tuple[Key, ...] = (
    Key(name="system", kind=Kind.TEXT),
    Key(name="user", kind=Kind.TEXT, required=True),
)

EXPECTATION: tuple[Key, ...] = (
    Key(
        name="states",
        kind=Kind.TEXTS,
        required=True,
        choices=(*ABNORMAL_STATES, UptakeState.NORMAL, UptakeState.UNSTATED),
    ),
    Key(name="side", kind=Kind.TEXT, choices=tuple(Side)),
    Key(name="part", kind=Kind.TEXT),
    Key(name="visible", kind=Kind.FLAG),
    Key(name="slices", kind=Kind.POSITIONS),
    Key(name="visible_separate", kind=Kind.FLAG),
    Key(name="slices_separate", kind=Kind.POSITIONS),
    Key(name="diameter_mm", kind=Kind.NUMBER, above=0, most=2000),
    Key(
        name="source",
        kind=Kind.TEXT,
        choices=(ExpectationSource.EXPLICIT, ExpectationSource.REVIEWED),
    ),
    Key(name="reviewer", kind=Kind.TEXT),
    Key(name="evidence", kind=Kind.TEXT),
)

COHORT: tuple[Key, ...] = (
    Key(name="name", kind=Kind.TEXT),
    Key(name="root", kind=Kind.TEXT),
    Key(name="cases", kind=Kind.TEXTS),
)

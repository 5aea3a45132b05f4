"""What a phantom case is asked to be: the ``[phantom]`` table of a case file, checked; no numpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pytest_pet2rep.errors import PhantomError as PhantomError
from pytest_pet2rep.errors import UnknownName
from pytest_pet2rep.phantom.places import OrganRules, organ_rules
from pytest_pet2rep.types import ABNORMAL_STATES, Side, UptakeState

LEAST_COLD_MM = 19.5
"""A cold lesion is seen as such from three times the resolution (FWHM 6.5 mm) upwards."""


class Extent(StrEnum):
    """``FOCAL``: an ellipsoid of ``diameter_mm``; ``WHOLE``: the whole organ, or one side of it."""

    FOCAL = "focal"
    WHOLE = "whole"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesion:
    """One abnormality of uptake.

    Exactly one of ``suv`` (absolute, body-weight SUV, for increased) and ``factor`` (times the
    organ's own uptake, for decreased and absent) is set.
    """

    organ: str
    state: UptakeState
    side: Side = Side.NONE
    part: str = ""
    """A part that the table of parts knows for the organ."""
    extent: Extent = Extent.FOCAL
    diameter_mm: float = 20.0
    suv: float | None = None
    factor: float | None = None
    hu: float | None = None
    """CT number; ``None`` takes the usual one of the organ and state, if there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PhantomSpec:
    """Everything that the volumes of one phantom case depend on."""

    seed: int
    sex: str
    """``M`` or ``F``."""
    age: float = 60.0
    """Years."""
    height_cm: float = 168.0
    weight_kg: float = 65.0
    lift_mm: float = 6.0
    """Height of the body's mid-plane above the centre of the field of view."""
    arms_up: bool = True
    heart: str = "none"
    """Myocardial uptake after fasting: ``none``, ``patchy`` or ``diffuse``."""
    breathing_mm: float = 3.0
    """How much higher the upper abdomen lies in the PET than in the CT."""
    psf_mm: float = 6.5
    """Full width at half maximum of the PET's resolution."""
    noise: float = 0.11
    """Coefficient of variation of the PET in the liver."""
    ct_noise_hu: float = 14.0
    lesions: tuple[Lesion, ...] = ()


def parse_phantom(table: Mapping[str, Any]) -> PhantomSpec:
    """Check a ``[phantom]`` table and build its spec.

    Raises ``PhantomError``, whose ``key`` is the wrong entry inside the table, e.g.
    ``lesions[1].organ``; unknown keys, organs and parts are named with the nearest known one.
    """
    lesions = table.get("lesions", [])
    if not isinstance(lesions, list | tuple):
        raise PhantomError("must be an array of tables, [[phantom.lesions]]", "lesions")
    facts = _checked({k: v for k, v in table.items() if k != "lesions"}, _FACTS, "")
    for key in ("seed", "sex"):
        if key not in facts:
            raise PhantomError("is missing", key)
    built = tuple(_lesion(row, f"lesions[{n}]", facts["sex"]) for n, row in enumerate(lesions))
    return PhantomSpec(**facts, lesions=built)


_Range = tuple[float, float]
_FACTS: dict[str, _Range | tuple[str, ...] | type[bool] | type[int]] = {
    "seed": int,
    "sex": ("M", "F"),
    "age": (18.0, 100.0),
    "height_cm": (140.0, 200.0),
    "weight_kg": (35.0, 130.0),
    "lift_mm": (-45.0, 60.0),
    "arms_up": bool,
    "heart": ("none", "patchy", "diffuse"),
    "breathing_mm": (0.0, 15.0),
    "psf_mm": (3.0, 12.0),
    "noise": (0.0, 0.3),
    "ct_noise_hu": (0.0, 60.0),
}
_LESION: dict[str, _Range | tuple[str, ...] | type[bool] | type[int]] = {
    "state": tuple(s.value for s in ABNORMAL_STATES),
    "side": tuple(Side),
    "extent": tuple(Extent),
    "diameter_mm": (6.0, 120.0),
    "suv": (1.0, 40.0),
    "factor": (0.0, 0.75),
    "hu": (-1000.0, 2000.0),
}


def _checked(values: Mapping[str, Any], rules: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Values in the types of the rules, or the error that names the entry."""
    result = {}
    for key, value in values.items():
        at = f"{where}.{key}" if where else key
        if key not in rules:
            raise PhantomError(_unknown("key", key, (*rules, *(() if where else ("lesions",)))), at)
        rule = rules[key]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if rule is bool and not isinstance(value, bool):
            raise PhantomError("must be true or false", at)
        if rule is int and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise PhantomError("must be a whole number, 0 or above", at)
        if isinstance(rule, tuple) and isinstance(rule[0], str) and value not in rule:
            raise PhantomError(_unknown("value", str(value), rule), at)
        if isinstance(rule, tuple) and isinstance(rule[0], float):
            if not number or not rule[0] <= value <= rule[1]:
                raise PhantomError(f"must be a number from {rule[0]:g} to {rule[1]:g}", at)
            value = float(value)
        result[key] = value
    return result


def _lesion(row: Any, where: str, sex: str) -> Lesion:
    if not isinstance(row, Mapping):
        raise PhantomError("must be a table", where)
    organ = row.get("organ")
    known = organ_rules()
    if organ not in known:
        raise PhantomError(_unknown("organ", str(organ), known), f"{where}.organ")
    rest = {k: v for k, v in row.items() if k not in ("organ", "part")}
    values = _checked(rest, {"organ": (), "part": (), **_LESION}, where)
    if "state" not in values:
        raise PhantomError("is missing", f"{where}.state")
    lesion = Lesion(
        organ=organ,
        part=str(row.get("part", "")),
        state=UptakeState(values.pop("state")),
        side=Side(values.pop("side", Side.NONE)),
        extent=Extent(values.pop("extent", Extent.FOCAL)),
        **values,
    )
    _check_place(lesion, known[organ], where, sex)
    _check_strength(lesion, known[organ], where)
    return lesion


def _check_place(lesion: Lesion, rules: OrganRules, where: str, sex: str) -> None:
    if rules.sex and rules.sex != sex:
        raise PhantomError(f"a body of sex {sex} has no {lesion.organ}", f"{where}.organ")
    if lesion.extent is Extent.WHOLE and rules.tissues == ("node",):
        raise PhantomError("lymph nodes are focal, one lesion each", f"{where}.extent")
    if lesion.extent is Extent.WHOLE and not lesion.part:
        if not rules.paired and lesion.side is not Side.NONE:
            raise PhantomError(f"{lesion.organ} has no sides", f"{where}.side")
        return
    if lesion.part not in rules.places:
        raise PhantomError(_unknown("part", lesion.part, rules.places), f"{where}.part")
    if rules.places[lesion.part].side not in (None, lesion.side):
        side = rules.places[lesion.part].side
        raise PhantomError(f"{lesion.part} of {lesion.organ} lies {side}", f"{where}.side")
    one_side = (Side.LEFT, Side.RIGHT)
    if rules.paired and lesion.extent is Extent.FOCAL and lesion.side not in one_side:
        raise PhantomError("must be left or right: one lesion lies on one side", f"{where}.side")


def _check_strength(lesion: Lesion, rules: OrganRules, where: str) -> None:
    """No grey zone: uptake is plainly increased, decreased or absent, or it is refused."""
    if lesion.state not in rules.states:
        can = ", ".join(rules.states) or "nothing"
        why = f"cannot be seen in {lesion.organ} (possible: {can})"
        raise PhantomError(f"{lesion.state} {why}", f"{where}.state")
    if lesion.state is UptakeState.INCREASED:
        if lesion.suv is None or lesion.factor is not None:
            raise PhantomError("increased uptake takes suv, not factor", f"{where}.suv")
        least = rules.least_suv
        if lesion.suv < least:
            raise PhantomError(f"must be at least {least:g} for {lesion.organ}", f"{where}.suv")
        return
    if lesion.factor is None or lesion.suv is not None:
        raise PhantomError(f"{lesion.state} uptake takes factor, not suv", f"{where}.factor")
    low, high = (0.35, 0.75) if lesion.state is UptakeState.DECREASED else (0.0, 0.2)
    if not low <= lesion.factor <= high:
        raise PhantomError(f"must lie in {low:g}..{high:g} for {lesion.state}", f"{where}.factor")
    if lesion.extent is Extent.FOCAL and lesion.diameter_mm < LEAST_COLD_MM:
        raise PhantomError(
            f"must be at least {LEAST_COLD_MM:g} for {lesion.state}: three times the resolution",
            f"{where}.diameter_mm",
        )


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    return str(UnknownName(kind, name, known))

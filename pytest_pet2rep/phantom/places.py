"""The table of organs that can carry a lesion, their parts, and the rules for it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.types import Side, UptakeState


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One part of an organ: centre and its spread, cm in the organ's frame."""

    name: str
    at: tuple[float, float, float]
    wobble: tuple[float, float, float]
    side: Side | None = None
    """Where the part lies; ``None`` for parts that exist on both sides, or in the midline."""
    tissues: tuple[str, ...] = ()
    """Tissues of this part, where the organ has several that differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganRules:
    """One organ of ``data/places.toml``."""

    organ: str
    frame: str
    tissues: tuple[str, ...]
    confined: bool
    paired: bool
    base: str
    """Tissue whose uptake a factor multiplies."""
    least_suv: float
    usual: tuple[float, float]
    states: tuple[UptakeState, ...]
    sex: str = ""
    """``M`` or ``F`` where only one sex has the organ."""
    long: float = 1.0
    """Length along z over diameter of its lesions."""
    hu: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)


@cache
def organ_rules() -> dict[str, OrganRules]:
    """All organs that can carry a lesion, by fine organ id."""
    text = resources.files(__package__).joinpath("data/places.toml").read_text(encoding="utf-8")
    return {organ: _rules(organ, table) for organ, table in tomllib.loads(text).items()}


def _rules(organ: str, table: dict[str, Any]) -> OrganRules:
    parts = table.pop("parts")
    return OrganRules(
        organ=organ,
        frame=table["frame"],
        tissues=tuple(table["tissues"]),
        confined=table["confined"],
        paired=table["paired"],
        base=table["base"],
        least_suv=float(table["least_suv"]),
        usual=(float(table["usual"][0]), float(table["usual"][1])),
        states=tuple(UptakeState(s) for s in table["states"]),
        sex=table.get("sex", ""),
        long=float(table.get("long", 1.0)),
        hu=table.get("hu", {}),
        places={name: _place(name, part) for name, part in parts.items()},
    )


def _place(name: str, part: dict[str, Any]) -> Place:
    x, y, z = (float(c) for c in part["at"])
    dx, dy, dz = (float(c) for c in part["wobble"])
    return Place(
        name=name,
        at=(x, y, z),
        wobble=(dx, dy, dz),
        side=Side(part["side"]) if "side" in part else None,
        tissues=tuple(part.get("tissues", ())),
    )

"""The facts of the shipped cases: from one line of the cohort's plan to a ``[phantom]`` table."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from pytest_pet2rep.phantom.places import organ_rules
from pytest_pet2rep.phantom.spec import PhantomSpec, parse_phantom
from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.phantom.truth import best_lift
from pytest_pet2rep.types import UptakeState

LIFTS_MM = tuple(float(v) for v in range(-14, 36, 2))
STATURE = {"M": ((170.0, 6.0), (70.0, 10.0)), "F": ((159.0, 5.5), (58.5, 8.5))}
"""Height (cm) and weight (kg) of Chinese adults, mean and standard deviation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedCase:
    """One case of the shipped cohort before anything is measured."""

    id: str
    table: dict[str, Any]
    """The ``[phantom]`` table."""
    spec: PhantomSpec


@cache
def _lines() -> tuple[tuple[str, ...], ...]:
    text = resources.files(__package__).joinpath("data/cohort.toml").read_text(encoding="utf-8")
    return tuple(tuple(row) for row in tomllib.loads(text)["cases"])


def planned_ids() -> tuple[str, ...]:
    """Ids of all cases, in order."""
    return tuple(f"PET-{n + 1:04d}" for n in range(len(_lines())))


def plan_case(case_id: str) -> PlannedCase:
    """Draw the facts of one case; the same id always gives the same facts."""
    number = planned_ids().index(case_id)
    sex, *lesions = _lines()[number]
    seed = 1000 + 7 * (number + 1)
    table = _subject(sex, seed)
    table["lesions"] = [_lesion(text, seed, n) for n, text in enumerate(lesions)]
    if lesions:
        table["lift_mm"] = best_lift(parse_phantom(table), LIFTS_MM)
    if not lesions:
        del table["lesions"]
    return PlannedCase(id=case_id, table=table, spec=parse_phantom(table))


def _subject(sex: str, seed: int) -> dict[str, Any]:
    rng = stream(seed, "subject")
    (tall, tall_sd), (heavy, heavy_sd) = STATURE[sex]
    draw = np.clip(rng.normal(size=3), -1.9, 1.9)
    return {
        "seed": seed,
        "sex": sex,
        "age": int(np.clip(round(60 + 12 * draw[0]), 28, 85)),
        "height_cm": round(tall + tall_sd * float(draw[1])),
        "weight_kg": round(heavy + heavy_sd * float(0.4 * draw[1] + 0.9 * draw[2]), 1),
        "lift_mm": float(2 * rng.integers(-2, 9)),
        "heart": str(rng.choice(["none", "none", "patchy", "diffuse"])),
        "breathing_mm": float(rng.integers(0, 6)),
        "noise": round(float(rng.uniform(0.095, 0.125)), 3),
    }


def _lesion(text: str, seed: int, number: int) -> dict[str, Any]:
    """Read "state organ / part / side / mm" and draw the strength."""
    first, *rest = text.split(" / ")
    state, organ = first.split(" ", 1)
    rules = organ_rules()[organ]
    rng = stream(seed, f"strength {number}")
    lesion: dict[str, Any] = {"organ": organ}
    part, words = rest[0], rest[1:]
    side = next((w for w in words if not w.isdigit()), "")
    if part == "whole":
        lesion["extent"] = "whole"
    else:
        lesion["part"] = part
        side = side or str(rules.places[part].side or "")
    if side and side != "none":
        lesion["side"] = side
    lesion["state"] = state
    if words and words[-1].isdigit():
        lesion["diameter_mm"] = int(words[-1])
    low, high = rules.usual
    if state == UptakeState.INCREASED and part == "whole":
        lesion["suv"] = round(float(rng.uniform(low, low + 0.35 * (high - low))), 1)
    elif state == UptakeState.INCREASED:
        lesion["suv"] = round(float(rng.uniform(low, high)), 1)
    else:
        weak, strong = (0.38, 0.52) if state == UptakeState.DECREASED else (0.02, 0.12)
        lesion["factor"] = round(float(rng.uniform(weak, strong)), 2)
    return lesion

"""Subjects to learn from: drawn from the phantom's own tables, with seeds that nothing else has.

The shipped cohort uses seeds below 2000, ``fresh_phantoms`` those from 1 000 000 (with lesions)
and 2 000 000 (healthy) upwards.  More lesions a subject than in either, so that there is more to
learn from each picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pytest_pet2rep.phantom.places import OrganRules, organ_rules
from pytest_pet2rep.phantom.spec import Lesion, parse_phantom
from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.types import ABNORMAL_STATES

FIRST_SEED = 3_000_000
LAST_SEED = 3_999_999
CLASSES: tuple[tuple[str, str], ...] = tuple(
    (organ, state.value) for organ, rules in organ_rules().items() for state in rules.states
)
"""Every (organ, abnormal state) that a phantom can have."""
STATE_SHARES = {"increased": 0.56, "decreased": 0.22, "absent": 0.22}
NODES_AND_GLANDS = frozenset(
    {
        *("neck_nodes", "thoracic_nodes", "axillary_nodes", "abdominal_nodes", "pelvic_nodes"),
        *("tonsils", "nasopharynx", "salivary", "thyroid", "eyes", "sinuses", "esophagus"),
        *("portal_vein", "adrenals", "prostate", "bone"),
    }
)
"""Organs whose lesions are small."""
DIAMETERS_MM = {"small": (17, 33), "large": (25, 48), "cold": (33, 62)}
DIFFUSE = {"increased": ("spleen", "thyroid"), "decreased": ("kidneys", "salivary")}
FACTORS = {"decreased": (0.37, 0.55), "absent": (0.02, 0.14)}


def body_table(seed: int) -> dict[str, Any]:
    """The ``[phantom]`` table of one body, without lesions, lying at the mid-height."""
    if not FIRST_SEED <= seed <= LAST_SEED:
        raise ValueError(f"training seeds lie in {FIRST_SEED}..{LAST_SEED}, not {seed}")
    rng = stream(seed, "training body")
    sex = str(rng.choice(["M", "F"]))
    tall, heavy = (170.0, 70.0) if sex == "M" else (159.0, 58.5)
    age, height, weight = (float(v) for v in rng.uniform(-1.9, 1.9, 3))
    return {
        "seed": seed,
        "sex": sex,
        "age": round(60 + 12 * age),
        "height_cm": round(tall + 6 * height),
        "weight_kg": round(heavy + 9 * (0.4 * height + 0.9 * weight), 1),
        "lift_mm": 0.0,
        "heart": str(rng.choice(["none", "none", "patchy", "diffuse"])),
        "breathing_mm": float(rng.integers(0, 6)),
        "noise": round(float(rng.uniform(0.095, 0.125)), 3),
    }


def drawn_lesions(
    rng: np.random.Generator, table: dict[str, Any], most: int, normal_share: float
) -> tuple[Lesion, ...]:
    """None with probability ``normal_share``, else one to ``most`` different lesions."""
    if rng.random() < normal_share:
        return ()
    rows = [_lesion(rng, str(table["sex"])) for _ in range(int(rng.integers(1, most + 1)))]
    unique = {(row["organ"], row.get("side", "")): row for row in rows}
    return parse_phantom({**table, "lesions": list(unique.values())}).lesions


def _lesion(rng: np.random.Generator, sex: str) -> dict[str, Any]:
    state = str(rng.choice(list(STATE_SHARES), p=list(STATE_SHARES.values())))
    fitting = [r for r in organ_rules().values() if state in r.states and r.sex in ("", sex)]
    rules = fitting[int(rng.integers(len(fitting)))]
    lesion: dict[str, Any] = {"organ": rules.organ, "state": state}
    side = str(rng.choice(["left", "right"]))
    if rules.organ in DIFFUSE.get(state, ()) and rng.random() < 0.5:
        lesion["extent"] = "whole"
        if rules.paired and rules.organ != "thyroid":
            lesion["side"] = side
    else:
        place = list(rules.places.values())[int(rng.integers(len(rules.places)))]
        fixed = str(place.side) if place.side is not None else (side if rules.paired else "none")
        size = "cold" if state != "increased" else _usual_size(rules)
        lesion |= {
            "part": place.name,
            "side": fixed,
            "diameter_mm": int(rng.integers(*DIAMETERS_MM[size])),
        }
    return lesion | _strength(rng, rules, state)


def _usual_size(rules: OrganRules) -> str:
    return "small" if rules.organ in NODES_AND_GLANDS else "large"


def _strength(rng: np.random.Generator, rules: OrganRules, state: str) -> dict[str, float]:
    if state in FACTORS:
        return {"factor": round(float(rng.uniform(*FACTORS[state])), 2)}
    return {"suv": round(float(rng.uniform(*rules.usual)), 1)}


assert {state for _, state in CLASSES} <= set(ABNORMAL_STATES)

"""Phantoms that are no case of the shipped cohort, to learn from and to test with.

Lesions, body and position are drawn at random from the phantom's own tables; seeds start where
those of the shipped cohort end, so that no subject is ever both learned from and scored on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.anatomy import load_profile, roll_up
from pytest_pet2rep.imaging.options import ViewOptions, Views
from pytest_pet2rep.types import ABNORMAL_STATES, NORMAL, SentImage, States

if TYPE_CHECKING:
    import numpy as np

    from pytest_pet2rep.imaging.volumes import Volume
    from pytest_pet2rep.phantom.places import OrganRules
    from pytest_pet2rep.phantom.spec import PhantomSpec

FIRST_SEED = 1_000_000
"""The shipped cohort uses seeds below 2000."""
LIFTS_MM = tuple(float(v) for v in range(-14, 36, 2))
SMALL_MM, LARGE_MM, COLD_MM = (18, 32), (26, 46), (34, 60)
SMALL = ("nodes", "tonsils", "nasopharynx", "salivary", "thyroid", "eyes", "sinuses", "esophagus",
         "portal_vein", "adrenals", "prostate", "bone")  # fmt: skip
WHOLE = {
    "increased": ("spleen", "thyroid"),
    "decreased": ("kidneys", "salivary"),
}
"""Organs that are drawn as diffusely changed, by state."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FreshPhantom:
    """One drawn subject: its spec and the true states of every organ of ``pet2rep19``."""

    spec: PhantomSpec
    truth: dict[str, States]


def fresh_phantom(number: int) -> FreshPhantom:
    """Draw subject ``number``; one in five is normal, the others have two to five lesions."""
    from pytest_pet2rep.phantom.spec import parse_phantom
    from pytest_pet2rep.phantom.streams import stream
    from pytest_pet2rep.phantom.truth import best_lift

    seed = FIRST_SEED + number
    rng = stream(seed, "fresh subject")
    table = _subject(rng, seed, str(rng.choice(["M", "F"])))
    count = 0 if rng.random() < 0.2 else int(rng.integers(2, 6))
    lesions = [_lesion(rng, str(table["sex"])) for _ in range(count)]
    unique = {(row["organ"], row.get("side", ""), row["state"]): row for row in lesions}
    table["lesions"] = list(unique.values())
    if unique:
        table["lift_mm"] = best_lift(parse_phantom(table), LIFTS_MM)
    spec = parse_phantom(table)
    return FreshPhantom(spec=spec, truth=_truth(spec))


def healthy_phantom(number: int, sex: str) -> PhantomSpec:
    """Draw a subject of one sex without lesions; none of them is a ``fresh_phantom``."""
    from pytest_pet2rep.phantom.spec import parse_phantom
    from pytest_pet2rep.phantom.streams import stream

    seed = 2 * FIRST_SEED + number
    return parse_phantom(_subject(stream(seed, "healthy subject"), seed, sex))


def volumes_of_phantom(spec: PhantomSpec) -> tuple[Volume, Volume]:
    """PET (SUV) and CT (HU) of a phantom, in memory."""
    from pytest_pet2rep.imaging.volumes import Volume
    from pytest_pet2rep.phantom.synthesis import synthesise

    made = synthesise(spec)
    return (
        Volume(data=made.pet, affine=made.pet_affine),
        Volume(data=made.ct, affine=made.ct_affine),
    )


def images_of_phantom(spec: PhantomSpec, views: Views = Views.FUSED) -> tuple[SentImage, ...]:
    """What a model would be sent of a phantom."""
    from pytest_pet2rep.imaging.rendering import render_views

    return render_views(*volumes_of_phantom(spec), ViewOptions(views=views))


def _subject(rng: np.random.Generator, seed: int, sex: str) -> dict[str, Any]:
    tall, heavy = (170.0, 70.0) if sex == "M" else (159.0, 58.5)
    draw = [float(value) for value in rng.uniform(-1.7, 1.7, 3)]
    return {
        "seed": seed,
        "sex": sex,
        "age": float(round(60 + 12 * draw[0])),
        "height_cm": float(round(tall + 6 * draw[1])),
        "weight_kg": float(round(heavy + 9 * (0.4 * draw[1] + 0.9 * draw[2]))),
        "lift_mm": float(2 * rng.integers(-2, 9)),
        "heart": str(rng.choice(["none", "none", "patchy", "diffuse"])),
        "breathing_mm": float(rng.integers(0, 6)),
        "noise": round(float(rng.uniform(0.095, 0.125)), 3),
    }


def _lesion(rng: np.random.Generator, sex: str) -> dict[str, Any]:
    from pytest_pet2rep.phantom.places import organ_rules

    state = str(rng.choice(["increased", "decreased", "absent"], p=[0.5, 0.27, 0.23]))
    fitting = [r for r in organ_rules().values() if state in r.states and r.sex in ("", sex)]
    rules = fitting[int(rng.integers(len(fitting)))]
    side = str(rng.choice(["left", "right"]))
    lesion: dict[str, Any] = {"organ": rules.organ, "state": state}
    if rules.organ in WHOLE.get(state, ()) and rng.random() < 0.5:
        lesion["extent"] = "whole"
        if rules.paired and rules.organ != "thyroid":
            lesion["side"] = side
    else:
        places = list(rules.places.values())
        place = places[int(rng.integers(len(places)))]
        fixed = str(place.side) if place.side is not None else (side if rules.paired else "none")
        low, high = _sizes(rules, state)
        lesion |= {"part": place.name, "side": fixed, "diameter_mm": int(rng.integers(low, high))}
    return lesion | _strength(rng, rules, state)


def _sizes(rules: OrganRules, state: str) -> tuple[int, int]:
    if state != "increased":
        return COLD_MM
    return SMALL_MM if rules.organ.endswith(SMALL) else LARGE_MM


def _strength(rng: np.random.Generator, rules: OrganRules, state: str) -> dict[str, float]:
    if state == "increased":
        return {"suv": round(float(rng.uniform(*rules.usual)), 1)}
    weak, strong = (0.38, 0.52) if state == "decreased" else (0.02, 0.12)
    return {"factor": round(float(rng.uniform(weak, strong)), 2)}


def _truth(spec: PhantomSpec) -> dict[str, States]:
    found: dict[str, set[Any]] = {}
    for lesion in spec.lesions:
        found.setdefault(lesion.organ, set()).add(lesion.state)
    profile = load_profile("pet2rep19")
    known = {organ: frozenset(states) for organ, states in found.items()}
    return {o: s if _is_abnormal(s) else NORMAL for o, s in roll_up(known, profile).items()}


def _is_abnormal(states: States) -> bool:
    return bool(states.intersection(ABNORMAL_STATES))

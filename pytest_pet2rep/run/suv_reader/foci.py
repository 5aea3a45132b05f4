"""Hot and cold foci: where the measured planes leave what the atlas knows of healthy subjects."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.places import organ_rules
from pytest_pet2rep.run.suv_reader.atlas import Expected
from pytest_pet2rep.run.suv_reader.grid import ORGANS
from pytest_pet2rep.run.suv_reader.pixels import FUSED, Plane
from pytest_pet2rep.types import Side, UptakeState


@dataclass(frozen=True, kw_only=True, slots=True)
class Focus:
    """One place where uptake differs from health."""

    organ: str
    """Fine organ id."""
    state: UptakeState
    side: Side
    suv_max: float
    """Largest SUV measured; infinite where the display ends below it."""
    pixels: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Station:
    """A place of an organ in the reference body, cm, with its side resolved."""

    organ: str
    side: Side
    at: NDArray[np.float64]
    spread: NDArray[np.float64]


@cache
def thresholds() -> Mapping[str, Any]:
    """Numbers of the reader (``data/suv_reader/thresholds.toml``), learned on fresh phantoms."""
    file = resources.files("pytest_pet2rep") / "data/suv_reader/thresholds.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def find_foci(planes: Sequence[Plane], expected: Expected, sex: str) -> tuple[Focus, ...]:
    """All foci of a case, hot ones first; ``sex`` as it was read off the images."""
    suv = np.stack([plane.suv for plane in planes])
    end = planes[0].suv_end
    display = "fused" if end == FUSED.suv_max else "separate"
    hot, cold = thresholds()["hot"], thresholds()["cold"]
    found = (
        *hot_foci(suv, expected, sex, hot["shared"] | hot[display]),
        *_cold(suv, expected, cold, display),
    )
    return tuple(replace(one, suv_max=np.inf) if one.suv_max >= end else one for one in found)


def hot_foci(
    suv: NDArray[np.float32], expected: Expected, sex: str, rules: Mapping[str, Any]
) -> Iterator[Focus]:
    """Foci of increased uptake by the rules of ``[hot]``."""
    from scipy.ndimage import maximum_filter

    usual = maximum_filter(expected.high, size=(1, *[int(rules["reach"])] * 2))
    noise = rules["noise"] * np.sqrt(np.maximum(usual, 0.2))
    excess = suv - usual - noise
    for plane, mask in clusters(excess > 0, int(rules["pixels"])):
        peak = float(excess[plane][mask].max())
        if peak < rules["peak"]:
            continue
        weight = excess[plane][mask]
        centre = np.array(
            [
                np.average(c[plane][mask], weights=weight)
                for c in (expected.x, expected.y, expected.z)
            ]
        )
        station = _station_of(centre, sex, rules)
        if station is not None:
            yield Focus(
                organ=station.organ,
                state=UptakeState.INCREASED,
                side=station.side,
                suv_max=float(suv[plane][mask].max()),
                pixels=int(mask.sum()),
            )


def _station_of(centre: NDArray[np.float64], sex: str, rules: Mapping[str, Any]) -> Station | None:
    """The organ whose place lies nearest, in units of where its lesions lie; ``None`` if far."""
    best, found = float(rules["far"]), None
    slack = np.array(rules["slack"])
    for station in stations(sex):
        apart = float(np.linalg.norm((centre - station.at) / (station.spread + slack)))
        if apart < best:
            best, found = apart, station
    return found


@cache
def stations(sex: str) -> tuple[Station, ...]:
    """Where uptake can be increased in a body of this sex, both sides of paired organs."""
    found = []
    for organ, rules in organ_rules().items():
        if UptakeState.INCREASED not in rules.states or rules.sex not in ("", sex):
            continue
        for place in rules.places.values():
            both = rules.paired and place.side is None
            for side in (Side.LEFT, Side.RIGHT) if both else (place.side or Side.NONE,):
                mirror = -1.0 if both and side is Side.RIGHT else 1.0
                found.append(
                    Station(
                        organ=organ,
                        side=side,
                        at=np.array(place.at) * (mirror, 1, 1),
                        spread=np.array(place.wobble),
                    )
                )
    return tuple(found)


def _cold(
    suv: NDArray[np.float32], expected: Expected, rules: Mapping[str, Any], display: str
) -> Iterator[Focus]:
    from scipy.ndimage import minimum_filter

    low = minimum_filter(expected.low, size=(1, *[int(rules["reach"])] * 2))
    for organ, own in rules[display].items():
        inside = expected.organ == ORGANS.index(organ)
        ratio = suv / np.maximum(expected.mean, 0.3)
        if not inside.any():
            continue
        ratio /= np.clip(np.percentile(ratio[inside], own["level"]), 0.7, 1.4)
        deficit = inside & (suv < low * own["below"]) & (ratio < own["ratio"])
        for plane, mask in clusters(deficit, int(own["pixels"])):
            core = float(np.percentile(ratio[plane][mask], own["core"]))
            x = float(expected.x[plane][mask].mean())
            yield Focus(
                organ=organ,
                state=UptakeState.ABSENT if core < own["absent"] else UptakeState.DECREASED,
                side=_side(organ, x),
                suv_max=float(suv[plane][mask].max()),
                pixels=int(mask.sum()),
            )


def _side(organ: str, x_cm: float) -> Side:
    if not organ_rules()[organ].paired:
        return Side.NONE
    return Side.LEFT if x_cm > 0 else Side.RIGHT


def clusters(mask: NDArray[np.bool_], least: int) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Connected pixels of each plane, if there are enough: plane and mask."""
    from scipy.ndimage import label

    for plane in range(mask.shape[0]):
        numbered, count = label(mask[plane])
        for number in range(1, count + 1):
            one = numbered == number
            if int(one.sum()) >= least:
                yield plane, one

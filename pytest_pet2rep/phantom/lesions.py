"""Putting abnormal uptake into a body, and the truth about it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.body import Body
from pytest_pet2rep.phantom.canvas import Canvas, Frame, Point, Region
from pytest_pet2rep.phantom.places import OrganRules, Place, organ_rules
from pytest_pet2rep.phantom.solids import ellipsoid, within
from pytest_pet2rep.phantom.spec import Extent, Lesion
from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.phantom.tissues import tissues
from pytest_pet2rep.types import Side, UptakeState


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A lesion in a body: its voxels on the body's grid and the uptake it replaced."""

    lesion: Lesion
    region: Region
    base_suv: float
    """SUV of the organ's own tissue in this subject."""


def place_lesions(body: Body, levels: NDArray[np.float32]) -> tuple[Placed, ...]:
    """Find the voxels of every lesion of the body's spec; ``levels`` is SUV by tissue number.

    The place depends on the seed, the lesion's number and its table entry only.
    """
    return tuple(_place(body, number, levels) for number in range(len(body.spec.lesions)))


def apply_lesions(
    placed: tuple[Placed, ...], uptake: NDArray[np.float32], hu: NDArray[np.float32]
) -> None:
    """Write uptake (SUV) and CT numbers of the lesions into the body's arrays, in their order."""
    for one in placed:
        lesion, region = one.lesion, one.region
        block = uptake[region.box]
        if lesion.suv is not None:
            block[region.mask] = lesion.suv
        elif lesion.factor is not None and _is_brain_like(lesion):
            block[region.mask] *= lesion.factor
        elif lesion.factor is not None:
            block[region.mask] = lesion.factor * one.base_suv
        usual = organ_rules()[lesion.organ].hu.get(lesion.state)
        number = lesion.hu if lesion.hu is not None else usual
        if number is not None and (lesion.extent is Extent.FOCAL or lesion.hu is not None):
            grain = hu[region.box][region.mask]
            hu[region.box][region.mask] = number + 0.05 * (grain - grain.mean())


def _is_brain_like(lesion: Lesion) -> bool:
    """Where the organ's own pattern stays to be seen under the loss of uptake."""
    return lesion.organ == "brain" or lesion.extent is Extent.WHOLE


def _place(body: Body, number: int, levels: NDArray[np.float32]) -> Placed:
    lesion = body.spec.lesions[number]
    rules = organ_rules()[lesion.organ]
    base = float(levels[tissues()[_base_tissue(rules, lesion)].number])
    if lesion.extent is Extent.WHOLE:
        region = whole_organ(body.canvas, lesion)
    else:
        region = _focus(body, number, rules)
    return Placed(lesion=lesion, region=region, base_suv=base)


def _base_tissue(rules: OrganRules, lesion: Lesion) -> str:
    place = rules.places.get(lesion.part)
    return place.tissues[0] if place and place.tissues else rules.base


def whole_organ(canvas: Canvas, lesion: Lesion) -> Region:
    """All voxels of an organ, or of the stated part or side of it."""
    rules = organ_rules()[lesion.organ]
    place = rules.places.get(lesion.part)
    names = place.tissues if place and place.tissues else rules.tissues
    mask = np.isin(canvas.labels, [tissues()[name].number for name in names])
    if lesion.side in (Side.LEFT, Side.RIGHT):
        left = canvas.trunk.x[:, None, None] > 0
        mask = mask & (left if lesion.side is Side.LEFT else ~left)
    return _cropped(mask)


def _cropped(mask: NDArray[np.bool_]) -> Region:
    cuts = []
    for axis in range(3):
        used = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        cuts.append(slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0))
    box = (cuts[0], cuts[1], cuts[2])
    return Region(box=box, mask=mask[box])


def lesion_centre(body: Body, number: int) -> tuple[Frame, Point]:
    """Frame and centre (cm in that frame) of a focal lesion."""
    lesion = body.spec.lesions[number]
    rules = organ_rules()[lesion.organ]
    place = rules.places[lesion.part]
    frame = body.canvas.head if rules.frame == "head" else body.canvas.trunk
    side = -1 if place.side is None and rules.paired and lesion.side is Side.RIGHT else 1
    name = f"lesion {number} {lesion.organ} {lesion.part} {lesion.side}"
    draw = stream(body.spec.seed, name).uniform(-1, 1, 3)
    x, y, z = (float(c + d * w) for c, d, w in zip(place.at, draw, place.wobble, strict=True))
    return frame, (side * x, y, z)


def _focus(body: Body, number: int, rules: OrganRules) -> Region:
    lesion = body.spec.lesions[number]
    frame, centre = lesion_centre(body, number)
    region = ellipsoid(frame, centre, _semi_axes(body, lesion, rules))
    if not rules.confined and lesion.state is UptakeState.INCREASED:
        outside = tissues()["air"].number
        return within(region, body.canvas.labels[region.box] != outside)
    allowed = set(_tissues_of(rules, rules.places[lesion.part]))
    if not rules.confined:
        allowed |= {"visceral_fat", "muscle", "small_bowel", "stomach_content"}
    inside = np.isin(body.canvas.labels[region.box], [tissues()[n].number for n in allowed])
    return within(region, inside)


def _tissues_of(rules: OrganRules, place: Place) -> tuple[str, ...]:
    return place.tissues or rules.tissues


def _semi_axes(body: Body, lesion: Lesion, rules: OrganRules) -> tuple[float, float, float]:
    """Half the diameter in centimetres of the stretched frame, so that millimetres stay true."""
    trunk, head = body.scales.trunk, body.scales.head
    sx, sy, sz = head if rules.frame == "head" else trunk
    radius = lesion.diameter_mm / 20
    return radius / sx, radius / sy, rules.long * radius / sz

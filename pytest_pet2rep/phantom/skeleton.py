"""Bones of the trunk and limbs.

Positions after Cristy and Eckerman (ORNL/TM-8381, 1987); the spine has its curves and single
vertebrae, the pelvis flares, ribs run downwards to the front, hips have joints.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pytest_pet2rep.phantom.canvas import Canvas, Point, Region
from pytest_pet2rep.phantom.outline import ARM_DOWN, ARM_UP, trunk_size
from pytest_pet2rep.phantom.solids import ellipsoid, mirrored, tube, within

# Height z, centre y, half width, half depth of the vertebral bodies, cm.
SPINE = np.array(
    [
        (17.5, 5.2, 2.5, 1.9), (22, 4.5, 2.5, 1.9), (28, 4.1, 2.45, 1.85), (34, 4.6, 2.3, 1.8),
        (42, 5.6, 2.0, 1.75), (52, 6.0, 1.8, 1.7), (60, 5.2, 1.65, 1.5), (66, 4.0, 1.45, 1.2),
        (70, 3.5, 1.35, 1.05),
    ]
)  # fmt: skip
FIRST_DISC = 17.5


def spine_centre(z: float) -> Point:
    """Centre of the vertebral bodies at a height of the trunk."""
    return 0.0, float(np.interp(z, SPINE[:, 0], SPINE[:, 1])), z


def paint_skeleton(canvas: Canvas, *, arms_up: bool, female: bool) -> None:
    """Paint ribs, shoulder girdle, arms, pelvis, femora and spine, in this order."""
    _paint_ribs(canvas, female=female)
    _paint_sternum(canvas)
    for side in (-1, 1):
        _paint_shoulder(canvas, side)
        _paint_arm_bones(canvas, side, arms_up=arms_up)
        _paint_hip_bone(canvas, side)
        _paint_femur(canvas, side)
    _paint_sacrum(canvas)
    _paint_spine(canvas)


def _bone(canvas: Canvas, points: Sequence[Point], radii: Sequence[float], shell: float,
          marrow: str = "limb_marrow") -> None:  # fmt: skip
    """A long bone: cortex outside, marrow inside."""
    canvas.fill(tube(canvas.trunk, points, radii), "cortical_bone")
    canvas.fill(tube(canvas.trunk, points, [r - shell for r in radii]), marrow)


def _paint_ribs(canvas: Canvas, *, female: bool) -> None:
    frame = canvas.trunk
    box = frame.box((-19, -12, 31), (19, 12, 69))
    x, y, z = frame.open(box)
    spine_side = z + 0.42 * (y - 6)  # a rib lies lower in front
    a, b = (size.astype(np.float32) for size in trunk_size(z, female=female))
    top = np.clip((66.0 - z) / 12.0, 0.15, 1.0) ** 0.35  # the cage closes towards the neck
    wide, deep = a * top - 0.45, b * top - 0.5
    outer = (x / wide) ** 2 + (y / deep) ** 2
    inner = (x / (wide - 0.75)) ** 2 + (y / (deep - 0.75)) ** 2
    slab = np.mod(spine_side - 34.0, 2.75) < 1.25
    cage = (spine_side > 33.4) & (spine_side < 66.5) & ~((y < -6) & (spine_side < 40))
    mask = (outer <= 1) & (inner > 1) & slab & cage
    canvas.fill(Region(box=box, mask=mask), "rib", over=("muscle", "visceral_fat", "fat"))


def _paint_sternum(canvas: Canvas) -> None:
    points = [(0.0, -9.0, 47.0), (0.0, -8.6, 56.0), (0.0, -7.4, 63.5)]
    for radius, tissue in ((1.25, "rib"), (0.85, "marrow")):
        for region in tube(canvas.trunk, points, [radius] * 3):
            y = canvas.trunk.open(region.box)[1]
            canvas.fill(within(region, np.abs(y - -8.6) < 1.6), tissue)


def _paint_shoulder(canvas: Canvas, side: int) -> None:
    clavicle = [(1.8, -6.0, 63.8), (7.0, -5.6, 65.6), (12.0, -2.6, 66.4), (15.0, 0.5, 66.2)]
    _bone(canvas, [mirrored(p, side) for p in clavicle], [0.85, 0.75, 0.75, 0.8], 0.3)
    blade = [(13.6, 4.6, 64.4), (12.2, 7.3, 58.0), (10.4, 8.0, 51.5)]
    canvas.fill(tube(canvas.trunk, [mirrored(p, side) for p in blade], [0.85, 0.5, 0.45]), "rib")
    edge = [(7.8, 8.2, 63.0), (8.8, 8.4, 57.0), (10.4, 8.0, 51.5)]
    canvas.fill(tube(canvas.trunk, [mirrored(p, side) for p in edge], [0.45] * 3), "rib")
    spine = [(7.8, 8.2, 62.5), (13.0, 6.4, 65.2), (15.4, 2.0, 66.8)]
    canvas.fill(tube(canvas.trunk, [mirrored(p, side) for p in spine], [0.5, 0.7, 0.9]), "rib")


def _paint_arm_bones(canvas: Canvas, side: int, *, arms_up: bool) -> None:
    line = [mirrored(p, side) for p in (ARM_UP if arms_up else ARM_DOWN)]
    shaft = [_between(line[1], line[2], 0.1), line[2], line[3]]
    _bone(canvas, shaft, [1.35, 1.2, 1.5], 0.5)
    head = ellipsoid(canvas.trunk, _between(line[0], line[1], 0.55), (2.3, 2.3, 2.3))
    canvas.fill(head, "cortical_bone")
    canvas.fill(
        ellipsoid(canvas.trunk, _between(line[0], line[1], 0.55), (2.0, 2.0, 2.0)), "limb_marrow"
    )
    for offset in (-0.9, 0.9):
        forearm = [(x, y + offset, z) for x, y, z in line[3:5]]
        _bone(canvas, forearm, [0.9, 0.8], 0.35)


def _between(start: Point, end: Point, part: float) -> Point:
    x, y, z = (float(s + part * (e - s)) for s, e in zip(start, end, strict=True))
    return x, y, z


def _paint_hip_bone(canvas: Canvas, side: int) -> None:
    frame = canvas.trunk
    box = frame.box((-16, -4, 6.5), (16, 9, 22))
    x, y, z = frame.open(box)
    flare = 0.76 + 0.28 * (z - 6.5) / 15.5
    crest = z < 21.5 - 0.045 * (y - 2.5) ** 2 * 2
    radius = np.sqrt((x / flare) ** 2 + (y + 2.8) ** 2)
    half = (radius >= 10.5) & (radius <= 12.4) & (side * x > 3.2) & (y < 7.5) & crest
    canvas.fill(Region(box=box, mask=half), "cortical_bone")
    core = (radius >= 10.85) & (radius <= 12.05) & (side * x > 3.4) & (y < 7.2) & crest
    canvas.fill(Region(box=box, mask=core), "marrow")
    socket = mirrored((8.7, 0.6, 4.2), side)
    canvas.fill(ellipsoid(frame, socket, (3.2, 3.2, 3.4)), "cortical_bone")
    canvas.fill(ellipsoid(frame, mirrored((8.4, 0.8, 4.9), side), (2.7, 2.7, 3.0)), "marrow")
    ramus = [(7.4, -2.4, 3.0), (3.0, -5.2, 1.9), (0.7, -5.7, 1.0)]
    _bone(canvas, [mirrored(p, side) for p in ramus], [1.2, 0.9, 1.2], 0.3, "marrow")
    ischium = [(7.4, 2.6, 2.4), (6.0, 3.6, -2.6), (3.2, -2.6, -1.8), (1.0, -5.4, 0.4)]
    _bone(canvas, [mirrored(p, side) for p in ischium], [1.7, 1.5, 0.8, 0.8], 0.3, "marrow")


def _paint_femur(canvas: Canvas, side: int) -> None:
    frame = canvas.trunk
    head = mirrored((9.0, 0.5, 3.6), side)
    canvas.fill(ellipsoid(frame, head, (2.65, 2.65, 2.65)), "cartilage")
    neck = [head, mirrored((12.2, 1.2, 0.6), side), mirrored((13.0, 1.4, -1.2), side)]
    _bone(canvas, neck, [2.3, 1.5, 1.8], 0.3)
    shaft = [mirrored((12.6, 1.3, 0.8), side), mirrored((11.9, 1.0, -8.0), side),
             mirrored((11.3, 0.6, -24.0), side)]  # fmt: skip
    _bone(canvas, shaft, [1.9, 1.5, 1.35], 0.55)


def _paint_sacrum(canvas: Canvas) -> None:
    points = [(0.0, 5.4, 17.0), (0.0, 7.2, 13.0), (0.0, 8.0, 9.0), (0.0, 7.2, 5.5)]
    for side in (-1, 1):
        wing = [mirrored((1.0, 6.2, 17.2), side), mirrored((4.6, 6.2, 15.8), side),
                mirrored((2.2, 7.4, 11.0), side)]  # fmt: skip
        _bone(canvas, wing, [1.6, 2.1, 1.2], 0.25, "marrow")
    _bone(canvas, points, [2.1, 1.8, 1.2, 0.7], 0.2, "marrow")


def _paint_spine(canvas: Canvas) -> None:
    frame = canvas.trunk
    _paint_posterior_elements(canvas)
    box = frame.box((-2.8, 1.5, SPINE[0, 0]), (2.8, 8.0, 70.2))
    x, y, z = frame.open(box)
    centre, a, b = (np.interp(z, SPINE[:, 0], SPINE[:, n]).astype(np.float32) for n in (1, 2, 3))
    phase = _vertebra_phase(frame.z[box[2]])[None, None, :]
    waist = 1 - 0.12 * np.sin(np.pi * np.clip((phase - 0.2) / 0.8, 0, 1))
    radius = (x / (a * waist)) ** 2 + ((y - centre) / (b * waist)) ** 2
    canvas.fill(Region(box=box, mask=radius <= 1), "cortical_bone")
    body = ((a - 0.22) / a) ** 2
    canvas.fill(Region(box=box, mask=(radius <= body) & (phase >= 0.27)), "marrow")
    canvas.fill(Region(box=box, mask=(radius <= 1) & (phase < 0.2)), "disc")


def _vertebra_phase(z: np.ndarray) -> np.ndarray:
    """0 to 1 through each disc (up to 0.2) and vertebra, counted upwards from the sacrum."""
    fine = np.arange(FIRST_DISC - 0.01, 90, 0.05)
    height = np.interp(fine, [18, 34, 40, 64, 70], [3.5, 3.3, 2.6, 1.9, 1.6])
    count = np.cumsum(0.05 / height)
    phase: np.ndarray = np.mod(np.interp(z, fine, count), 1.0).astype(np.float32)
    return phase


def _paint_posterior_elements(canvas: Canvas) -> None:
    heights = np.linspace(18.5, 70, 30)
    canal = [(0.0, spine_centre(z)[1] + _depth(z) + 0.9, z) for z in heights]
    arch = [(0.0, y + 1.3, z) for _, y, z in canal]
    canvas.fill(tube(canvas.trunk, arch, [0.75] * len(arch)), "rib")
    for side in (-1, 1):
        wings = [(side * 1.9, y + 0.7, z) for _, y, z in canal]
        canvas.fill(tube(canvas.trunk, wings, [0.75] * len(wings)), "rib")
    canvas.fill(tube(canvas.trunk, canal, [0.85] * len(canal)), "csf")
    canvas.fill(tube(canvas.trunk, canal[6:], [0.55] * len(canal[6:])), "spinal_cord")


def _depth(z: float) -> float:
    return float(np.interp(z, SPINE[:, 0], SPINE[:, 3]))

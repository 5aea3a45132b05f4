"""Lungs, heart, great vessels, airways and oesophagus.

Heart after Cristy and Eckerman (ORNL/TM-8381, 1987); lungs wider and with domed diaphragms.
"""

from __future__ import annotations

import numpy as np

from pytest_pet2rep.phantom.canvas import Canvas, Point, Region
from pytest_pet2rep.phantom.outline import trunk_interior
from pytest_pet2rep.phantom.solids import ellipsoid, folds, mirrored, tube, turned, within
from pytest_pet2rep.phantom.streams import stream

HEART = (1.2, -2.2, 49.6)
HEART_ROWS = ((0.6751, -0.4727, -0.5664), (-0.4640, 0.3249, -0.8241), (0.5736, 0.8191, 0.0))
LONG, WIDE, LEFT_DEEP, RIGHT_DEEP, ATRIA = 8.6, 5.0, 3.1, 7.0, 5.4
LEFT_WALL, RIGHT_WALL, ATRIAL_WALL = 1.3, 0.6, 0.3


def dome(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the diaphragm, cm: two domes, the right one higher, falling to the ribs."""
    right = 46.0 - 0.085 * (x + 7.5) ** 2 - 0.075 * (y + 1.0) ** 2
    left = 44.6 - 0.085 * (x - 8.0) ** 2 - 0.075 * (y + 0.5) ** 2
    return np.maximum(np.maximum(right, left), 31.0).astype(np.float32)


def paint_chest(canvas: Canvas, *, female: bool, heart: str) -> None:
    """Paint the thoracic cavity and everything in it; ``heart`` is none, diffuse or patchy."""
    canvas.fill(
        trunk_interior(canvas, (33.0, 64.5), 1.9, female=female), "visceral_fat", over=("muscle",)
    )
    for side in (-1, 1):
        _paint_lung(canvas, side, female=female)
    _paint_mediastinum(canvas)
    _paint_heart(canvas, heart)
    _paint_vessels(canvas)
    trachea = [(0.0, -1.0, 70.0), (0.0, 0.2, 62.0), (0.0, 0.6, 58.6)]
    canvas.fill(tube(canvas.trunk, trachea, [0.85, 0.85, 0.9]), "airway")
    for side in (-1, 1):
        bronchus = [(0.0, 0.6, 58.6), mirrored((3.4, 0.9, 56.2), side)]
        canvas.fill(tube(canvas.trunk, bronchus, [0.75, 0.6]), "airway")
    _paint_esophagus(canvas)


def _paint_lung(canvas: Canvas, side: int, *, female: bool) -> None:
    frame = canvas.trunk
    inside = trunk_interior(canvas, (31.0, 67.5), 2.1, female=female)
    x, y, z = frame.open(inside.box)
    apex = ((side * x - 7.6) / 8.4) ** 2 + ((y - 0.4) / 9.0) ** 2
    apex = apex + np.clip((z - 52.0) / 15.2, 0, None) ** 2.4
    lung = (apex <= 1.0) & (side * x > 2.2) & (z > dome(x, y))
    canvas.fill(within(inside, lung), "lung", over=("muscle", "visceral_fat", "rib"))
    rng = stream(canvas.seed, f"lung vessels {side}")
    hilum = (side * 3.6, 0.8, 56.5)
    for _ in range(16):
        end = (side * rng.uniform(6.5, 13.5), rng.uniform(-5.5, 6.0), rng.uniform(47, 65))
        middle = tuple(
            0.5 * (h + e) + rng.uniform(-0.8, 0.8) for h, e in zip(hilum, end, strict=True)
        )
        branch = tube(frame, [hilum, (middle[0], middle[1], middle[2]), end], [0.5, 0.26, 0.13])
        canvas.fill(branch, "blood", over=("lung",))


def _paint_mediastinum(canvas: Canvas) -> None:
    frame = canvas.trunk
    fat = [(0.2, -0.6, 47.0), (0.2, -0.8, 56.0), (0.0, -0.6, 66.0)]
    for region in tube(frame, fat, [3.4, 3.2, 3.2]):
        canvas.fill(region, "visceral_fat", over=("lung",))
    front = [(0.0, -5.0, 48.0), (0.0, -5.0, 62.0)]
    canvas.fill(tube(frame, front, [2.4, 2.4]), "visceral_fat", over=("lung",))
    back = [(0.0, 3.4, 42.0), (0.0, 3.2, 62.0)]
    canvas.fill(tube(frame, back, [2.5, 2.5]), "visceral_fat", over=("lung",))


def _paint_heart(canvas: Canvas, pattern: str) -> None:
    frame = canvas.trunk
    shift, size = canvas.vary("heart", 0.4, 0.06)
    centre = tuple(c + s for c, s in zip(HEART, shift, strict=True))
    around = ellipsoid(frame, centre, (9.4, 9.4, 9.4))
    own = turned([c - m for c, m in zip(frame.open(around.box), centre, strict=True)], HEART_ROWS)
    own = [o / size for o in own]
    for layer, wall in (("fat", -0.45), ("muscle", 0.0), ("blood", 1.0)):
        for part, region in _heart_parts(around, own, wall).items():
            if layer == "muscle" and part == "left ventricle":
                _paint_myocardium(canvas, region, pattern)
            else:
                tissue = "visceral_fat" if layer == "fat" else "blood"
                canvas.fill(region, tissue, over=("lung",) if layer == "fat" else ())


def _paint_myocardium(canvas: Canvas, region: Region, pattern: str) -> None:
    """After fasting the muscle takes up little, much, or much in large patches."""
    canvas.fill(region, "avid_myocardium" if pattern == "diffuse" else "myocardium")
    if pattern == "patchy":
        phase = stream(canvas.seed, "myocardium").uniform(0, 2 * np.pi, 3)
        patches = folds(canvas.trunk, region, 9.0, phase) > 0
        canvas.fill(within(region, patches), "avid_myocardium")


def _heart_parts(around: Region, own: list[np.ndarray], wall: float) -> dict[str, Region]:
    """Chambers at ``wall`` times their wall thickness inside the surface."""
    x, y, z = own

    def chamber(long: float, wide: float, deep: float, thickness: float) -> np.ndarray:
        inner = thickness * wall
        return (x / (long - inner)) ** 2 + (y / (wide - inner)) ** 2 + (
            z / (deep - inner)
        ) ** 2 <= 1

    left = chamber(LONG, WIDE, LEFT_DEEP, LEFT_WALL)
    right = (z < 0) & chamber(LONG, WIDE, RIGHT_DEEP, RIGHT_WALL)
    atria = np.where(z >= 0, chamber(ATRIA, WIDE, LEFT_DEEP, ATRIAL_WALL),
                     chamber(ATRIA, WIDE, RIGHT_DEEP, ATRIAL_WALL))  # fmt: skip
    return {
        "right ventricle": within(around, (x >= 0) & right),
        "left ventricle": within(around, (x >= 0) & left),
        "atria": within(around, (x < 0) & atria),
    }


def _paint_vessels(canvas: Canvas) -> None:
    arch: list[Point] = [(-0.6, -2.6, 54.0), (-1.4, -2.4, 58.0), (-0.2, -1.4, 61.2),
                         (1.7, 0.8, 61.0), (2.4, 2.6, 58.0), (2.2, 2.8, 46.0), (1.0, 1.9, 38.0),
                         (0.9, 1.3, 28.0), (0.8, 1.6, 20.5)]  # fmt: skip
    canvas.fill(tube(canvas.trunk, arch, [1.5, 1.5, 1.35, 1.25, 1.2, 1.1, 1.0, 0.9, 0.8]), "blood")
    cava: list[Point] = [(-2.4, -1.4, 64.5), (-2.5, -1.0, 54.0)]
    canvas.fill(tube(canvas.trunk, cava, [1.0, 1.0]), "blood")
    trunk: list[Point] = [(1.6, -3.2, 54.0), (0.8, -0.6, 57.4), (-2.6, 0.6, 57.0)]
    canvas.fill(tube(canvas.trunk, trunk, [1.4, 1.2, 0.9]), "blood")
    left_branch: list[Point] = [(0.8, -0.6, 57.4), (3.4, 1.0, 57.4)]
    canvas.fill(tube(canvas.trunk, left_branch, [1.2, 0.8]), "blood")
    for side in (-1, 1):
        iliac = [(3.6, 1.6, 15.5), (6.4, -2.4, 7.0), (8.0, -5.6, 1.0), (9.0, -4.6, -20.0)]
        points = [(0.8, 1.6, 20.5), *(mirrored(p, side) for p in iliac)]
        canvas.fill(tube(canvas.trunk, points, [0.65, 0.6, 0.6, 0.6, 0.5]), "blood")
        neck = [mirrored((1.6, -1.6, 62.0), side), mirrored((2.6, -1.8, 67.0), side)]
        canvas.fill(tube(canvas.trunk, neck, [0.7, 0.6]), "blood")
        carotid = [mirrored((2.7, -1.9, 68.0), side), mirrored((3.0, -1.2, 80.0), side)]
        canvas.fill(tube(canvas.head, carotid, [0.55, 0.5]), "blood", over=("muscle", "fat"))


def _paint_esophagus(canvas: Canvas) -> None:
    line: list[Point] = [(0.3, 0.6, 70.0), (0.4, 1.7, 62.0), (0.3, 2.1, 54.0), (0.7, 1.7, 47.0),
                         (1.8, 0.6, 43.4), (4.0, -1.4, 41.2)]  # fmt: skip
    canvas.fill(tube(canvas.trunk, line, [0.75] * 6), "esophagus")

"""Organs of abdomen and pelvis.

Sizes and places after Cristy and Eckerman (ORNL/TM-8381, 1987); the kidneys are as deep as they
are in patients, the liver follows the diaphragm, bowel has folds, vessels are added.
"""

from __future__ import annotations

import math

import numpy as np

from pytest_pet2rep.phantom.canvas import Canvas, Point, Region
from pytest_pet2rep.phantom.chest import dome
from pytest_pet2rep.phantom.outline import trunk_interior
from pytest_pet2rep.phantom.solids import column, ellipsoid, folds, mirrored, tube, within
from pytest_pet2rep.phantom.streams import stream

LIVER_TOP_CUT = (35.0, 45.0, 43.0)
SOFT = ("muscle", "visceral_fat")


def paint_abdomen(canvas: Canvas, *, female: bool) -> None:
    """Paint the abdominal and pelvic cavity and all organs in it."""
    canvas.fill(_cavity(canvas, female=female), "visceral_fat", over=("muscle",))
    _paint_back_muscles(canvas)
    _paint_small_bowel(canvas)
    _paint_colon(canvas)
    _paint_spleen(canvas)
    _paint_stomach(canvas)
    _paint_pancreas(canvas)
    _paint_liver(canvas, female=female)
    for side in (-1, 1):
        _paint_kidney(canvas, side)
        _paint_adrenal(canvas, side)
    _paint_veins(canvas)
    _paint_gallbladder(canvas)
    _paint_pelvic_organs(canvas, female=female)


def _cavity(canvas: Canvas, *, female: bool) -> Region:
    inside = trunk_interior(canvas, (3.0, 44.0), 1.5, female=female)
    x, y, z = canvas.trunk.open(inside.box)
    narrow = np.interp(z, [3, 8, 16, 22, 44], [4.5, 7.5, 11.5, 16.5, 17.5]).astype(np.float32)
    bowl = (x / narrow) ** 2 + ((y + 0.6) / 8.2) ** 2 <= 1
    return within(inside, bowl & (z < dome(x, y)))


def _paint_back_muscles(canvas: Canvas) -> None:
    for side in (-1, 1):
        psoas: list[Point] = [
            (3.4, 3.8, 34.0),
            (4.6, 3.0, 24.0),
            (6.4, 0.6, 13.0),
            (8.2, -1.8, 6.0),
        ]
        canvas.fill(
            tube(canvas.trunk, [mirrored(p, side) for p in psoas], [1.1, 2.0, 2.0, 1.4]), "muscle"
        )


def _paint_small_bowel(canvas: Canvas) -> None:
    """Loops that sweep from side to side at random depth and height, from top to bottom."""
    rng = stream(canvas.seed, "small bowel")
    loops: list[Point] = []
    side = 1.0
    for z in np.arange(25.5, 11.0, -1.25):
        reach = 8.6 * np.sqrt(max(1 - ((z - 18.5) / 9.0) ** 2, 0.1))
        for part in (-0.8, -0.3, 0.3, 0.8):
            x = side * part * reach * rng.uniform(0.75, 1.2)
            loops.append((float(x), rng.uniform(-6.6, -0.6), float(z + rng.uniform(-1.6, 1.6))))
        side = -side
    radii = rng.uniform(0.85, 1.35, len(loops))
    canvas.fill(tube(canvas.trunk, loops, list(radii)), "small_bowel", over=SOFT)
    lumen = tube(canvas.trunk, loops, list(radii * rng.uniform(0.2, 0.7, len(loops))))
    canvas.fill(lumen, "stomach_content", over=("small_bowel",))
    duodenum: list[Point] = [(-2.0, -2.6, 33.0), (-4.2, -1.6, 32.0), (-4.4, -0.6, 28.4),
                             (-1.0, -0.4, 27.0), (2.6, -0.8, 28.8)]  # fmt: skip
    canvas.fill(tube(canvas.trunk, duodenum, [1.1] * 5), "small_bowel", over=SOFT)


def _paint_colon(canvas: Canvas) -> None:
    frame = canvas.trunk
    shift, size = canvas.vary("colon", 0.4, 0.08)
    for wall, tissues in ((0.0, ("colon", "distal_colon")), (0.42, ("stool", "stool"))):
        r = 2.2 * size - wall
        ascending = column(frame, (-10.6 + shift[0], -0.8), (r, r), (13.2 + wall, 26.5), 0.12)
        canvas.fill(ascending, tissues[0], over=(*SOFT, "small_bowel", "colon"))
        across: list[Point] = [(-10.2, -2.4, 26.6), (-5.0, -5.6, 25.2), (2.0, -6.0, 24.8),
                               (8.0, -4.4, 27.0), (11.2, -0.8, 30.4)]  # fmt: skip
        canvas.fill(
            tube(frame, across, [1.7 - wall] * 5), tissues[0], over=(*SOFT, "small_bowel", "colon")
        )
        down: list[Point] = [(11.2, -0.8, 30.4), (11.8 + shift[0], 0.6, 24.0), (11.2, 0.4, 14.6)]
        canvas.fill(tube(frame, down, [1.55 - wall] * 3), tissues[1],
                    over=(*SOFT, "small_bowel", "colon", "distal_colon"))  # fmt: skip
        sigmoid: list[Point] = [(11.2, 0.4, 14.6), (7.6, -2.0, 11.8), (3.0, -1.0, 13.0),
                                (0.6, 2.4, 12.0), (0.0, 3.6, 8.6)]  # fmt: skip
        canvas.fill(tube(frame, sigmoid, [1.5 - wall] * 5), tissues[1],
                    over=(*SOFT, "small_bowel", "colon", "distal_colon"))  # fmt: skip
        rectum: list[Point] = [(0.0, 3.6, 8.6), (0.0, 3.2, 4.6), (0.0, 2.0, 1.2), (0.0, 2.8, -1.4)]
        canvas.fill(tube(frame, rectum, [1.7 - wall, 1.8 - wall, 1.3 - wall, 0.7]), tissues[1])


def _paint_spleen(canvas: Canvas) -> None:
    shift, size = canvas.vary("spleen", 0.4, 0.1)
    centre = (11.4 + shift[0], 3.2 + shift[1], 37.2 + shift[2])
    axes = [a * size for a in (3.0, 2.7, 5.4)]
    region = ellipsoid(canvas.trunk, centre, axes, _tilt(0.28))
    x, y, z = canvas.trunk.open(region.box)
    canvas.fill(
        within(region, z < dome(x, y) + 0.6), "spleen", over=(*SOFT, "lung", "distal_colon")
    )


def _tilt(angle: float) -> tuple[Point, Point, Point]:
    """Rotation in the coronal plane, so that the upper end leans to the midline."""
    c, s = math.cos(angle), math.sin(angle)
    return (c, 0.0, s), (0.0, 1.0, 0.0), (-s, 0.0, c)


def _paint_stomach(canvas: Canvas) -> None:
    frame = canvas.trunk
    shift, size = canvas.vary("stomach", 0.5, 0.1)
    sx, sy, sz = (float(s) for s in shift)
    line: list[Point] = [(7.4 + sx, 0.2 + sy, 40.6 + sz), (8.0 + sx, -2.6 + sy, 36.0 + sz),
                         (5.6 + sx, -4.6 + sy, 32.0 + sz), (1.6, -4.6 + sy, 30.8),
                         (-1.8, -3.0, 32.4)]  # fmt: skip
    radii = [r * size for r in (3.2, 2.9, 2.2, 1.6, 1.1)]
    canvas.fill(tube(frame, line, radii), "stomach_wall", over=(*SOFT, "colon", "small_bowel"))
    lumen = list(tube(frame, line, [r - 0.75 for r in radii]))
    canvas.fill(lumen, "stomach_content", over=("stomach_wall",))
    for region in lumen:
        y = frame.open(region.box)[1]
        canvas.fill(within(region, y < -4.4), "gas", over=("stomach_content",))


def _paint_pancreas(canvas: Canvas) -> None:
    shift, size = canvas.vary("pancreas", 0.3, 0.1)
    dy = float(shift[1])
    line: list[Point] = [(-3.2, -0.9 + dy, 31.8), (-2.2, -1.3 + dy, 33.6), (1.8, -1.5 + dy, 34.8),
                         (5.2, -0.2 + dy, 35.6), (8.6, 1.4 + dy, 36.6)]  # fmt: skip
    radii = [r * size for r in (1.7, 1.4, 1.05, 1.05, 0.9)]
    canvas.fill(tube(canvas.trunk, line, radii), "pancreas", over=(*SOFT, "small_bowel", "colon"))


def _paint_liver(canvas: Canvas, *, female: bool) -> None:
    shift, _ = canvas.vary("liver", 0.5, 0.05)
    inside = trunk_interior(canvas, (24.5, 47.0), 1.55, female=female)
    x, y, z = canvas.trunk.open(inside.box)
    a, b, c = LIVER_TOP_CUT
    z_own = z - float(shift[2])
    wedge = (x - 1.5) / a + y / b - z_own / c <= -1
    hollow = ((x + 3.0) / 5.0) ** 2 + ((y - 7.0) / 6.0) ** 2 > 1  # spine and right crus
    tip = z_own > 26.0 + 0.05 * (x + 11) ** 2
    canvas.fill(
        within(inside, wedge & hollow & tip & (z < dome(x, y))), "liver",
        over=(*SOFT, "lung", "stomach_wall", "stomach_content", "gas", "colon", "stool",
              "small_bowel", "pancreas"),
    )  # fmt: skip


def _paint_kidney(canvas: Canvas, side: int) -> None:
    shift, size = canvas.vary(f"kidney {side}", 0.3, 0.07)
    lower = 0.8 if side < 0 else 0.0
    centre = (side * 6.5 + shift[0], 4.9 + shift[1], 32.6 - lower + shift[2])
    rows = _tilt(-side * -0.22)
    frame = canvas.trunk
    fat = ellipsoid(frame, centre, [a + 0.8 for a in (3.0, 2.4, 5.3)], rows)
    canvas.fill(fat, "visceral_fat", over=("muscle", "liver"))
    whole = ellipsoid(frame, centre, [a * size for a in (3.0, 2.4, 5.3)], rows)
    canvas.fill(whole, "renal_cortex", over=(*SOFT, "liver", "spleen", "colon", "distal_colon"))
    hilum = (centre[0] - side * 0.9, centre[1] - 0.2, centre[2])
    inner = ellipsoid(frame, hilum, [a * size for a in (1.2, 0.9, 3.2)], rows)
    phase = stream(canvas.seed, f"calyces {side}").uniform(0, 2 * np.pi, 3)
    canvas.fill(
        within(inner, folds(frame, inner, 3.4, phase) > -0.5),
        "renal_pelvis",
        over=("renal_cortex",),
    )
    sinus = ellipsoid(frame, (centre[0] - side * 2.3, centre[1] - 0.4, centre[2]), (1.3, 0.9, 1.8))
    canvas.fill(sinus, "visceral_fat", over=("renal_cortex",))
    ureter = [hilum, (side * 3.6, 2.6, 25.0), (side * 4.4, 1.8, 16.0), (side * 2.6, -2.4, 8.4)]
    canvas.fill(tube(frame, ureter[:2], [0.45, 0.22]), "renal_pelvis", over=("visceral_fat",))


def _paint_adrenal(canvas: Canvas, side: int) -> None:
    low = 0.3 if side < 0 else 0.0
    for limb in (-0.55, 0.75):
        line = [
            mirrored((3.9 + limb, 3.9, 36.2 - low), side),
            mirrored((3.5, 3.1, 38.8 - low), side),
        ]
        canvas.fill(tube(canvas.trunk, line, [0.36, 0.42]), "adrenal", over=(*SOFT, "liver"))


def _paint_veins(canvas: Canvas) -> None:
    cava: list[Point] = [
        (-2.3, -0.4, 47.5),
        (-2.0, 1.2, 40.0),
        (-1.7, 1.7, 30.0),
        (-1.5, 1.9, 20.0),
    ]
    canvas.fill(tube(canvas.trunk, cava, [1.2, 1.2, 1.1, 1.0]), "blood")
    portal: list[Point] = [(0.4, -0.9, 34.2), (-3.0, -1.2, 36.2), (-6.0, -1.4, 37.6)]
    canvas.fill(tube(canvas.trunk, portal, [0.65, 0.75, 0.6]), "portal_vein")
    branches: list[tuple[Point, Point]] = [
        ((-6.0, -1.4, 37.6), (-9.6, -0.6, 39.6)), ((-6.0, -1.4, 37.6), (-9.2, -2.4, 34.8)),
        ((-3.6, -1.3, 36.6), (-0.6, -4.6, 39.0)),
    ]  # fmt: skip
    for start, end in branches:
        canvas.fill(tube(canvas.trunk, [start, end], [0.5, 0.3]), "portal_vein")
    for end in ((-10.5, -1.0, 41.5), (-6.5, -4.5, 42.0), (-1.0, -4.8, 41.0)):
        canvas.fill(tube(canvas.trunk, [(-2.3, -0.2, 43.8), end], [0.5, 0.25]), "portal_vein",
                    over=("liver",))  # fmt: skip


def _paint_gallbladder(canvas: Canvas) -> None:
    shift, size = canvas.vary("gallbladder", 0.3, 0.12)
    line: list[Point] = [(-7.4 + shift[0], -5.2 + shift[1], 29.2), (-5.2, -2.9, 33.6)]
    for wall, tissue in ((0.0, "gallbladder_wall"), (0.22, "bile")):
        canvas.fill(tube(canvas.trunk, line, [1.65 * size - wall, 0.7 * size - wall]), tissue)


def _paint_pelvic_organs(canvas: Canvas, *, female: bool) -> None:
    frame = canvas.trunk
    shift, size = canvas.vary("bladder", 0.3, 0.12)
    bladder = (shift[0] * 0.5, -3.9 + shift[1], 7.6 + shift[2])
    for wall, tissue in ((0.0, "bladder_wall"), (0.3, "urine")):
        axes = [a * size - wall for a in (3.9, 2.9, 2.9)]
        canvas.fill(ellipsoid(frame, bladder, axes), tissue)
    if female:
        _paint_uterus(canvas)
        return
    prostate = ellipsoid(frame, (0, -2.9, 2.6), (2.3, 1.8, 1.9))
    canvas.fill(prostate, "prostate", over=(*SOFT, "cartilage"))
    for side in (-1, 1):
        canvas.fill(
            ellipsoid(frame, (side * 1.6, -8.2, -3.2), (1.5, 1.7, 2.5)),
            "muscle",
            over=("air", "skin", "fat"),
        )
        canvas.fill(ellipsoid(frame, (side * 1.5, -8.2, -3.2), (1.2, 1.4, 2.0)), "testis")


def _paint_uterus(canvas: Canvas) -> None:
    frame = canvas.trunk
    shift, size = canvas.vary("uterus", 0.3, 0.1)
    body: list[Point] = [
        (0.0, 0.2, 9.4),
        (0.2 + shift[0], -1.0, 12.6),
        (0.2 + shift[0], -2.6, 15.0),
    ]
    canvas.fill(
        tube(frame, body, [1.4, 2.1 * size, 2.3 * size]),
        "myometrium",
        over=(*SOFT, "small_bowel", "stomach_content", "distal_colon", "stool"),
    )
    canvas.fill(tube(frame, body[1:], [0.4, 0.55]), "endometrium")
    for side in (-1, 1):
        ovary = ellipsoid(frame, (side * 5.0, -0.6, 14.0), (1.3, 1.0, 1.5))
        canvas.fill(ovary, "ovary", over=(*SOFT, "small_bowel", "stomach_content"))

"""Head and neck.

Brain, skull and thyroid after Cristy and Eckerman (ORNL/TM-8381, 1987); cortex, deep nuclei and
cerebellum, and the sinuses, glands and pharynx that the reference body lacks, are our own
placements.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.canvas import Canvas, Point
from pytest_pet2rep.phantom.solids import ellipsoid, folds, mirrored, tube, within
from pytest_pet2rep.phantom.streams import stream

BRAIN = ((0.0, 0.0, 91.45), (6.6, 8.6, 5.75))
CEREBELLUM = ((0.0, 4.7, 86.7), (4.7, 3.3, 2.5))


def paint_head(canvas: Canvas) -> None:
    """Paint skull, face, brain, glands, pharynx and the neck's airway and thyroid."""
    _paint_skull(canvas)
    _paint_neck_spine(canvas)
    _paint_face(canvas)
    _paint_brain(canvas)
    _paint_glands(canvas)
    _paint_throat(canvas)


def _paint_skull(canvas: Canvas) -> None:
    frame = canvas.head
    for grow, tissue in ((0.95, "cortical_bone"), (0.65, "rib"), (0.45, "cortical_bone"),
                         (0.18, "csf")):  # fmt: skip
        for centre, axes in (BRAIN, CEREBELLUM):
            canvas.fill(ellipsoid(frame, centre, [a + grow for a in axes]), tissue)


def _paint_neck_spine(canvas: Canvas) -> None:
    points = [(0.0, 1.2, 67.5), (0.0, 0.9, 73.0), (0.0, 0.7, 79.0), (0.0, 1.2, 84.4)]
    heights = np.linspace(67.5, 84.0, 11)
    line = np.array(points)
    y = np.interp(heights, line[:, 2], line[:, 1])
    for at, z in zip(y, heights, strict=True):
        canvas.fill(ellipsoid(canvas.head, (0, at, z), (1.5, 1.15, 0.68)), "cortical_bone")
        canvas.fill(ellipsoid(canvas.head, (0, at, z), (1.2, 0.85, 0.5)), "marrow")
        canvas.fill(ellipsoid(canvas.head, (0, at + 3.0, z), (1.9, 0.8, 0.55)), "rib")
    canal = [(0.0, p[1] + 1.8, p[2]) for p in points]
    canvas.fill(tube(canvas.head, canal, [0.85] * 4), "csf")
    canvas.fill(tube(canvas.head, canal, [0.55] * 4), "spinal_cord")


def _paint_face(canvas: Canvas) -> None:
    frame = canvas.head
    for side in (-1, 1):
        jaw = [(5.6, -0.6, 83.6), (5.1, -2.4, 79.4), (2.6, -8.0, 78.0), (0.0, -9.2, 77.9)]
        points = [mirrored(p, side) for p in jaw]
        canvas.fill(tube(frame, points, [0.7, 0.8, 0.8, 0.85]), "cortical_bone")
        canvas.fill(tube(frame, points, [0.35, 0.4, 0.45, 0.45]), "limb_marrow")
        cheek = [(6.0, -1.6, 85.6), (5.4, -5.6, 85.2), (3.6, -8.0, 84.6)]
        canvas.fill(tube(frame, [mirrored(p, side) for p in cheek], [0.4, 0.5, 0.7]), "rib")
        _paint_eye(canvas, side)
        _paint_sinus(canvas, side)
    teeth = [(-2.4, -6.6, 80.9), (-1.4, -8.7, 80.9), (1.4, -8.7, 80.9), (2.4, -6.6, 80.9)]
    canvas.fill(tube(frame, teeth, [0.65] * 4), "cortical_bone")
    canvas.fill(ellipsoid(frame, (0, -4.6, 80.2), (2.4, 3.6, 1.9)), "tongue")
    canvas.fill(ellipsoid(frame, (0, -5.6, 84.4), (1.0, 3.2, 2.0)), "sinus_air")
    for side in (-1, 1):
        canvas.fill(ellipsoid(frame, mirrored((0.55, -5.4, 83.8), side), (0.3, 2.2, 0.9)), "mucosa")
    canvas.fill(ellipsoid(frame, (0, -6.6, 87.3), (1.0, 1.6, 1.0)), "sinus_air")


def _paint_eye(canvas: Canvas, side: int) -> None:
    frame = canvas.head
    cone = [mirrored((1.6, -4.0, 87.0), side), mirrored((3.1, -6.6, 87.2), side)]
    canvas.fill(tube(frame, cone, [0.9, 1.75]), "cortical_bone", over=("muscle", "fat"))
    canvas.fill(tube(frame, cone, [0.7, 1.55]), "visceral_fat")
    for dy in (-1.0, 1.0):
        muscle = [cone[0], (cone[1][0], cone[1][1] + 0.6, cone[1][2] + dy)]
        canvas.fill(tube(frame, muscle, [0.35, 0.35]), "eye_muscle")
    canvas.fill(ellipsoid(frame, mirrored((3.1, -7.1, 87.2), side), (1.2, 1.2, 1.2)), "eye")


def _paint_sinus(canvas: Canvas, side: int) -> None:
    shift, size = canvas.vary("maxillary sinus", 0.15, 0.1)
    centre = mirrored((2.75 + shift[0], -5.3 + shift[1], 84.2 + shift[2]), side)
    for axes, tissue in (((1.6, 1.75, 1.8), "rib"), ((1.45, 1.6, 1.65), "mucosa"),
                         ((1.28, 1.43, 1.48), "sinus_air")):  # fmt: skip
        canvas.fill(ellipsoid(canvas.head, centre, [a * size for a in axes]), tissue)


def _paint_brain(canvas: Canvas) -> None:
    frame = canvas.head
    phase = stream(canvas.seed, "gyri").uniform(0, 2 * np.pi, 3)
    whole = ellipsoid(frame, *BRAIN)
    x, y, z = frame.open(whole.box)
    centre, axes = BRAIN
    depth = 1 - np.sqrt((x / axes[0]) ** 2 + (y / axes[1]) ** 2 + ((z - centre[2]) / axes[2]) ** 2)
    gyri = folds(frame, whole, 2.6, phase)
    canvas.fill(whole, "white_matter")
    canvas.fill(within(whole, depth < 0.125 + 0.06 * gyri), "grey_matter")
    canvas.fill(within(whole, (depth < 0.24) & (np.abs(gyri) < 0.45)), "grey_matter")
    canvas.fill(within(whole, (depth < 0.06) & (np.abs(gyri) > 1.15)), "csf")
    medial = (np.abs(x) < 0.65) & ((z > 93.2) | (np.abs(y) > 4.6)) & (z > 89.0)
    canvas.fill(within(whole, medial), "grey_matter")
    canvas.fill(within(whole, (np.abs(x) < 0.18) & ((z > 93.4) | (np.abs(y) > 4.8))), "csf")
    _paint_deep_brain(canvas)
    _paint_cerebellum(canvas, phase)


def _paint_deep_brain(canvas: Canvas) -> None:
    frame = canvas.head
    for side in (-1, 1):
        insula = [mirrored((4.3, -1.8, 89.6), side), mirrored((4.1, 1.2, 91.2), side)]
        canvas.fill(tube(frame, insula, [0.55, 0.55]), "grey_matter")
        for centre, axes in NUCLEI:
            canvas.fill(ellipsoid(frame, mirrored(centre, side), axes), "deep_grey")
        canvas.fill(ellipsoid(frame, mirrored((0.75, 0.2, 92.3), side), (0.5, 2.7, 0.9)), "csf")


NUCLEI: tuple[tuple[Point, Point], ...] = (
    ((2.5, -1.4, 90.6), (0.8, 2.1, 1.3)),  # putamen
    ((1.1, 1.1, 90.8), (0.8, 1.3, 1.0)),  # thalamus
    ((1.5, -2.6, 92.2), (0.5, 1.2, 1.0)),  # caudate
    ((2.9, 0.8, 87.6), (0.7, 1.6, 0.6)),  # hippocampus
)


def _paint_cerebellum(canvas: Canvas, phase: NDArray[np.float64]) -> None:
    frame = canvas.head
    whole = ellipsoid(frame, *CEREBELLUM)
    canvas.fill(ellipsoid(frame, CEREBELLUM[0], [a + 0.2 for a in CEREBELLUM[1]]), "csf")
    canvas.fill(whole, "cerebellum")
    core = ellipsoid(frame, CEREBELLUM[0], [a * 0.6 for a in CEREBELLUM[1]])
    canvas.fill(within(core, folds(frame, core, 2.0, phase) > 0.1), "white_matter")
    stem = [(0.0, 1.2, 89.0), (0.0, 1.4, 86.6), (0.0, 2.2, 84.0)]
    canvas.fill(tube(frame, stem, [1.2, 1.5, 0.8]), "white_matter")
    canvas.fill(ellipsoid(frame, (0, 0.9, 86.8), (1.2, 0.9, 1.2)), "deep_grey")


def _paint_glands(canvas: Canvas) -> None:
    for side in (-1, 1):
        for name, centre, axes in GLANDS:
            shift, size = canvas.vary(name, 0.15, 0.12)
            at = mirrored((centre[0], centre[1] + shift[1], centre[2] + shift[2]), side)
            region = ellipsoid(canvas.head, at, [a * size for a in axes])
            canvas.fill(region, name, over=("muscle", "fat"))


GLANDS: tuple[tuple[str, Point, Point], ...] = (
    ("parotid", (5.9, 0.2, 81.4), (1.1, 1.7, 2.4)),
    ("submandibular", (3.5, -3.4, 78.4), (1.2, 1.5, 1.2)),
)


def _paint_throat(canvas: Canvas) -> None:
    frame = canvas.head
    canvas.fill(ellipsoid(frame, (0, -1.9, 83.0), (1.9, 1.2, 1.9)), "nasopharynx")
    canvas.fill(ellipsoid(frame, (0, -2.6, 82.9), (1.0, 0.8, 1.4)), "airway")
    canvas.fill(tube(frame, [(0.0, -1.7, 81.5), (0.0, -2.0, 78.0)], [1.3, 1.2]), "hypopharynx")
    canvas.fill(tube(frame, [(0.0, -2.4, 81.5), (0.0, -2.6, 77.0)], [0.8, 0.7]), "airway")
    for side in (-1, 1):
        tonsil = ellipsoid(frame, mirrored((1.7, -2.2, 80.3), side), (0.65, 0.85, 1.25))
        canvas.fill(tonsil, "tonsils")
    canvas.fill(ellipsoid(frame, (0, -2.2, 76.2), (1.5, 1.1, 1.6)), "hypopharynx")
    canvas.fill(tube(frame, [(0.0, -3.2, 77.0), (0.0, -3.6, 73.0)], [1.25, 1.1]), "cartilage")
    canvas.fill(tube(frame, [(0.0, -2.8, 78.0), (0.0, -3.7, 72.0), (0.0, -2.9, 67.5)],
                     [0.75, 0.75, 0.8]), "airway")  # fmt: skip
    _paint_thyroid(canvas)


def _paint_thyroid(canvas: Canvas) -> None:
    shift, size = canvas.vary("thyroid", 0.15, 0.1)
    dy = float(shift[1])
    for side in (-1, 1):
        lobe = [(1.9, -3.0 + dy, 73.8), (1.75, -3.7 + dy, 71.6), (1.7, -3.7 + dy, 69.8)]
        points = [mirrored(p, side) for p in lobe]
        radii = [0.55 * size, 1.0 * size, 0.75 * size]
        canvas.fill(tube(canvas.head, points, radii), "thyroid", over=("muscle", "fat"))
    isthmus = [(-1.5, -4.6 + dy, 70.6), (1.5, -4.6 + dy, 70.6)]
    canvas.fill(tube(canvas.head, isthmus, [0.4, 0.4]), "thyroid", over=("muscle", "fat"))

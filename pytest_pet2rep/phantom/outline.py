"""The outside of the body: trunk, neck, head, legs and arms, with the fat under the skin.

The reference body of Cristy and Eckerman (ORNL/TM-8381, 1987) is an elliptical cylinder with the
arms inside.  Here the trunk has shoulders, waist and hips, and the arms lie raised beside the
head, as in most PET/CT scans.
"""

from __future__ import annotations

import numpy as np

from pytest_pet2rep.phantom.canvas import Canvas, Region
from pytest_pet2rep.phantom.solids import ellipsoid, tube, within

# Height z, half width and half depth of the muscle surface, cm.
TRUNK = np.array(
    [
        (-6, 16.5, 8.6), (0, 17.4, 9.2), (6, 17.5, 9.6), (12, 17.0, 9.6), (18, 16.2, 9.3),
        (24, 15.8, 9.1), (30, 16.5, 9.5), (38, 17.2, 10.0), (50, 17.4, 10.1), (57, 17.6, 10.0),
        (61, 17.4, 9.8), (63, 16.2, 9.4), (65, 14.2, 8.8), (67, 11.4, 8.2), (69, 8.8, 7.6),
        (71, 6.9, 7.0), (73, 5.9, 6.2),
    ]
)  # fmt: skip
FEMALE_TRUNK = TRUNK + np.stack(
    [
        np.zeros(len(TRUNK)),
        np.interp(TRUNK[:, 0], [-6, 6, 16, 26, 40, 66], [2.4, 2.6, 1.2, -0.5, -0.3, -0.6]),
        np.zeros(len(TRUNK)),
    ],
    axis=1,
)
ROUNDNESS = 2.4
"""Exponent of the trunk's cross-section (2 is an ellipse)."""


def paint_outline(canvas: Canvas, *, female: bool, fat_cm: float, arms_up: bool) -> None:
    """Paint skin fat first and muscle inside it; everything else is painted over these."""
    profile = FEMALE_TRUNK if female else TRUNK
    for inset, tissue in ((fat_cm + 0.15, "skin"), (fat_cm, "fat"), (0.0, "muscle")):
        canvas.fill(_trunk(canvas, profile, inset), tissue)
        for side in (-1, 1):
            canvas.fill(_leg(canvas, side, inset, female=female), tissue)
            canvas.fill(_arm(canvas, side, inset * 0.45, up=arms_up), tissue)
        canvas.fill(_head(canvas, min(inset, 0.5)), tissue)
    if female:
        _paint_breasts(canvas, fat_cm)


def trunk_size(z: np.ndarray, *, female: bool) -> tuple[np.ndarray, np.ndarray]:
    """Half width and half depth of the trunk's muscle surface at heights z."""
    profile = FEMALE_TRUNK if female else TRUNK
    return np.interp(z, profile[:, 0], profile[:, 1]), np.interp(z, profile[:, 0], profile[:, 2])


def _trunk(canvas: Canvas, profile: np.ndarray, inset: float) -> Region:
    frame = canvas.trunk
    box = frame.box((-26, -16, -3.5), (26, 16, 73))
    x, y, z = frame.open(box)
    a = (np.interp(z, profile[:, 0], profile[:, 1]) + inset).astype(np.float32)
    b = (np.interp(z, profile[:, 0], profile[:, 2]) + 0.7 * inset).astype(np.float32)
    crotch = np.abs(x) >= 1.7 * np.sqrt(np.maximum(-z - 0.5, 0))  # rounded between the legs
    inside = (np.abs(x) / a) ** ROUNDNESS + (np.abs(y) / b) ** ROUNDNESS <= 1
    return Region(box=box, mask=inside & crotch)


def _leg(canvas: Canvas, side: int, inset: float, *, female: bool) -> list[Region]:
    wide = 1.0 if female else 0.0
    points = [(side * (9.2 + wide), 0.2, 1.0), (side * (9.6 + 0.5 * wide), 0.3, -22.0)]
    radii = [8.0 + wide + 0.8 * inset, 7.0 + wide + 0.8 * inset]
    return list(tube(canvas.trunk, points, radii))


def _arm(canvas: Canvas, side: int, inset: float, *, up: bool) -> list[Region]:
    points = ARM_UP if up else ARM_DOWN
    radii = [r + inset for r in (4.6, 4.9, 4.0, 3.4, 2.4, 2.2)]
    return list(tube(canvas.trunk, [(side * x, y, z) for x, y, z in points], radii))


ARM_UP = [(14.0, 2.0, 59.0), (17.0, 2.2, 66.0), (20.4, 2.8, 78.0), (21.4, 2.6, 88.0),
          (13.5, 2.2, 101.5), (5.5, 1.8, 107.0)]  # fmt: skip
ARM_DOWN = [(16.5, 1.5, 61.5), (20.0, 1.5, 57.0), (22.5, 2.0, 42.0), (23.2, 1.5, 33.0),
            (23.0, -2.0, 14.0), (22.0, -4.0, 4.0)]  # fmt: skip


def _head(canvas: Canvas, inset: float) -> list[Region]:
    frame = canvas.head
    grow = inset - 0.5
    return [
        ellipsoid(frame, (0, 0, 91.0), (8.1 + grow, 10.1 + grow, 8.0 + grow)),
        ellipsoid(frame, (0, -2.6, 84.2), (6.9 + grow, 8.0 + grow, 7.4 + grow)),
        ellipsoid(frame, (0, -8.6, 83.4), (1.5 + grow, 2.4 + grow, 2.4 + grow)),
        *tube(
            frame,
            [(0, 0.6, 66.0), (0, 0.9, 78.0), (0, 0.9, 84.0)],
            [6.2 + inset, 5.7 + inset, 5.6 + inset],
        ),
        *tube(frame, [(0, -3.6, 68.0), (0, -2.6, 78.0)], [4.6 + inset, 4.7 + inset]),
    ]


def _paint_breasts(canvas: Canvas, fat_cm: float) -> None:
    """Half ellipsoids on the chest wall (Cristy and Eckerman, flattened: the patient is supine)."""
    for side in (-1, 1):
        region = ellipsoid(
            canvas.trunk, (side * 9.6, -8.6, 52.0), (5.6, 3.0 + 0.8 * fat_cm, 4.8 + fat_cm)
        )
        canvas.fill(region, "fat", over=("air", "skin", "fat"))
        inner = ellipsoid(canvas.trunk, (side * 9.6, -9.8, 51.6), (3.6, 1.8, 3.2))
        canvas.fill(inner, "breast", over=("fat",))


def trunk_interior(
    canvas: Canvas, span: tuple[float, float], wall: float, *, female: bool
) -> Region:
    """The trunk between two heights, ``wall`` cm inside its muscle surface."""
    frame = canvas.trunk
    box = frame.box((-20, -12, span[0]), (20, 12, span[1]))
    x, y, z = frame.open(box)
    a, b = (size.astype(np.float32) - wall for size in trunk_size(z, female=female))
    inside = (np.abs(x) / a) ** ROUNDNESS + (np.abs(y) / b) ** ROUNDNESS <= 1
    return within(Region(box=box, mask=inside), z >= span[0])

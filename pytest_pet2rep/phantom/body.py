"""The body as a label map: grids, individual size, and all organs painted in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.abdomen import paint_abdomen
from pytest_pet2rep.phantom.canvas import Canvas, Frame
from pytest_pet2rep.phantom.chest import paint_chest
from pytest_pet2rep.phantom.head import paint_head
from pytest_pet2rep.phantom.outline import paint_outline
from pytest_pet2rep.phantom.skeleton import paint_skeleton
from pytest_pet2rep.phantom.spec import PhantomSpec

NECK_BASE = 70.0
"""Height in the reference body, cm, above which the head's scale holds."""
VERTEX = 99.0
LOWEST = -13.0
"""The scan ends at the upper thighs."""
ABOVE_VERTEX_MM = 25.0
CT_STEP = (2.0, 2.0, 4.0)
"""CT voxel, mm; also the grid on which the body is painted."""
CT_SIZE = 250
"""CT columns and rows: a field of view of 500 mm."""

# Reference statures: Cristy and Eckerman (ORNL/TM-8381) use the adult for men and the body of
# age 15 for women, whose trunk and head are these fractions of the adult's.
ADULT_HEIGHT_CM, ADULT_WEIGHT_KG = 178.6, 73.0
FEMALE_HEIGHT_CM, FEMALE_WEIGHT_KG = 168.1, 57.0
FEMALE_TRUNK = (0.8625, 0.980, 0.9014)
FEMALE_HEAD = (0.971, 0.976, 0.955)
HEAD_BACK_CM = 1.9
"""Lying without a pillow the head lies farther back than it is carried upright."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scales:
    """Size of one subject relative to the adult reference body, per axis, and its fat."""

    trunk: tuple[float, float, float]
    head: tuple[float, float, float]
    fat_cm: float


def scales(spec: PhantomSpec) -> Scales:
    """Stretch the reference body to a stature and weight.

    Height stretches along z; weight for height goes half into width and depth and half into the
    fat under the skin.
    """
    female = spec.sex == "F"
    height = spec.height_cm / (FEMALE_HEIGHT_CM if female else ADULT_HEIGHT_CM)
    weight = spec.weight_kg / (FEMALE_WEIGHT_KG if female else ADULT_WEIGHT_KG)
    stout = float(np.clip((weight / height) ** 0.25, 0.9, 1.15))
    skull = 1 + 0.3 * (height - 1)
    trunk = FEMALE_TRUNK if female else (1.0, 1.0, 1.0)
    head = FEMALE_HEAD if female else (1.0, 1.0, 1.0)
    bmi = spec.weight_kg / (spec.height_cm / 100) ** 2
    fat = 0.75 + 0.13 * (bmi - 20) + (0.45 if female else 0.0)
    return Scales(
        trunk=(trunk[0] * stout, trunk[1] * stout, trunk[2] * height),
        head=(head[0] * skull, head[1] * skull, head[2] * skull),
        fat_cm=float(np.clip(fat, 0.5, 4.0)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """A painted body.

    ``canvas.labels`` has shape (x, y, z) in the order of the reference frame (to the left, to
    posterior, up), on the CT grid cut to the body; ``x_mm``, ``y_mm``, ``z_mm`` are its voxel
    centres in millimetres, x and y relative to the centre of the field of view (to the left and
    to posterior), z upwards from the lowest slice.
    """

    spec: PhantomSpec
    scales: Scales
    canvas: Canvas
    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    z_mm: NDArray[np.float64]
    length_mm: float
    """Height of the scanned range, mm."""


def make_body(spec: PhantomSpec) -> Body:
    """Paint the body of a subject, without lesions."""
    size = scales(spec)
    length = _scan_length(size)
    half = (CT_SIZE * CT_STEP[0] - CT_STEP[0]) / 2
    x_mm = np.arange(CT_SIZE, dtype=np.float64) * CT_STEP[0] - half
    lift = np.clip(spec.lift_mm, -60, 60)
    y_mm = np.arange(CT_SIZE, dtype=np.float64) * CT_STEP[1] - half
    y_mm = y_mm[np.abs(y_mm + lift) < 165]
    z_mm = (np.arange(round(length / CT_STEP[2]), dtype=np.float64) + 0.5) * CT_STEP[2]
    canvas = Canvas(*_frames(size, x_mm, y_mm + lift, z_mm), spec.seed)
    female = spec.sex == "F"
    paint_outline(canvas, female=female, fat_cm=size.fat_cm, arms_up=spec.arms_up)
    paint_chest(canvas, female=female, heart=spec.heart)
    paint_skeleton(canvas, arms_up=spec.arms_up, female=female)
    paint_abdomen(canvas, female=female)
    paint_head(canvas)
    return Body(
        spec=spec, scales=size, canvas=canvas, x_mm=x_mm, y_mm=y_mm, z_mm=z_mm, length_mm=length
    )


def _scan_length(size: Scales) -> float:
    trunk = (NECK_BASE - LOWEST) * size.trunk[2] * 10
    return float(trunk + (VERTEX - NECK_BASE) * size.head[2] * 10 + ABOVE_VERTEX_MM)


def _frames(
    size: Scales,
    x_mm: NDArray[np.float64],
    y_mm: NDArray[np.float64],
    z_mm: NDArray[np.float64],
) -> tuple[Frame, Frame]:
    """Trunk and head frame of the same grid; ``y_mm`` is counted from the body's mid-plane."""
    base = z_mm + LOWEST * size.trunk[2] * 10  # from the base of the trunk
    neck = NECK_BASE * size.trunk[2] * 10

    def centimetres(values: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = (values / (10 * scale)).astype(np.float32)
        return scaled

    trunk = Frame(
        x=centimetres(x_mm, size.trunk[0]),
        y=centimetres(y_mm, size.trunk[1]),
        z=centimetres(base, size.trunk[2]),
    )
    head = Frame(
        x=centimetres(x_mm, size.head[0]),
        y=centimetres(y_mm - HEAD_BACK_CM * 10, size.head[1]),
        z=centimetres(base - neck, size.head[2]) + np.float32(NECK_BASE),
    )
    return trunk, head

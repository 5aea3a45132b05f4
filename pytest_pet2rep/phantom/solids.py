"""The few solids that the body is built of.  All lengths in centimetres of the frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.phantom.canvas import Frame, Point, Region

Matrix = tuple[Point, Point, Point]


def ellipsoid(
    frame: Frame, centre: Sequence[float], axes: Sequence[float], rows: Matrix | None = None
) -> Region:
    """Voxels inside an ellipsoid; ``rows`` are the unit vectors of its own axes."""
    reach = max(axes) if rows else None
    low = [c - (reach or a) for c, a in zip(centre, axes, strict=True)]
    high = [c + (reach or a) for c, a in zip(centre, axes, strict=True)]
    box = frame.box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    offset = [c - m for c, m in zip(frame.open(box), centre, strict=True)]
    own = turned(offset, rows) if rows else offset
    terms = [(o / np.float32(a)) ** 2 for o, a in zip(own, axes, strict=True)]
    return Region(box=box, mask=np.asarray(terms[0] + terms[1] + terms[2] <= 1))


def turned(offset: Sequence[NDArray[Any]], rows: Matrix) -> list[NDArray[Any]]:
    """Coordinates along the rows of a rotation matrix."""
    return [r[0] * offset[0] + r[1] * offset[1] + r[2] * offset[2] for r in rows]


def column(
    frame: Frame,
    centre: tuple[float, float],
    axes: tuple[float, float],
    span: tuple[float, float],
    ripple: float = 0.0,
    period: float = 3.0,
) -> Region:
    """Elliptical cylinder along z from ``span[0]`` to ``span[1]``, its radius rippled if asked."""
    a, b = axes[0] * (1 + ripple), axes[1] * (1 + ripple)
    box = frame.box(
        (centre[0] - a, centre[1] - b, span[0]), (centre[0] + a, centre[1] + b, span[1])
    )
    x, y, z = frame.open(box)
    size = 1 + ripple * np.cos(2 * np.pi * z / period)
    radius = ((x - centre[0]) / axes[0]) ** 2 + ((y - centre[1]) / axes[1]) ** 2
    return Region(box=box, mask=radius <= size**2)


def tube(frame: Frame, points: Sequence[Point], radii: Sequence[float]) -> Iterator[Region]:
    """Round tube through points, its radius interpolated between them (a chain of round cones)."""
    for k in range(len(points) - 1):
        yield _cone(frame, points[k], points[k + 1], radii[k], radii[k + 1])


def _cone(frame: Frame, start: Point, end: Point, r0: float, r1: float) -> Region:
    reach = max(r0, r1)
    low = [min(s, e) - reach for s, e in zip(start, end, strict=True)]
    high = [max(s, e) + reach for s, e in zip(start, end, strict=True)]
    box = frame.box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    along = [np.float32(e - s) for s, e in zip(start, end, strict=True)]
    length2 = sum(float(a) ** 2 for a in along) or 1.0
    dx, dy, dz = (c - np.float32(s) for c, s in zip(frame.open(box), start, strict=True))
    t = np.clip((dx * along[0] + dy * along[1] + dz * along[2]) / np.float32(length2), 0, 1)
    distance2 = (dx - t * along[0]) ** 2 + (dy - t * along[1]) ** 2 + (dz - t * along[2]) ** 2
    return Region(box=box, mask=np.asarray(distance2 <= (r0 + (r1 - r0) * t) ** 2))


def within(region: Region, condition: NDArray[np.bool_]) -> Region:
    """The part of a region where a condition, broadcast over its block, holds."""
    return Region(box=region.box, mask=region.mask & condition)


def folds(
    frame: Frame, region: Region, period: float, phase: Sequence[float] | NDArray[np.float64]
) -> NDArray[Any]:
    """A smooth field of -1.5 to 1.5 that winds through space like bowel or gyri do.

    The gyroid (Schoen 1970, NASA TN D-5541) with the given period in cm.
    """
    step = np.float32(2 * np.pi / period)
    u, v, w = (c * step + np.float32(p) for c, p in zip(frame.open(region.box), phase, strict=True))
    field: NDArray[Any] = np.sin(u) * np.cos(v) + np.sin(v) * np.cos(w) + np.sin(w) * np.cos(u)
    return field


def mirrored(point: Point, side: int) -> Point:
    """A point given for the left side (x positive), on the left (1) or on the right (-1)."""
    return side * point[0], point[1], point[2]

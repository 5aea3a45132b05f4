"""Where organs are and how much they take up in health: a fixed atlas, and how it is laid on.

The atlas lives in the frame of the reference body (centimetres; x to the left, y to posterior, z
up; trunk below 70, head above).  It was made from healthy phantoms (``suv_reader.learning``) and
knows nothing of any case.  A case is fitted by its size, sex and height on the table, all of
which are read off the CT greys of its images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.run.suv_reader.grid import NECK_CM, X_CM, Y_CM, Z_CM
from pytest_pet2rep.run.suv_reader.pixels import Plane

TRUNK = {"M": (1.0, 1.0, 1.0), "F": (0.8625, 0.980, 0.9014)}
HEAD = {"M": (1.0, 1.0, 1.0), "F": (0.971, 0.976, 0.955)}
"""Size of the reference woman relative to the man (Cristy and Eckerman, ORNL/TM-8381, 1987)."""
HEAD_BACK_MM = 19.0
ABOVE_VERTEX_MM = 25.0
HEAD_CM = 29.0
TRUNK_CM = 83.0
PIXEL_MM = (4.0703125, 5.0)
"""Width and height of a pixel: one PET voxel of a Biograph."""
PLANES_MM = (38.67, -2.04, -42.74)
"""Depth of the shown planes, mm to posterior of the centre of the field of view."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pose:
    """How large one body is relative to the reference body, and how it lies."""

    sex: str
    height: float
    stout: float
    lift_mm: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """The atlas on the planes of one case: all of shape (planes, rows, columns).

    ``low``, ``mean`` and ``high``: SUV over healthy subjects, ended where the display of the images
    ends; ``grey``: CT grey; ``organ``: number in ``ORGANS``; ``x``, ``y``, ``z``: cm in the
    reference body.
    """

    low: NDArray[np.float32]
    mean: NDArray[np.float32]
    high: NDArray[np.float32]
    grey: NDArray[np.float32]
    organ: NDArray[np.uint8]
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    z: NDArray[np.float32]


@cache
def atlas() -> dict[str, NDArray[np.uint8]]:
    """The atlas: ``<sex>_<quantity>`` -> uint8, shape (x, y, z).

    Uptake (``low``, ``mean``, ``high``) is there for each display, ``_5`` or ``_15`` behind its
    name, in steps of 1/255 of that.  Made from healthy phantoms on first use (about a minute) and
    kept in the cache folder.
    """
    from pytest_pet2rep.phantom.synthesis import PHANTOM_VERSION
    from pytest_pet2rep.run.suv_reader.learning import ATLAS_VERSION, SUBJECTS, write_atlas

    folder = cache_folder("suv-reader")
    file = folder / f"atlas{ATLAS_VERSION}-phantom{PHANTOM_VERSION}-{SUBJECTS}.npz"
    if not file.exists():
        from filelock import FileLock

        with FileLock(folder / "lock"):
            if not file.exists():
                write_atlas(file)
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def scale_of(pose: Pose) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Scales of trunk and head along x, y and z."""
    tx, ty, tz = TRUNK[pose.sex]
    hx, hy, hz = HEAD[pose.sex]
    skull = 1 + 0.3 * (pose.height - 1)
    return (
        (tx * pose.stout, ty * pose.stout, tz * pose.height),
        (hx * skull, hy * skull, hz * skull),
    )


def height_of(rows: int, sex: str) -> float:
    """Stature relative to the reference body of this sex, from the number of rows of the scan."""
    length = (rows + 0.5) * PIXEL_MM[1] - ABOVE_VERTEX_MM
    trunk, head = TRUNK_CM * 10 * TRUNK[sex][2], HEAD_CM * 10 * HEAD[sex][2]
    return float((length - 0.7 * head) / (trunk + 0.3 * head))


def positions(
    pose: Pose, depth_mm: float, rows: NDArray[Any], columns: NDArray[Any], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Centimetres in the reference body of the pixels of one plane; shape (rows, columns)."""
    trunk, head = scale_of(pose)
    across = (columns[None, :] - (size[1] - 1) / 2) * PIXEL_MM[0]
    up = (size[0] - 1 - rows[:, None] + 0.5) * PIXEL_MM[1]
    neck = TRUNK_CM * 10 * trunk[2]
    above = up > neck
    z = np.where(above, NECK_CM + (up - neck) / (10 * head[2]), up / (10 * trunk[2]) - 13.0)
    x = across / (10 * np.where(above, head[0], trunk[0]))
    y = np.where(
        above,
        (depth_mm + pose.lift_mm - HEAD_BACK_MM) / (10 * head[1]),
        (depth_mm + pose.lift_mm) / (10 * trunk[1]),
    )
    shape = (rows.size, columns.size)
    return tuple(np.broadcast_to(v, shape).astype(np.float32) for v in (x, y, z))  # type: ignore[return-value]


def expected_on(pose: Pose, planes: Sequence[Plane]) -> Expected:
    """Lay the atlas on all pixels of the planes of a case of this pose."""
    size, end = (planes[0].suv.shape[0], planes[0].suv.shape[1]), planes[0].suv_end
    rows, columns = np.arange(size[0]), np.arange(size[1])
    places = [positions(pose, d, rows, columns, size) for d in PLANES_MM[: len(planes)]]
    x, y, z = (np.stack([p[n] for p in places]) for n in range(3))
    at, inside = _voxels(x, y, z)

    def taken(name: str) -> NDArray[Any]:
        return np.where(inside, atlas()[f"{pose.sex}_{name}"][at], 0)

    def suv(name: str) -> NDArray[np.float32]:
        return taken(f"{name}_{end:g}").astype(np.float32) * np.float32(end / 255)

    return Expected(
        low=suv("low"),
        mean=suv("mean"),
        high=suv("high"),
        grey=taken("grey").astype(np.float32),
        organ=taken("organ").astype(np.uint8),
        x=x,
        y=y,
        z=z,
    )


def _voxels(
    x: NDArray[Any], y: NDArray[Any], z: NDArray[Any]
) -> tuple[tuple[NDArray[np.intp], ...], NDArray[np.bool_]]:
    index, inside = [], np.ones(x.shape, dtype=bool)
    for values, axis in ((x, X_CM), (y, Y_CM), (z, Z_CM)):
        n = np.rint((values - axis[0]) / (axis[1] - axis[0])).astype(np.intp)
        inside &= (n >= 0) & (n < axis.size)
        index.append(np.clip(n, 0, axis.size - 1))
    # Raised arms lie beside the head in the trunk's scale: nothing is known of them there.
    inside &= (z < NECK_CM) | (np.abs(x) < 9.5)
    return tuple(index), inside


def fit_pose(planes: Sequence[Plane]) -> Pose:
    """Find the sex, width and height on the table at which the atlas' CT fits best."""
    start = [
        Pose(sex=sex, height=height_of(planes[0].grey.shape[0], sex), stout=stout, lift_mm=lift)
        for sex in ("F", "M")
        for stout in np.arange(0.90, 1.17, 0.05)
        for lift in np.arange(-18.0, 42.0, 6.0)
    ]
    best = min(start, key=lambda pose: misfit(pose, planes))
    for stout_step, lift_step in ((0.02, 3.0), (0.01, 1.5)):
        near = [
            replace(best, stout=best.stout + a * stout_step, lift_mm=best.lift_mm + b * lift_step)
            for a in (-1, 0, 1)
            for b in (-1, 0, 1)
        ]
        best = min(near, key=lambda pose: misfit(pose, planes))
    return best


def misfit(pose: Pose, planes: Sequence[Plane]) -> float:
    """Mean difference of CT greys on every second pixel (robust: each counts at most 60)."""
    size = planes[0].grey.shape
    rows, columns = np.arange(0, size[0], 2), np.arange(0, size[1], 2)
    total, count = 0.0, 0
    grey = atlas()[f"{pose.sex}_grey"]
    for plane, depth in zip(planes, PLANES_MM, strict=False):
        x, y, z = positions(pose, depth, rows, columns, size)
        at, inside = _voxels(x, y, z)
        expected = grey[at].astype(np.float32)
        apart = np.minimum(np.abs(plane.grey[::2, ::2] - expected), 60)[inside]
        total, count = total + float(apart.sum()), count + apart.size
    return total / max(count, 1)

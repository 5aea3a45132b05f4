"""A coarse look at a PET/CT: uptake and density on one grid of some 8 mm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.imaging.planes import Grid, Points, Voxels, indices_in
from pytest_pet2rep.imaging.volumes import Indices, spacing_of

GRID_MM = 8.0
BODY_HU = -300.0
"""Above this is body: fat is -100, lung and air are below."""
LUNG_HU = (-900.0, -500.0)
HOT_SUV = 3.5
END_MM = 250.0
LIVER_SUV = (1.2, 3.5)
ABDOMEN_MM = (90.0, 30.0)
"""Below and above the lowest large lung section: where the liver is, and little else is as big."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BodySample:
    """Every n-th voxel of a PET, with the nearest voxel of the CT; all arrays (i, j, k), RAS."""

    suv: NDArray[np.float32]
    body: NDArray[np.bool_]
    """Soft tissue and bone by the CT; outside the CT there is neither body nor lung."""
    lung: NDArray[np.bool_]
    in_ct: NDArray[np.bool_]
    step_mm: tuple[float, float, float]

    @property
    def near_body(self) -> NDArray[np.bool_]:
        """The body, its lungs, and a margin of 24 mm for motion."""
        from scipy.ndimage import binary_dilation, binary_fill_holes

        # Lungs are holes of the axial sections.
        filled = np.stack([binary_fill_holes(plane) for plane in self.body.transpose(2, 0, 1)], -1)
        grown: NDArray[np.bool_] = binary_dilation(filled, iterations=3)
        return grown

    @property
    def voxel_ml(self) -> float:
        return float(np.prod(self.step_mm)) / 1e3

    @property
    def body_planes(self) -> tuple[int, int]:
        """First and last axial plane with body, from the feet; the body must not be empty."""
        planes = np.flatnonzero(self.body.any(axis=(0, 1)))
        return int(planes[0]), int(planes[-1])

    @property
    def extent_mm(self) -> float:
        first, last = self.body_planes
        return (last - first + 1) * self.step_mm[2]

    def hot_near_ends(self) -> tuple[float, float]:
        """ML above SUV 3.5 in the upper and in the lower 250 mm of the body."""
        first, last = self.body_planes
        hot, n = (self.suv > HOT_SUV) & self.body, round(END_MM / self.step_mm[2])
        top, bottom = hot[:, :, max(last - n + 1, 0) : last + 1], hot[:, :, first : first + n]
        return float(top.sum() * self.voxel_ml), float(bottom.sum() * self.voxel_ml)

    def liver_like_sides(self) -> tuple[float, float]:
        """ML of body with the uptake of a liver below the lungs, on the right and on the left."""
        lungs = self.lung.sum(axis=(0, 1))
        if not lungs.any():
            return 0.0, 0.0
        base = int(np.flatnonzero(lungs > 0.25 * lungs.max())[0])
        below, above = (round(mm / self.step_mm[2]) for mm in ABDOMEN_MM)
        slab = slice(max(base - below, 0), base + above + 1)
        body, suv = self.body[:, :, slab], self.suv[:, :, slab]
        columns = np.flatnonzero(body.any(axis=(1, 2)))
        if not columns.size:
            return 0.0, 0.0
        alike = body & (suv > LIVER_SUV[0]) & (suv < LIVER_SUV[1])
        side = np.arange(len(body)) - (columns[0] + columns[-1]) / 2
        right, left = alike[side > 0].sum(), alike[side < 0].sum()
        return float(right * self.voxel_ml), float(left * self.voxel_ml)


def sample_body(pet: Voxels, ct: Voxels) -> BodySample:
    """Take every n-th voxel of ``pet`` (about 8 mm apart) and the CT voxel nearest to each."""
    lattice = np.ix_(*sampled_lattice(pet))
    suv = pet.at(*lattice).astype(np.float32, copy=False)
    np.nan_to_num(suv, copy=False, posinf=0.0, neginf=0.0)  # ``at`` gives a copy
    body, lung, in_ct = (np.empty(suv.shape, dtype=np.bool_) for _ in range(3))
    for n, (points, inside) in enumerate(_nearest_planes(pet, ct)):
        hu, here = ct.at(*points), slice(n, n + 1)
        body[:, :, here] = inside & (hu > BODY_HU)
        lung[:, :, here] = inside & (hu > LUNG_HU[0]) & (hu < LUNG_HU[1])
        in_ct[:, :, here] = inside
    strides = _strides(pet)
    x, y, z = (mm * step for mm, step in zip(spacing_of(pet.affine), strides, strict=True))
    return BodySample(suv=suv, body=body, lung=lung, in_ct=in_ct, step_mm=(x, y, z))


def sampled_lattice(pet: Grid) -> list[Indices]:
    """Indices along i, j and k of the voxels that ``sample_body`` looks at."""
    return [np.arange(0, n, step) for n, step in zip(pet.shape, _strides(pet), strict=True)]


@dataclass(frozen=True, kw_only=True, slots=True)
class NearestPoints:
    """What ``sample_body`` takes of the CT; made anew whenever it is gone through."""

    pet: Grid
    ct: Grid

    def __iter__(self) -> Iterator[Points]:
        return (points for points, _ in _nearest_planes(self.pet, self.ct))


def _nearest_planes(pet: Grid, ct: Grid) -> Iterator[tuple[Points, NDArray[np.bool_]]]:
    """CT indices nearest to the lattice, clipped to the CT, and which lay inside; plane by plane
    from the feet, as turned grids need an index for each of a million voxels.
    """
    i, j, k = np.ix_(*sampled_lattice(pet))
    for n in range(k.size):
        index = [
            np.rint(place).astype(np.intp)
            for place in indices_in(ct, pet, (i, j, k[:, :, n : n + 1]))
        ]
        inside = np.ones((), dtype=np.bool_)
        for at, size in zip(index, ct.shape, strict=True):
            inside = inside & (at >= 0) & (at < size)
        a, b, c = (np.clip(at, 0, size - 1) for at, size in zip(index, ct.shape, strict=True))
        yield (a, b, c), inside


def _strides(pet: Grid) -> list[int]:
    return [max(1, round(GRID_MM / mm)) for mm in spacing_of(pet.affine)]

"""Pictures of a user's files, and whether these look like PET and CT, from one pass over each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pytest_pet2rep.imaging.body_sample import NearestPoints, sampled_lattice
from pytest_pet2rep.imaging.file_grid import FileGrid, Taker, open_grid, pass_over
from pytest_pet2rep.imaging.options import Plane, ViewOptions
from pytest_pet2rep.imaging.parts import ExtentMeasuring, Surveyed, gather
from pytest_pet2rep.imaging.planes import Points, SampledPoints, own_points
from pytest_pet2rep.imaging.projections import Projecting
from pytest_pet2rep.imaging.rendering import planes_of_file, render_planes, render_projection
from pytest_pet2rep.imaging.sanity import SanityNotice, Severity, check_volumes
from pytest_pet2rep.types import SentImage

Images = tuple[SentImage, ...]
Checked = tuple[Images, tuple[SanityNotice, ...]]
Drawn = tuple[Images, Surveyed, Surveyed]
"""Pictures, and what the check needs of PET and CT."""


def render_checked_files(pet: Path, ct: Path, options: ViewOptions | None = None) -> Checked:
    """Render what ``render_files`` does and check what ``check_volumes`` does of two files.

    No picture comes back where a notice is an error.  Only what the planes and the check need is
    held; for ``Choice.UPTAKE`` the PET is read twice.

    Raises ``ImagingError`` as ``load_volume`` does and ``UsageProblem`` as ``render_views`` does.
    """
    options = options or ViewOptions()
    draw = _projection if options.plane is Plane.MIP else _planes
    images, *samples = draw(open_grid(pet), open_grid(ct), options)
    notices = check_volumes(*samples)
    if any(notice.severity is Severity.ERROR for notice in notices):
        return (), notices
    return images, notices


def _planes(pet: FileGrid, ct: FileGrid, options: ViewOptions) -> Drawn:
    """Draw before anything is checked: the pictures are smaller than what they are made of."""
    shown = planes_of_file(pet, options)
    axis = options.plane.axis
    pet_view = gather(pet, own_points(pet.shape, shown, axis))
    pet_sample = _surveyed(pet, [_lattice(pet)], pet_view)
    ct_view = gather(ct, SampledPoints(moving=ct, grid=pet, positions=shown, axis=axis))
    ct_sample = _surveyed(ct, NearestPoints(pet=pet, ct=ct), ct_view)
    images = render_planes(pet_view.part(), ct_view.part(), shown, options)
    return images, pet_sample, ct_sample


def _projection(pet: FileGrid, ct: FileGrid, options: ViewOptions) -> Drawn:
    projecting = Projecting(pet)
    pet_sample = _surveyed(pet, [_lattice(pet)], projecting)
    ct_sample = _surveyed(ct, NearestPoints(pet=pet, ct=ct))
    image = render_projection(projecting.projection(), pet.affine, options)
    return (image,), pet_sample, ct_sample


def _lattice(pet: FileGrid) -> Points:
    i, j, k = np.ix_(*sampled_lattice(pet))
    return i, j, k


def _surveyed(grid: FileGrid, points: Iterable[Points], *others: Taker) -> Surveyed:
    """Read a file once: some points and the extent of all, and whatever ``others`` take."""
    sample, measuring = gather(grid, points), ExtentMeasuring(grid)
    pass_over(grid, sample, measuring, *others)
    return Surveyed(part=sample.part(), extent=measuring.extent())

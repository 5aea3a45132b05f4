"""Pictures of a user's files, and whether these look like PET and CT, from one pass over each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pytest_pet2rep.imaging.body_sample import nearest_voxels, sampled_lattice
from pytest_pet2rep.imaging.options import Choice, Plane, ViewOptions, plane_indices
from pytest_pet2rep.imaging.parts import Part, SurveyedPart, open_grid, read_parts_and_extent
from pytest_pet2rep.imaging.planes import own_indices, sampled_indices
from pytest_pet2rep.imaging.rendering import render_planes, render_projection, shown_planes
from pytest_pet2rep.imaging.sanity import SanityNotice, Severity, check_volumes
from pytest_pet2rep.imaging.volumes import Volume, load_volume
from pytest_pet2rep.types import SentImage

Checked = tuple[tuple[SentImage, ...], tuple[SanityNotice, ...]]


def render_checked_files(pet: Path, ct: Path, options: ViewOptions | None = None) -> Checked:
    """Render what ``render_files`` does and check what ``check_volumes`` does of two files.

    Nothing is rendered where a notice is an error.  Only what the planes and the check need is
    held; for ``Choice.UPTAKE`` and ``Plane.MIP`` the PET is.

    Raises ``ImagingError`` as ``load_volume`` does and ``UsageProblem`` as ``render_views`` does.
    """
    options = options or ViewOptions()
    ct_grid = open_grid(ct)
    view, sample, shown = _pet_views(pet, options)
    axis = options.plane.axis
    nearest, _ = nearest_voxels(sample, ct_grid)
    ct_view, ct_sample = read_parts_and_extent(
        ct_grid,
        sampled_indices(ct_grid, sample, shown, axis),
        [np.unique(index) for index in nearest],
    )
    notices = check_volumes(sample, ct_sample)
    if any(notice.severity is Severity.ERROR for notice in notices):
        return (), notices
    if isinstance(view, Volume) and options.plane is Plane.MIP:
        hottest = np.fmax.reduce(view.data, axis=1)
        return (render_projection(hottest, view.affine, options),), notices
    return render_planes(view, ct_view, shown, options), notices


def _pet_views(
    path: Path, options: ViewOptions
) -> tuple[Volume | Part, Volume | SurveyedPart, Sequence[int]]:
    """Return the PET to show, the PET to check, and which planes are shown."""
    if options.plane is Plane.MIP or options.choice is Choice.UPTAKE:
        whole = load_volume(path)
        return whole, whole, () if options.plane is Plane.MIP else shown_planes(whole, options)
    grid = open_grid(path)
    axis = options.plane.axis
    shown = plane_indices(options, grid.shape[axis])
    view, sample = read_parts_and_extent(
        grid, own_indices(grid.shape, shown, axis), sampled_lattice(grid)
    )
    return view, sample, shown

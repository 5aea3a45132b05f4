"""What is read of a file slice by slice is what the whole volume holds."""

from __future__ import annotations

import gzip
import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging import parts
from pytest_pet2rep.imaging.options import Choice, Plane, ViewOptions, Views
from pytest_pet2rep.imaging.rendering import render_files, render_views
from pytest_pet2rep.imaging.volumes import load_volume
from pytest_pet2rep.types import SentImage

ORIENTATIONS = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((1, -1), repeat=3)
]
RNG = np.random.default_rng(11)
PET = RNG.integers(0, 120, (11, 9, 13))
CT = RNG.integers(-1000, 1500, (20, 17, 21))
PET_AFFINE = np.array([[4.0, 0, 0, -20], [0, 4.1, 0, -18], [0, 0, 5, -30], [0, 0, 0, 1]])
CT_AFFINE = np.array([[2.2, 0, 0, -22], [0, 2.3, 0, -19], [0, 0, 3, -31], [0, 0, 0, 1]])
EVERY_FILE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

orientations = st.sampled_from(ORIENTATIONS)
angles = st.sampled_from([0.0, 0.0, 0.2, -0.5])
kinds = st.sampled_from(["<i2", ">i2", "<i4", "<f4", ">f4", "<f8"])
scalings = st.sampled_from([(1.0, 0.0), (0.05, 0.0), (0.04, -1.0), (-0.05, 3.0)])
suffixes = st.sampled_from([".nii", ".nii.gz", ".img"])
options = st.builds(
    ViewOptions,
    views=st.sampled_from(Views),
    plane=st.sampled_from(Plane),
    choice=st.sampled_from([Choice.FRACTIONS, Choice.UPTAKE, Choice.ALL]),
    aspect=st.booleans(),
)


def write(
    path: Path, data: np.ndarray, affine: np.ndarray, orientation=ORIENTATIONS[0],
    kind: str = "<i2", scaling: tuple[float, float] = (1.0, 0.0), angle: float = 0.0,
) -> Path:  # fmt: skip
    """Write a patient in some axis order, direction, type, scaling and tilt (of two axes)."""
    order, flips = orientation
    stored = data.transpose(order)[tuple(slice(None, None, f) for f in flips)]
    move = np.zeros((4, 4))
    move[3, 3] = 1
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        move[old, new] = flip
        move[old, 3] = 0 if flip == 1 else data.shape[old] - 1
    turn = np.eye(4)
    turn[1:3, 1:3] = rotation(angle)
    turn[:3, :3] = turn[:3, :3] @ np.block(
        [[rotation(angle / 2), np.zeros((2, 1))], [np.zeros((1, 2)), np.ones((1, 1))]]
    )
    header = nib.Nifti1Header(endianness=kind[0])
    header.set_data_dtype(np.dtype(kind))
    kinds_of_image = nib.Nifti1Pair if path.suffix == ".img" else nib.Nifti1Image
    image = kinds_of_image(stored.astype(kind), turn @ affine @ move, header)
    image.header.set_slope_inter(*scaling)
    if scaling != (1.0, 0.0):
        image.dataobj[...] = image.dataobj * scaling[0] + scaling[1]
    nib.save(image, path)
    return path


def rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def same(ours: tuple[SentImage, ...], theirs: tuple[SentImage, ...]) -> bool:
    return [i.name for i in ours] == [i.name for i in theirs] and all(
        np.array_equal(a.pixels, b.pixels) for a, b in zip(ours, theirs, strict=True)
    )


@given(
    pet=st.tuples(orientations, kinds, scalings, angles),
    ct=st.tuples(orientations, kinds, scalings, angles),
    suffix=suffixes, options=options, isal=st.booleans(), scattered=st.booleans(),
)  # fmt: skip
@EVERY_FILE
def test_files_render_to_the_pixels_of_the_whole_volumes(
    tmp_path: Path, pet, ct, suffix: str, options, isal: bool, scattered: bool
) -> None:
    files = (
        write(tmp_path / f"pet{suffix}", PET, PET_AFFINE, *pet),
        write(tmp_path / f"ct{suffix}", CT, CT_AFFINE, *ct),
    )
    whole = render_views(*(load_volume(path) for path in files), options)
    with pytest.MonkeyPatch.context() as without:
        if not isal:
            without.setitem(sys.modules, "isal.igzip", None)
        if scattered:  # grids as small as these would be read as boxes
            without.setattr(parts, "BOX_ADVANTAGE", 0)
        assert same(render_files(*files, options), whole)


@given(
    orientation=orientations, kind=kinds, scaling=scalings, angle=angles, suffix=suffixes
)  # fmt: skip
@EVERY_FILE
def test_a_volume_is_what_nibabel_reads(
    tmp_path: Path, orientation, kind: str, scaling, angle: float, suffix: str
) -> None:
    path = write(tmp_path / f"v{suffix}", PET, PET_AFFINE, orientation, kind, scaling, angle)
    volume, image = load_volume(path), nib.as_closest_canonical(nib.load(path))
    assert np.allclose(volume.data, image.get_fdata(), rtol=1e-6, atol=1e-6)
    assert np.array_equal(volume.affine, image.affine)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("plane", Plane)
def test_all_48_orientations_of_a_file_show_the_same_patient(
    tmp_path: Path, orientation, plane: Plane
) -> None:
    options = ViewOptions(plane=plane, suv_max=100)
    upright = render_files(
        write(tmp_path / "pet.nii", PET, PET_AFFINE),
        write(tmp_path / "ct.nii", CT, CT_AFFINE), options,
    )  # fmt: skip
    turned = render_files(
        write(tmp_path / "p.nii", PET, PET_AFFINE, orientation),
        write(tmp_path / "c.nii", CT, CT_AFFINE, orientation), options,
    )  # fmt: skip
    assert same(upright, turned)


@given(
    where=st.integers(0, 347),
    byte=st.integers(0, 255),
    suffix=st.sampled_from([".nii", ".nii.gz"]),
)
@settings(EVERY_FILE, max_examples=200)
def test_any_damaged_header_byte_gives_a_volume_or_one_sentence(
    tmp_path: Path, where: int, byte: int, suffix: str
) -> None:
    path = write(tmp_path / "v.nii", PET, PET_AFFINE)
    raw = bytearray(path.read_bytes())
    raw[where] = byte
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(gzip.compress(raw) if suffix == ".nii.gz" else raw)
    for read in (load_volume, lambda path: render_files(path, path)):
        complaint = complaint_of(read, path)
        assert complaint is None or str(path) in complaint
        assert complaint is None or "\n" not in complaint


def complaint_of(read: Callable[[Path], object], path: Path) -> str | None:
    try:
        read(path)
    except ImagingError as why:
        return str(why)
    return None

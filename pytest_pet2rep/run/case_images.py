"""From a case to the pixels that the model is sent: phantom or files, then the chosen views.

Joins the rooms ``phantom`` and ``imaging``.  Volumes of phantom cases are made on first use
and kept in the cache folder; nothing here runs for models that do not look at images.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.options import ViewOptions, Views
from pytest_pet2rep.types import Case, SentImage

if TYPE_CHECKING:
    from pytest_pet2rep.imaging.sanity import SanityNotice
    from pytest_pet2rep.imaging.volumes import Volume


class ImagingWarning(UserWarning):
    """Volumes that can be rendered, but that somebody should look at."""


def view_options(views: Views, arguments: Mapping[str, str] | None = None) -> ViewOptions:
    """Return the rendering options of the named views; ``arguments`` change single numbers.

    Raises ``UsageProblem`` for a key or value that is not known.
    """
    from pytest_pet2rep.imaging.view_arguments import view_options_from

    return view_options_from({"views": views.value, **(arguments or {})})


def images_of(case: Case, options: ViewOptions) -> tuple[SentImage, ...]:
    """Return the images of ``case`` in the order in which they are sent.

    Only the planes that are shown are read and resampled.  Raises ``ImagingError`` if the case has
    no images, or if they cannot be read or cannot be what they claim.
    """
    from pytest_pet2rep.imaging.checked_files import render_checked_files
    from pytest_pet2rep.imaging.pictures import load_slice
    from pytest_pet2rep.imaging.rendering import render_files

    source = case.images
    if source.refused:
        raise ImagingError(source.refused)
    if source.kind == "slices":
        return tuple(load_slice(path) for path in source.slices)
    if source.phantom is not None:
        return render_files(*phantom_files(source.phantom), options)  # ours: nothing to check
    if source.kind == "none":
        raise ImagingError(
            f"case {case.id} is text only, but the model under test looks at images; add [images] "
            f"to {case.folder / 'case.toml'}, or choose a replay/ or baseline/ model"
        )
    pet, ct = _files(case)
    images, notices = render_checked_files(pet, ct, options)
    _refuse_or_remark(case, notices)
    return images


def _files(case: Case) -> tuple[Path, Path]:
    source = case.images
    if source.refused:
        raise ImagingError(source.refused)
    if source.pet is None or source.ct is None:
        raise ImagingError(f"case {case.id}: needs both PET and CT, has {source.kind}")
    return source.pet, source.ct


def volumes_of(case: Case) -> tuple[Volume, Volume]:
    """Return PET (SUV) and CT (HU) of a case with volumes or a phantom, whole."""
    from pytest_pet2rep.imaging.sanity import check_volumes
    from pytest_pet2rep.imaging.volumes import load_volume

    if case.images.phantom is not None:
        pet, ct = phantom_files(case.images.phantom)
        return load_volume(pet), load_volume(ct)
    pet, ct = _files(case)
    volumes = load_volume(pet), load_volume(ct)
    _refuse_or_remark(case, check_volumes(*volumes))
    return volumes


def _refuse_or_remark(case: Case, notices: Iterable[SanityNotice]) -> None:
    """Stop the case for volumes that cannot be PET in SUV and CT in HU; warn of doubtful ones."""
    from pytest_pet2rep.imaging.sanity import Severity

    for notice in notices:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in notice.evidence.items())
        sentence = f"case {case.id}: {notice.what}" + (f" ({numbers})" if numbers else "")
        if notice.severity is Severity.ERROR:
            raise ImagingError(sentence)
        warnings.warn(sentence, ImagingWarning, stacklevel=2)


def phantom_files(table: Mapping[str, Any]) -> tuple[Path, Path]:
    """Return the cached NIfTI files (PET, CT) of a phantom, making them if they are not there."""
    from pytest_pet2rep.phantom.synthesis import PHANTOM_VERSION

    key = hashlib.sha256(
        json.dumps([PHANTOM_VERSION, table], sort_keys=True, default=str).encode()
    ).hexdigest()
    folder = cache_folder("phantoms", key[:2], key)
    pet, ct = folder / "pet.nii.gz", folder / "ct.nii.gz"
    if not (pet.exists() and ct.exists()):
        from filelock import FileLock

        with FileLock(folder / "lock"):
            if not (pet.exists() and ct.exists()):
                _write_phantom(table, pet, ct)
    return pet, ct


def _write_phantom(table: Mapping[str, Any], pet: Path, ct: Path) -> None:
    from pytest_pet2rep.imaging.volumes import Volume, save_volume
    from pytest_pet2rep.phantom.spec import parse_phantom
    from pytest_pet2rep.phantom.synthesis import synthesise

    made = synthesise(parse_phantom(table))
    for data, affine, path in (
        (made.ct, made.ct_affine, ct),
        (made.pet, made.pet_affine, pet),
    ):
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".nii.gz")
        os.close(handle)
        save_volume(Volume(data=data, affine=affine), Path(name))
        os.replace(name, path)

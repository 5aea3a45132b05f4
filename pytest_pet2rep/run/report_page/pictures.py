"""The images of a run for its HTML report: as the model saw them, packed for a page."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.imaging.options import ViewOptions, Views, preprocessing_digest
from pytest_pet2rep.types import Case, SentImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUALITY = 82
"""Of WebP; the size in pixels is what the model saw."""
MOST_BYTES = 10_000_000
"""Of images inside the page, before base64 adds a third: a page stays below 15 MB."""
DIGITS = 24
"""Hexadecimal ones, of the digest that names an image beside the page."""
OUR_IMAGE = re.compile(rf"[0-9a-f]{{{DIGITS}}}\.webp")
NO_IMAGES = "no images"
"""What a card says of a run whose model was sent none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One image as the model saw it; ``source`` is a data URL or a path beside the page."""

    name: str
    source: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """One image as WebP."""

    name: str
    content: bytes
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureSet:
    """Images by case id, and what has to be said of them."""

    by_case: Mapping[str, tuple[Packed, ...]]
    note: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(len(each.content) for found in self.by_case.values() for each in found)


NONE = PictureSet(by_case={})


def view_options_of(preprocessing: str) -> ViewOptions | None:
    """Return the view options whose digest a card holds; ``None`` for ones with own arguments."""
    for views in Views:
        options = ViewOptions(views=views)
        if preprocessing_digest(options) == preprocessing:
            return options
    return None


def pack_pictures(
    cases: Iterable[Case], images_of: Callable[[Case], Sequence[SentImage]]
) -> PictureSet:
    """Pack the images of every case; one whose images cannot be made is named in the note."""
    found: dict[str, tuple[Packed, ...]] = {}
    without: list[str] = []
    for case in cases:
        if case.images.kind == "none":
            without.append(case.id)
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # said when the run was made
                found[case.id] = tuple(_packed(image) for image in images_of(case))
        except (DataProblem, OSError):
            without.append(case.id)
    note = f"no images of {len(without)} cases: {', '.join(without[:5])}" if without else ""
    return PictureSet(by_case=found, note=note)


def _packed(image: SentImage) -> Packed:
    from PIL import Image

    pixels: NDArray[np.uint8] = image.pixels
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=QUALITY, method=4)
    return Packed(
        name=image.name,
        content=buffer.getvalue(),
        width=int(pixels.shape[1]),
        height=int(pixels.shape[0]),
    )


def inside_the_page(found: PictureSet) -> dict[str, tuple[Picture, ...]]:
    """Return the images as data URLs."""
    return {
        case: tuple(
            _picture(each, f"data:image/webp;base64,{base64.b64encode(each.content).decode()}")
            for each in images
        )
        for case, images in found.by_case.items()
    }


def beside_the_page(found: PictureSet, page: Path) -> dict[str, tuple[Picture, ...]]:
    """Write the images into the folder ``<page>-images`` and return their places.

    They are of patients, so only their owner may read them, as the page itself.  File names are
    digests: an id of a case is never a path.  Raises ``UsageProblem``.
    """
    from pytest_pet2rep.store.private_files import private_folder, write_privately

    folder = _folder(page)
    placed: dict[str, tuple[Picture, ...]] = {}
    try:
        private_folder(folder)
        for case, images in found.by_case.items():
            places = []
            for each in images:
                name = f"{hashlib.sha256(each.content).hexdigest()[:DIGITS]}.webp"
                write_privately(folder / name, each.content, sync=False)
                places.append(_picture(each, f"{_url(folder.name)}/{name}"))
            placed[case] = tuple(places)
    except OSError as why:
        raise UsageProblem(f"{folder} cannot be written: {why.strerror or why}") from why
    return placed


def remove_stale_images(page: Path, html: str) -> None:
    """Remove the images beside ``page`` that ``html`` does not show, and the folder once empty.

    They are of an earlier and larger run, and may be of patients.  Only files that
    ``beside_the_page`` names so are touched.  Raises ``UsageProblem``.
    """
    folder = _folder(page)
    if not folder.is_dir() or folder.is_symlink():
        return
    try:
        for file in sorted(folder.iterdir()):
            if OUR_IMAGE.fullmatch(file.name) and file.name not in html:
                file.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError as why:
        raise UsageProblem(
            f"{folder} holds images of an earlier report that cannot be removed: "
            f"{why.strerror or why}"
        ) from why


def _folder(page: Path) -> Path:
    return page.with_name(f"{page.stem}-images")


def _picture(each: Packed, source: str) -> Picture:
    return Picture(name=each.name, source=source, width=each.width, height=each.height)


def _url(name: str) -> str:
    from urllib.parse import quote

    return f"./{quote(name)}"

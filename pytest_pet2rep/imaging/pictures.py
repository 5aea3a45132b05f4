"""Ready slices on disk, and PNG."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.types import SentImage

MAX_PIXELS = 50_000_000
"""A slice above this is taken for a mistake (or an attack), not for a picture to send."""


def load_slice(path: Path) -> SentImage:
    """Read a PNG or JPEG slice as RGB, unchanged in size: uint8, shape (rows, columns, 3).

    Raises ``ImagingError`` for a missing, empty, damaged, oversized or foreign file.
    """
    from PIL import Image, UnidentifiedImageError

    if not os.path.isfile(path):  # unlike pathlib's never raises, whatever the name
        raise ImagingError(f"{path}: is not a file; a slice must be a PNG or JPEG")
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ImagingError(f"{path}: {picture.width} x {picture.height} is too large")
            pixels = np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except UnidentifiedImageError as why:
        raise ImagingError(f"{path}: is not a PNG or JPEG picture") from why
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as why:
        raise ImagingError(f"{path}: cannot be read as a picture ({why})") from why
    return SentImage(name=path.stem, pixels=pixels)


def encode_png(pixels: NDArray[Any]) -> bytes:
    """PNG bytes of uint8 pixels, shape (rows, columns, 3); the same pixels give the same bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


def contact_sheet(rows: Sequence[Sequence[NDArray[Any]]], gap: int = 4) -> NDArray[np.uint8]:
    """Put pictures of any size on one sheet, a sequence of pictures per row, on dark grey."""
    if not rows or not all(rows):
        raise ImagingError("contact sheet: there is no picture to show")
    heights = [max(p.shape[0] for p in row) for row in rows]
    width = max(sum(p.shape[1] + gap for p in row) for row in rows) + gap
    sheet = np.full((sum(heights) + gap * (len(rows) + 1), width, 3), 40, dtype=np.uint8)
    top = gap
    for row, height in zip(rows, heights, strict=True):
        left = gap
        for picture in row:
            sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
            left += picture.shape[1] + gap
        top += height + gap
    return sheet

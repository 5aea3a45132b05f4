"""Ready slices and PNG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytest_pet2rep.errors import ImagingError
from pytest_pet2rep.imaging.pictures import contact_sheet, encode_png, load_slice

PIXELS = np.random.default_rng(3).integers(0, 256, (20, 30, 3)).astype(np.uint8)


def test_png_keeps_every_pixel_and_is_the_same_bytes_twice() -> None:
    png = encode_png(PIXELS)
    assert png == encode_png(PIXELS)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), PIXELS)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
def test_any_picture_mode_is_read_as_rgb(tmp_path: Path, mode: str) -> None:
    Image.fromarray(PIXELS).convert(mode).save(tmp_path / "s.png")
    picture = load_slice(tmp_path / "s.png")
    assert picture.name == "s"
    assert picture.pixels.shape == (20, 30, 3)
    assert picture.pixels.dtype == np.uint8


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 30, None])
def test_a_broken_slice_is_refused_in_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "s.png"
    if content is None:
        path.write_bytes(encode_png(PIXELS)[:200])
    else:
        path.write_bytes(content)
    with pytest.raises(ImagingError, match=r"s\.png"):
        load_slice(path)


@pytest.mark.parametrize("name", ["", "missing.png", "n" * 300])
def test_a_folder_and_a_missing_slice_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImagingError, match="not a file"):
        load_slice(tmp_path / name)


def test_a_contact_sheet_holds_every_picture_unchanged() -> None:
    sheet = contact_sheet([[PIXELS, PIXELS], [PIXELS]])
    assert sheet.shape == (20 * 2 + 3 * 4, 2 * 34 + 4, 3)
    assert np.array_equal(sheet[4:24, 4:34], PIXELS)
    assert np.array_equal(sheet[28:48, 4:34], PIXELS)

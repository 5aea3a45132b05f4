"""The size at which the model sees a picture, and its patches."""

from __future__ import annotations

from typing import Any

ROWS, COLUMNS = 216, 96
"""Pictures are resized to 216 rows x 200 columns and cut to the middle 96 columns: the trunk."""
WIDTH = 200
PATCH = 8
GRID = (ROWS // PATCH, COLUMNS // PATCH)
"""27 x 12 patches: 324, the square of 18, which is what SigLIP's position table asks for."""
PLANES = 3


def image_processor(*, as_bytes: bool = False) -> Any:
    """The image processor of the model; ``as_bytes`` leaves its result uint8, 0 to 255."""
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    return CLIPImageProcessorPil(
        do_resize=True,
        size={"height": ROWS, "width": WIDTH},
        resample=2,  # bilinear
        do_center_crop=True,
        crop_size={"height": ROWS, "width": COLUMNS},
        do_convert_rgb=True,
        do_rescale=not as_bytes,
        do_normalize=not as_bytes,
        image_mean=[0.25, 0.15, 0.12],
        image_std=[0.25, 0.25, 0.25],
    )

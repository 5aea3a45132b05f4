"""Cases, requests and images for tests of models, made in code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pytest_pet2rep.types import Case, GenerationRequest, Language, SentImage


def a_case(**changes: Any) -> Case:
    fields: dict[str, Any] = {
        "id": "PET-0001",
        "folder": Path("cases/PET-0001"),
        "cohort": "test",
        "references": {Language.ZH: "肝脏FDG摄取增高。"},
    }
    return Case(**{**fields, **changes})


def a_request(case_id: str = "PET-0001", **changes: Any) -> GenerationRequest:
    fields: dict[str, Any] = {
        "case_id": case_id,
        "language": Language.ZH,
        "system": "system",
        "user": "user",
        "template": "",
        "decoding": {"do_sample": False, "max_new_tokens": 8, "seed": 0},
    }
    return GenerationRequest(**{**fields, **changes})


def some_images(count: int = 3, seed: int = 0, rows: int = 120) -> tuple[SentImage, ...]:
    noise = np.random.default_rng(seed)
    return tuple(
        SentImage(name=f"fused_{i}", pixels=noise.integers(0, 256, (rows, 80, 3), dtype=np.uint8))
        for i in range(count)
    )

"""Named random streams: one seed, and no draw depends on what was drawn elsewhere."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the generator of ``name`` in the subject with this seed (PCG64, same everywhere)."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))
    )

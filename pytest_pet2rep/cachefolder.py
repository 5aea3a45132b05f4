"""Where this project keeps what it may make again: one private folder of the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

from pytest_pet2rep.errors import StoreError


def cache_folder(*parts: str) -> Path:
    """Return (and create, mode 0700 like what is missing above it) a folder of the user's cache.

    ``PET2REP_CACHE`` in the environment moves the whole of it.  Raises ``StoreError``.
    """
    import platformdirs

    moved = os.environ.get("PET2REP_CACHE")
    root = Path(moved) if moved else platformdirs.user_cache_path("pytest-pet2rep")
    folder = root.joinpath(*parts)
    try:
        for missing in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)  # says so where a file is in the way
    except OSError as why:
        raise StoreError(
            f"the cache folder {folder} cannot be made ({why.strerror or why}): set PET2REP_CACHE "
            f"to a folder that can be written"
        ) from why
    return folder

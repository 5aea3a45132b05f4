"""Files that only their owner may read, written so that no reader ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def private_folder(path: Path) -> Path:
    """Make ``path`` and what is missing above it, mode 0700; raises ``OSError``.

    A folder that exists keeps its mode: it may be shared by a group on purpose.
    """
    for missing in reversed([p for p in (path, *path.parents) if not p.exists()]):
        missing.mkdir(mode=FOLDER_MODE, exist_ok=True)
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is a file")
    return path


def write_privately(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write ``content`` to ``path``, mode 0600, safe on disk when this returns; raises ``OSError``.

    The name appears at once, with the whole content behind it, even after a loss of power
    (which ``sync=False`` leaves to the caller).  A pipe or a device, such as ``/dev/stdout``, is
    written to as it is.
    """
    private_folder(path.parent)
    if path.exists() and not (path.is_file() or path.is_dir()):
        path.write_bytes(content)
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            if sync:
                out.flush()
                os.fsync(out.fileno())
        os.replace(name, path)
        if sync:
            sync_folder(path.parent)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sync_folder(path: Path) -> None:
    """Make the names in a folder safe on disk, where the system can do that."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

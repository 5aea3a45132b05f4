"""The user's checkout as git sees it: commit, and whether files that it tracks were changed."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

_SECONDS = 5.0


@cache
def checkout_state(folder: Path) -> dict[str, Any]:
    """Return ``{"commit": ..., "dirty": ...}`` of the work tree that ``folder`` is in.

    Empty where there is none, where git is not installed, or does not answer in 5 s.  New files
    that git does not know make no difference: a run writes some.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "dirty": bool(changed) if changed is not None else None}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *arguments],
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()

"""Which volume files belong to which study, told from their names alone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

SUFFIX = re.compile(r"\.nii(\.gz)?$", re.IGNORECASE)


def find_volumes(folder: Path, name: re.Pattern[str] = SUFFIX) -> list[Path]:
    """Absolute paths of the NIfTI files below ``folder`` whose name fits ``name``, sorted."""
    return sorted(
        Path(os.path.abspath(os.path.join(place, file)))
        for place, _, files in os.walk(folder)
        for file in files
        if SUFFIX.search(file) and name.search(file)
    )


def by_study(
    files: Iterable[Path], folder: Path, studies: Iterable[str], key: Callable[[str], str]
) -> dict[str, list[Path]]:
    """Sort ``files`` below ``folder`` to the studies that they belong to.

    A file belongs to the study whose id is the name of one of its folders, or the longest
    beginning of its own name that ends at ``_``, ``.`` or ``-``.  ``key`` brings ids and names to
    one form.  A file of no known study comes under the topmost of its folders, or under its own
    name without suffix.
    """
    known = set(studies)
    top = len(Path(os.path.abspath(folder)).parts)
    found: dict[str, list[Path]] = {}
    for file in files:
        names = [*file.parts[top:-1], *_beginnings(SUFFIX.sub("", file.name))]
        owner = next((key(n) for n in names if key(n) in known), key(names[0]))
        found.setdefault(owner, []).append(file)
    return found


def _beginnings(stem: str) -> Iterator[str]:
    """The whole stem, then ever shorter beginnings of it."""
    yield stem
    for cut in reversed([found.start() for found in re.finditer(r"[_.-]", stem)]):
        if cut:
            yield stem[:cut]

"""Floors kept between runs: a cohort's baselines are scored once for the same question.

The name of a file is a digest of everything that its records follow from, so nothing stale is ever
read; a file that cannot be read is made again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_pet2rep import __version__
from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.run.records import record_from_plain, record_to_plain
from pytest_pet2rep.types import Record

FORMAT = 1

Floors = dict[str, tuple[Record, ...]]
Wanted = dict[str, dict[int, set[tuple[str, str]]]]
"""Case -> repeat -> the (check, organ) pairs that were scored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorsOfItems:
    """The floors of one set of items; scores, gates and the files of a run ask for the same."""

    wanted: Wanted
    records: Mapping[str, tuple[Record, ...]]


def cached_floors(question: Mapping[str, Any], make: Callable[[], Floors]) -> Floors:
    """Return the floors kept for ``question`` (plain data), else ``make`` and keep them.

    A cache folder that cannot be used is no reason to stop: the floors are made each time.
    """
    stated = json.dumps([FORMAT, __version__, question], sort_keys=True)
    try:
        path = cache_folder("floors") / f"{hashlib.sha256(stated.encode()).hexdigest()}.json.gz"
    except StoreError:
        return make()
    found = _read(path)
    if found is None:
        found = make()
        _write(path, found)
    return found


def _read(path: Path) -> Floors | None:
    try:
        plain = json.loads(gzip.decompress(path.read_bytes()))
        return {name: tuple(map(record_from_plain, rows)) for name, rows in plain.items()}
    except (OSError, EOFError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _write(path: Path, floors: Mapping[str, Sequence[Record]]) -> None:
    plain = {name: [record_to_plain(record) for record in rows] for name, rows in floors.items()}
    packed = gzip.compress(json.dumps(plain, sort_keys=True).encode(), compresslevel=1, mtime=0)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".floors.")  # 0600
        with os.fdopen(handle, "wb") as out:
            out.write(packed)
        os.replace(name, path)
    except OSError:
        return  # a full disk costs time in the next run, nothing else

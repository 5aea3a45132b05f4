"""Which controls are tried on which cases of a run: a fixed sample.

It is the cases of lowest SHA-256 over seed and case id, whatever else is run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_pet2rep.run.settings import RunSettings

CONTROL = "control"
"""Name of the check in a record: ``control:NAME``."""

AA, BLANK, WRONG = "aa", "blank-image", "wrong-image"
IMAGE_CONTROLS = (BLANK, WRONG)


def planned_controls(settings: RunSettings, case_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return case id -> controls that are tried on it; ``case_ids`` are all cases of the run."""
    sample = sorted(case_ids, key=lambda name: lot(settings.seed, name))
    found: dict[str, tuple[str, ...]] = dict.fromkeys(sample[: settings.aa], (AA,))
    for case_id in sample[: settings.control_cases]:
        found[case_id] = found.get(case_id, ()) + settings.controls
    return found


def lot(seed: int, case_id: str) -> str:
    """What decides the order in which cases are drawn."""
    return hashlib.sha256(f"{seed}:{case_id}".encode()).hexdigest()

"""Keeping texts out of what leaves this machine: of a record, ids, states and numbers remain.

The store keeps the texts, privately; what is withheld here is read there
(``pet2rep store show CASE``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_pet2rep.types import UNUSABLE, Outcome, Record

WITHHELD = "text withheld: --pet2rep-redact"
"""Said wherever a text would stand."""

NAMES = frozenset(
    {
        "expected_fine",
        "expected_side",
        "finish_reason",
        "flags",
        "generated_fine",
        "generated_side",
        "language",
        "organs",
        "purpose",
        "sex",
        "timing",
    }
)
"""Facts whose values are words of this project (organ ids, states, sides, names of flags, places
in the store), never text of a report.  A fact that is not named here keeps its numbers only."""


def redacted_record(record: Record) -> Record:
    """Return ``record`` without reason, evidence, place or any other text of a report.

    Everything that a score is computed from stays.  Redacting twice changes nothing.
    """
    return replace(
        record,
        reason=_reason(record),
        evidence=("", ""),
        where="",
        facts={
            name: value if name in NAMES else without_text(value)
            for name, value in record.facts.items()
            if name in NAMES or not isinstance(value, str)
        },
    )


def without_text(value: Any) -> Any:
    """Return plain data with every text in it left out; the keys of mappings stay."""
    if isinstance(value, Mapping):
        return {
            key: without_text(inner) for key, inner in value.items() if not isinstance(inner, str)
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_text(inner) for inner in value if not isinstance(inner, str)]
    return None if isinstance(value, str) else value


def _reason(record: Record) -> str:
    """Say again what came out, in words of this project only."""
    if not record.reason:
        return ""
    if record.facts.get("run_wide"):
        return f"error: the model under test cannot be used ({WITHHELD})"
    name = record.organ or record.check.partition(":")[2] or record.check
    if record.outcome in UNUSABLE or record.outcome is Outcome.NOT_RUN:
        return f"{name}: {record.outcome} ({WITHHELD})"
    if record.expected or record.generated:
        states = " + ".join(record.expected), " + ".join(record.generated)
        return f"{name}: expected {states[0]}, got {states[1]}"
    return f"{name}: {record.outcome} ({WITHHELD})"

"""Records as plain data (builtin types only) and back: for the wire, for files, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any

from pytest_pet2rep.types import Kind, Outcome, Record

_ATOMS = frozenset({str, int, float, bool, type(None)})
"""What nearly all values of a record are; looked for first."""
_FIELDS = tuple(f.name for f in fields(Record))


def record_to_plain(record: Record) -> dict[str, Any]:
    """Return ``record`` as a dict of ``str``, ``int``, ``float``, ``bool``, ``None``, lists, dicts.

    Numpy scalars become the Python numbers that they stand for; any other foreign type is a
    ``TypeError``, here and not in the middle of an xdist session.
    """
    return {name: _plain(getattr(record, name)) for name in _FIELDS}


def record_from_plain(plain: Mapping[str, Any]) -> Record:
    """Return the record that ``record_to_plain`` took apart."""
    first, second = plain["evidence"]
    values: dict[str, Any] = {
        **plain,
        "outcome": Outcome(plain["outcome"]),
        "kind": Kind(plain["kind"]),
        "expected": tuple(plain["expected"]),
        "generated": tuple(plain["generated"]),
        "evidence": (first, second),
    }
    return Record(**values)


def _plain(value: Any) -> Any:
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    item = getattr(value, "item", None)
    if callable(item):
        return _plain(item())
    raise TypeError(f"a record may not hold a {type(value).__name__}: {value!r}")

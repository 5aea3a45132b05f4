"""One way to write JSON, so that equal results are equal bytes."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

DIGITS = 12
"""Significant digits of a written number: more than any score means, fewer than the order of a
sum or another processor may change."""

_ATOMS = frozenset({str, int, bool, type(None)})
"""What most values are, as they stand; looked for first."""
_Place = tuple[Any, str, Any] | None
"""Where a value stands: the place it is inside of, how, and under what; only spelled out to
complain."""
_CLOSED = {".": "", "[": "]", "{": "}"}

_HALF_PAIR = re.compile("[\ud800-\udfff]")


def canonical_json(value: Any, *, indent: int | None = 2, exact: bool = False) -> str:
    """Write ``value`` as JSON: keys sorted, numbers rounded, UTF-8 text, a line feed at the end.

    Floats are rounded to 12 significant digits and written as short as that allows, minus zero
    as ``0.0``; whole numbers stay exact.  Dataclasses become objects, tuples lists, sets sorted
    lists, enums their value, paths text.  ``exact`` keeps every digit: for numbers that are added
    up again.  Raises ``ValueError`` for NaN and infinity and ``TypeError`` for anything else that
    is no JSON, both with the place inside ``value``.
    """
    text = json.dumps(
        _plain(value, None, exact),
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=(",", ":") if indent is None else (",", ": "),
    )
    # Half a surrogate pair, which a model may emit, is no UTF-8; its escape is still JSON.
    return _HALF_PAIR.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _plain(value: Any, place: _Place, exact: bool) -> Any:
    if type(value) in _ATOMS:
        return value
    match value:
        case Enum():
            return _plain(value.value, place, exact)
        case None | bool() | int() | str():
            return value
        case float():
            return _rounded(value, place, exact)
        case Mapping():
            return {_key(k, place): _plain(v, (place, ".", k), exact) for k, v in value.items()}
        case list() | tuple():
            return [_plain(v, (place, "[", i), exact) for i, v in enumerate(value)]
        case set() | frozenset():
            members = [_plain(v, (place, "{", ""), exact) for v in value]
            return sorted(members, key=lambda member: (type(member).__name__, member))
        case Path():
            return value.as_posix()
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {
                f.name: _plain(getattr(value, f.name), (place, ".", f.name), exact)
                for f in dataclasses.fields(value)
            }
    raise TypeError(f"{_said(place)} is a {type(value).__name__}, which is no JSON")


def _rounded(value: float, place: _Place, exact: bool) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{_said(place)} is {value}: what cannot be computed is null")
    return (value if exact else float(f"{value:.{DIGITS}g}")) + 0.0


def _key(key: Any, place: _Place) -> str:
    if isinstance(key, Enum):
        key = key.value
    if not isinstance(key, str):
        raise TypeError(f"{_said(place)} has the key {key!r}, which is no text")
    return str(key)


def _said(place: _Place) -> str:
    if place is None:
        return "$"
    outer, how, name = place
    return f"{_said(outer)}{how}{name}{_CLOSED[how]}"

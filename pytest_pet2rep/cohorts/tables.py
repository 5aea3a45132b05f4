"""Reading one TOML file strictly: known keys only, typed values, errors with file, line and key."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import CaseFileError, UnknownName


class Kind(StrEnum):
    """What a value of a case file may be, in the words of the error message."""

    TEXT = "text"
    NUMBER = "a number"
    FLAG = "true or false"
    TABLE = "a table"
    TEXTS = "a list of texts"
    POSITIONS = "a list of whole numbers from 0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One key of a table: what its value must be."""

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    """The only texts allowed, for ``TEXT`` and ``TEXTS``; empty means any."""
    above: float = -math.inf
    """A number must be greater than this, and at most ``most``; both in the unit of the key."""
    most: float = math.inf


def read_toml(path: Path) -> tuple[dict[str, Any], bytes]:
    """Read a TOML file; return its table and its bytes.

    Raises ``CaseFileError`` with the line for a file that is missing, not UTF-8 or not TOML.
    """
    raw = read_bytes(path)
    text = decode(raw, path)
    try:
        return tomllib.loads(text), raw
    except (ValueError, RecursionError) as why:
        from pytest_pet2rep.cohorts.positions import syntax_error

        message, line = syntax_error(why, text)
        raise CaseFileError(f"not valid TOML: {message}", path, line) from None


def read_bytes(path: Path) -> bytes:
    """Read a file whole; ``CaseFileError`` says why it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as why:
        raise CaseFileError(f"cannot be read: {why.strerror or why}", path) from None


def decode(raw: bytes, path: Path) -> str:
    """Decode UTF-8, with or without a byte order mark; ``CaseFileError`` names the line if not."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        line = raw.count(b"\n", 0, why.start) + 1
        message = f"byte {raw[why.start]:#04x} is not UTF-8: save the file as UTF-8"
        raise CaseFileError(message, path, line) from None


def wrong(path: Path, key: str, message: str) -> CaseFileError:
    """Build the error for ``key`` (dotted) of the TOML file ``path``, with its line."""
    from pytest_pet2rep.cohorts.positions import locate

    shown = key if key.isprintable() else key.encode("unicode_escape").decode("ascii")
    return CaseFileError(message, path, locate(path, key), shown)


def check_table(
    table: Mapping[str, Any], keys: Sequence[Key], path: Path, prefix: str = ""
) -> None:
    """Check that ``table`` has known keys only, every required one, and values of their kinds.

    ``prefix`` is the dotted name of the table, empty for the top level.
    """
    known = {key.name: key for key in keys}
    for name, value in table.items():
        if name not in known:
            raise wrong(path, dotted(prefix, name), unknown("key", name, known))
        _check_value(value, known[name], path, dotted(prefix, name))
    for key in keys:
        if key.required and key.name not in table:
            place = f" in [{prefix}]" if prefix else ""
            message = f"is missing{place}; it must be {key.kind}"
            raise wrong(path, dotted(prefix, key.name), message)


def dotted(prefix: str, name: str) -> str:
    """Name of a key inside the table ``prefix`` (empty for the top level)."""
    return f"{prefix}.{name}" if prefix else name


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that ``name`` is not known, with the nearest names that are."""
    return str(UnknownName(kind, name, known))


def _check_value(value: Any, key: Key, path: Path, name: str) -> None:
    if not _is(value, key.kind):
        raise wrong(path, name, f"must be {key.kind}, not {_shown(value)}")
    if key.choices:
        for text in [value] if key.kind is Kind.TEXT else value:
            if text not in key.choices:
                raise wrong(path, name, unknown("value", text, key.choices))
    if key.kind is Kind.NUMBER and not key.above < value <= key.most:
        message = f"must be above {key.above:g} and at most {key.most:g}, not {_shown(value)}"
        raise wrong(path, name, message)


def _is(value: Any, kind: Kind) -> bool:
    match kind:
        case Kind.TEXT:
            return isinstance(value, str)
        case Kind.NUMBER:
            return _is_number(value) and (isinstance(value, int) or math.isfinite(value))
        case Kind.FLAG:
            return isinstance(value, bool)
        case Kind.TABLE:
            return isinstance(value, dict)
        case Kind.TEXTS:
            return isinstance(value, list) and all(isinstance(v, str) for v in value)
        case Kind.POSITIONS:
            return isinstance(value, list) and all(
                _is_number(v) and isinstance(v, int) and v >= 0 for v in value
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    """The value as a person typed it, near enough, and short."""
    if isinstance(value, dict):
        return "a table"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

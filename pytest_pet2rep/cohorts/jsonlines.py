"""Reading JSON lines one by one, so that a file of any size takes constant memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import ImportProblem

_HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line that is not blank: its fields, or what is wrong with it."""

    number: int
    """1-based."""
    place: str
    """``file:number``, as messages show it."""
    fields: Mapping[str, Any]
    problem: str = ""


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a UTF-8 file of JSON objects; blank lines are passed over.

    A line that cannot be read is yielded with its ``problem``.  Raises ``ImportProblem`` if the
    file itself cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if raw.strip() and raw.strip() != b"\xef\xbb\xbf":
                    fields, problem = _parse(raw)
                    place = f"{path}:{number}"
                    yield Line(number=number, place=place, fields=fields, problem=problem)
    except OSError as why:
        raise ImportProblem(f"{path} cannot be read: {why.strerror or why}") from None


def find_field(line: Line, candidates: Sequence[str], chosen: str = "") -> str:
    """Name of the field to read: ``chosen`` if given, else the first candidate, ``""`` if none."""
    names = (chosen,) if chosen else candidates
    return next((name for name in names if name in line.fields), "")


def text_field(line: Line, candidates: Sequence[str], chosen: str = "") -> str:
    """Read a text, or the only text of a list of one (which is what ``batch_decode`` gives).

    Raises ``ValueError`` with a whole sentence on what is wrong.
    """
    return _named(line, candidates, chosen, text_of)


def id_field(line: Line, candidates: Sequence[str], chosen: str = "") -> str:
    """Read the id of a case, a text or a whole number; raises ``ValueError`` as above."""
    return _named(line, candidates, chosen, id_of)


def _named(line: Line, candidates: Sequence[str], chosen: str, read: Callable[[Any], str]) -> str:
    name = find_field(line, candidates, chosen)
    if not name:
        wanted = chosen or " or ".join(candidates)
        present = ", ".join(sorted(line.fields)) or "none"
        raise ValueError(f"there is no field {wanted}; the fields are: {present}")
    try:
        return read(line.fields[name])
    except ValueError as why:
        raise ValueError(f"{name} {why}") from None


def _parse(raw: bytes) -> tuple[dict[str, Any], str]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        return {}, f"byte {raw[why.start]:#04x} is not UTF-8: save the file as UTF-8"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as why:
        hint = ": write one object per line" if text.strip() in ("[", "{") else ""
        return {}, f"not valid JSON ({why.msg} at column {why.colno}){hint}"
    except (ValueError, RecursionError) as why:
        return {}, f"not usable JSON ({why})"
    if not isinstance(value, dict):
        return {}, f"holds {_kind(value)} where an object with named fields is needed"
    return value, ""


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        type(None): "null",
    }
    return names.get(type(value), "a number")


def text_of(value: Any) -> str:
    """Text of a field: as it is, or the only text of a list of one (what ``batch_decode`` gives).

    Half a surrogate pair, which is no character, becomes U+FFFD.  Raises ``ValueError``,
    whose text is the end of a sentence that begins with the field's name.
    """
    if isinstance(value, list):
        if len(value) > 1:
            raise ValueError(f"holds {len(value)} texts where one is expected")
        value = value[0] if value else ""
    if not isinstance(value, str):
        raise ValueError(f"is {_kind(value)} where a text is expected")
    return _HALF_PAIR.sub("\ufffd", value)


def id_of(value: Any) -> str:
    """Id of a case from a text or a whole number; raises ``ValueError`` like ``text_of``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = text_of(value).strip()
    if not text:
        raise ValueError("is empty")
    return text

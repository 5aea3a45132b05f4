"""Files of outputs that exist already: JSON lines of any of the common shapes, read by id.

Used by ``replay/`` and by whatever scores a file directly.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.types import FinishReason

ID_FIELDS = ("case_id", "subject_id", "patient_id", "case", "id")
"""Names of the case id, in the order in which they are looked for."""

TEXT_FIELDS = (
    "raw", "llm_output", "prediction", "pred", "generated", "generated_text", "generated_report",
    "output", "response", "text", "report",
)  # fmt: skip
"""Names of the generated text, in the order in which they are looked for."""


_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a pair, which JSON can escape but no file can hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputLine:
    """One generated text, untouched, and where it stands."""

    case_id: str
    text: str
    """Empty where the file has ``null``, an empty text or an empty list."""
    repeat: int
    finish_reason: FinishReason
    origin: str
    """``file name:line``, 1-based."""
    fields: Mapping[str, Any]
    """The whole object, for whoever wants its reference too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """All texts of a file, by (case id, repeat)."""

    path: Path
    digest: str
    """SHA-256 (hexadecimal) of the bytes of the file."""
    id_field: str
    text_field: str
    lines: Mapping[tuple[str, int], OutputLine]

    @property
    def case_ids(self) -> frozenset[str]:
        return frozenset(case_id for case_id, _ in self.lines)


def read_outputs(path: Path, *, id_field: str = "", text_field: str = "") -> Outputs:
    """Read a file of JSON lines (UTF-8, with or without byte order mark, any line ends).

    The names of the two fields are looked for in the first object, in the order of ``ID_FIELDS``
    and ``TEXT_FIELDS``, unless given; they then hold for the whole file.  An integer field
    ``repeat`` and a ``finish_reason`` are honoured.  Raises ``DataProblem``, with file and line,
    for a line that is no JSON object or lacks a field, and for an id that stands there twice with
    different texts.
    """
    content = _bytes_of(path)
    objects = list(_objects(path, _decoded(path, content)))
    if not objects:
        raise DataProblem(f"{path}: there is no line in this file")
    first = objects[0][1]
    where = f"{path}:{objects[0][0]}"
    id_field = id_field or _detected(first, ID_FIELDS, "id of the case", "id", where)
    text_field = text_field or _detected(first, TEXT_FIELDS, "generated text", "text", where)
    lines: dict[tuple[str, int], OutputLine] = {}
    for number, fields in objects:
        _add(lines, _line(path, number, fields, id_field, text_field))
    return Outputs(
        path=path,
        digest=hashlib.sha256(content).hexdigest(),
        id_field=id_field,
        text_field=text_field,
        lines=lines,
    )


def _add(lines: dict[tuple[str, int], OutputLine], line: OutputLine) -> None:
    earlier = lines.setdefault((line.case_id, line.repeat), line)
    if (earlier.text, earlier.finish_reason) != (line.text, line.finish_reason):
        what = "text" if earlier.text != line.text else "finish_reason"
        raise DataProblem(
            f"{line.origin}: case {line.case_id!r} stands here with another {what} than in "
            f"{earlier.origin}; keep one, or number them by an integer field 'repeat'"
        )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as why:
        raise DataProblem(f"{path}: cannot be read: {why.strerror}") from why


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        line = content.count(b"\n", 0, why.start) + 1
        likely = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "GB18030 or Latin-1"
        raise DataProblem(
            f"{path}:{line}: the file is not UTF-8 (perhaps {likely}): convert it, e.g. with "
            f"iconv -f {likely.split()[0]} -t UTF-8"
        ) from why


def _objects(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # str.splitlines would also split at U+2028, which JSON allows inside a string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as why:
            raise DataProblem(
                f"{path}:{number}: not a JSON object on one line ({why}); JSON lines are needed, "
                f"one object a line"
            ) from why
        if not isinstance(value, dict):
            raise DataProblem(
                f"{path}:{number}: holds a JSON {type(value).__name__}, not an object; JSON lines "
                f"are needed, one object a line"
            )
        yield number, value


def _detected(
    fields: Mapping[str, Any], names: tuple[str, ...], what: str, argument: str, where: str
) -> str:
    for name in names:
        if name in fields:
            return name
    raise DataProblem(
        f"{where}: no field holds the {what} (looked for {', '.join(names)}; there are "
        f"{', '.join(map(str, fields)) or 'none'}): name it with --pet2rep-model-arg "
        f"{argument}=FIELD"
    )


def _line(
    path: Path, number: int, fields: Mapping[str, Any], id_field: str, text_field: str
) -> OutputLine:
    where = f"{path}:{number}"
    for name in (id_field, text_field):
        if name not in fields:
            raise DataProblem(f"{where}: this line has no field {name!r}")
    return OutputLine(
        case_id=_case_id(fields[id_field], id_field, where),
        text=_text(fields[text_field], text_field, where),
        repeat=_repeat(fields.get("repeat"), where),
        finish_reason=_finish_reason(fields.get("finish_reason")),
        origin=f"{path.name}:{number}",
        fields=fields,
    )


def _case_id(value: object, name: str, where: str) -> str:
    if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
        return str(value).strip()
    raise DataProblem(f"{where}: {name} is {value!r}, which is no case id")


def _text(value: object, name: str, where: str) -> str:
    if isinstance(value, list):
        if len(value) > 1:
            raise DataProblem(f"{where}: {name} holds {len(value)} texts, one is needed")
        value = value[0] if value else None
    if value is None:
        return ""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    raise DataProblem(f"{where}: {name} holds {type(value).__name__}, a text is needed")


def _repeat(value: object, where: str) -> int:
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise DataProblem(f"{where}: repeat is {value!r}, a whole number from 0 is needed")


def _finish_reason(value: object) -> FinishReason:
    try:
        return FinishReason(str(value))
    except ValueError:
        return FinishReason.UNKNOWN

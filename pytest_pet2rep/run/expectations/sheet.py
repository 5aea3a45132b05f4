"""The review sheet: a CSV table that spreadsheet programs open, and that comes back edited.

Cells hold text of reports, which is untrusted: one that a spreadsheet program would take for a
formula is written with a quote before it, and read back without.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.errors import DataProblem, UsageProblem

COLUMNS = (
    "case", "organ", "organ_zh", "organ_en", "extracted_states", "in_case_file", "evidence",
    "confirmed_states", "reviewer", "reference",
)  # fmt: skip
NEEDED = ("case", "organ", "confirmed_states", "reviewer")
"""Columns without which a sheet cannot be applied."""

_ENCODINGS = ("utf-8-sig", "utf-16", "gb18030")
_DELIMITERS = (",", ";", "\t")
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""First characters that start a formula (OWASP, CSV injection), full-width ones included."""

_LONGEST_CELL = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetRow:
    """One row: what was extracted for one fine organ of one case, and what a person says of it."""

    line: int = 0
    """1-based line of the sheet on which the row begins; 0 for a row that is to be written."""
    case: str
    organ: str
    organ_zh: str = ""
    organ_en: str = ""
    extracted_states: str = ""
    in_case_file: str = ""
    """What the case file says already, for the reader of the sheet."""
    evidence: str = ""
    confirmed_states: str = ""
    reviewer: str = ""
    reference: str = ""
    """Language and digest of the reference that was read."""


def hardened(cell: str) -> str:
    """Put a quote before a cell that would be a formula, or that begins as such a quoted one."""
    return f"'{cell}" if cell.lstrip("'")[:1] in _FORMULA and cell.lstrip("'") else cell


def unhardened(cell: str) -> str:
    """Take back what ``hardened`` did."""
    return cell[1:] if cell.startswith("'") and hardened(cell) != cell else cell


def write_sheet(path: Path, rows: Iterable[SheetRow], *, overwrite: bool) -> int:
    """Write a sheet for this user's eyes only; return the number of rows.

    Raises ``UsageProblem`` if there is one already, which may have been filled in by hand.
    """
    if path.exists() and not overwrite:
        raise UsageProblem(
            f"{path} is there already and may hold reviews: apply it, choose another name, or say "
            f"--overwrite"
        )
    lines = [[hardened(getattr(row, column)) for column in COLUMNS] for row in rows]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([COLUMNS, *lines])
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        with os.fdopen(handle, "wb") as out:
            out.write(text.getvalue().encode("utf-8-sig"))
        os.replace(draft, path)
    except OSError as why:
        raise UsageProblem(f"{path} cannot be written: {why.strerror or why}") from None
    return len(lines)


def read_sheet(path: Path) -> list[SheetRow]:
    """Read a sheet as a spreadsheet program saved it: any usual encoding and delimiter.

    Rows without a case are left out.  Raises ``DataProblem`` for a file that is no such sheet.
    """
    text = _decoded(path)
    csv.field_size_limit(_LONGEST_CELL)
    header = text.lstrip("\r\n").splitlines()[0] if text.strip() else ""
    delimiter = max(_DELIMITERS, key=header.count)
    records = _records(text, delimiter, path)
    _, names = next(records, (0, []))
    columns = [name.strip().lower() for name in names]
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise DataProblem(
            f"{path} is no review sheet: it has no column {' or '.join(missing)}; make one with "
            f"--review"
        )
    return [
        SheetRow(line=line, **_known(dict(zip(columns, cells, strict=False))))
        for line, cells in records
        if any(cell.strip() for cell in cells)
    ]


def _known(cells: dict[str, str]) -> dict[str, str]:
    return {name: unhardened(cells.get(name, "")).strip() for name in COLUMNS}


def _records(text: str, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as why:
        raise DataProblem(f"{path}:{reader.line_num}: not a table: {why}") from None


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as why:
        raise DataProblem(f"{path} cannot be read: {why.strerror or why}") from None
    utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in _ENCODINGS:
        if (encoding == "utf-16") != utf16:
            continue
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataProblem(f"{path} is in none of the encodings {', '.join(_ENCODINGS)}: save as UTF-8")

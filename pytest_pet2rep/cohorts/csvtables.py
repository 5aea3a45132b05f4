"""Reading the CSV tables of data sets: encodings that occur in the wild, rows with their place."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.errors import ImportProblem

CHINESE = ("utf-8-sig", "gb18030")
WESTERN = ("utf-8-sig", "cp1252", "latin-1")
"""Latin-1 as Windows writes it, then as it is: they differ only where Latin-1 has no letters."""

LONGEST_CELL = 10_000_000
"""Characters; the limit of the standard library is too low for a table with long reports."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a table, its columns under lower-case names."""

    place: str
    """``file:line`` of its last line, since a cell may hold several."""
    cells: Mapping[str, str]

    def first(self, columns: Iterable[str]) -> str:
        """Content of the first of ``columns`` that is there and not blank, else ``""``."""
        found = (self.cells.get(column.lower(), "").strip() for column in columns)
        return next((cell for cell in found if cell), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvTable:
    """A table that was read whole."""

    path: Path
    encoding: str
    columns: tuple[str, ...]
    """As written."""
    rows: tuple[Row, ...]
    problems: tuple[tuple[str, str], ...] = ()
    """(place, what) of rows with more cells than there are columns."""


def read_csv(path: Path, encodings: Sequence[str] = CHINESE) -> CsvTable:
    """Read a comma-separated table (tab-separated for ``.tsv``) in the first fitting encoding.

    Raises ``ImportProblem`` for a file that cannot be read or has no header.
    """
    text, encoding = _decoded(path, encodings)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter="\t" if path.suffix.lower() == ".tsv" else ","
    )
    rows: list[Row] = []
    problems: list[tuple[str, str]] = []
    try:
        columns = tuple(cell.strip() for cell in next(reader, []))
        if not any(columns):
            raise ImportProblem(f"{path} has no line with the names of its columns")
        names = [column.lower() for column in columns]
        for cells in reader:
            place = f"{path}:{reader.line_num}"
            if len(cells) > len(names):
                problems.append((place, f"has {len(cells)} cells for {len(names)} columns"))
            elif any(cell.strip() for cell in cells):
                rows.append(Row(place=place, cells=dict(zip(names, cells, strict=False))))
    except csv.Error as why:
        raise ImportProblem(f"{path}:{reader.line_num}: not a table: {why}") from None
    return CsvTable(
        path=path, encoding=encoding, columns=columns, rows=tuple(rows), problems=tuple(problems)
    )


def _decoded(path: Path, encodings: Sequence[str]) -> tuple[str, str]:
    try:
        raw = path.read_bytes()
    except OSError as why:
        raise ImportProblem(f"{path} cannot be read: {why.strerror or why}") from None
    for encoding in encodings:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise ImportProblem(f"{path} is in none of the encodings {', '.join(encodings)}")

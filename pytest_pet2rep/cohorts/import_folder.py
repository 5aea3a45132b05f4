"""Importer ``folder``: a user's own data, described by one CSV table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.casewriter import CaseWriter, NewCase
from pytest_pet2rep.cohorts.csvtables import CHINESE, CsvTable, Row, read_csv
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport, language_of
from pytest_pet2rep.cohorts.patientfacts import FACTS, patient_facts
from pytest_pet2rep.errors import ImportProblem
from pytest_pet2rep.types import Language

COLUMNS = ("id", "report", "report_zh", "report_en", "pet", "ct", "slices", "language")
IMAGE_COLUMNS = ("pet", "ct", "slices")
SEPARATOR = ";"
"""Between the paths of a ``slices`` cell."""


def import_folder(source: Path, dest: Path, options: ImportOptions) -> ImportReport:
    """Make every row of a table a case; ``source`` is the table, or a folder that holds just one.

    Columns: ``id``; ``report_zh``, ``report_en`` or ``report``, a text or the path of a ``.txt``;
    ``pet`` and ``ct``, or ``slices`` (paths, ``;`` between them); ``language``; ``sex``, ``age``,
    ``weight_kg``, ``height_cm``.  Relative paths start from ``options.images_root``, else from the
    folder of the table.  Raises ``ImportProblem`` without a column for ids and one for reports.
    """
    table = read_csv(_table_of(source), CHINESE)
    names = {column.lower() for column in table.columns}
    if "id" not in names or not names & {"report", "report_zh", "report_en"}:
        raise ImportProblem(f"{table.path} needs the columns id and report_zh, report_en or report")
    writer = CaseWriter(table.path, dest, options)
    for place, what in table.problems:
        writer.skip(place, what)
    used = {*COLUMNS, *(name for columns in FACTS.values() for name in columns)}
    if unused := [column for column in table.columns if column.lower() not in used]:
        writer.note(str(table.path), f"columns that are not used: {', '.join(unused)}")
    for row in table.rows:
        try:
            _write(row, table, writer)
        except ValueError as why:
            writer.skip(row.place, str(why))
    return writer.report()


def _table_of(source: Path) -> Path:
    if not source.is_dir():
        return source
    tables = sorted(p for p in source.iterdir() if p.suffix.lower() in (".csv", ".tsv"))
    if len(tables) != 1:
        found = ", ".join(p.name for p in tables) or "none"
        raise ImportProblem(f"{source} must hold one table (.csv), it has {found}: name the table")
    return tables[0]


def _write(row: Row, table: CsvTable, writer: CaseWriter) -> None:
    case_id = row.first(("id",))
    if not case_id:
        raise ValueError("has no id")
    reports = _reports(row, table.path.parent, writer.options)
    facts, doubts = patient_facts(row)
    images = _images(row, writer.options.images_root or table.path.parent)
    case: dict[str, Any] = dict(facts)
    if images:
        case["images"] = images
    written = writer.write(
        NewCase(
            original_id=case_id,
            where=row.place,
            reports=reports,
            language=_language(row, reports, writer.options),
            table=case,
            provenance=f"imported from {table.path.name}",
        )
    )
    if written is None:
        return
    for doubt in doubts:
        writer.note(f"case {written}", doubt)
    for place in [*images.get("slices", ()), *(images[k] for k in ("pet", "ct") if k in images)]:
        if not Path(place).is_file():
            writer.miss(f"case {written}", place)


def _reports(row: Row, folder: Path, options: ImportOptions) -> dict[Language, str]:
    """Reports of a row by language; raises ``ValueError`` if there is none."""
    reports = {}
    for language in Language:
        if text := _text(row.first((f"report_{language}",)), folder):
            reports[language] = text
    if text := _text(row.first(("report",)), folder):
        reports.setdefault(language_of(text, options), text)
    if not reports:
        raise ValueError("has no report")
    return reports


def _text(cell: str, folder: Path) -> str:
    if not (cell.lower().endswith(".txt") and "\n" not in cell):
        return cell
    try:
        return (folder / cell).read_bytes().decode("utf-8-sig").strip()
    except OSError as why:
        raise ValueError(f"the report {cell} cannot be read: {why.strerror or why}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the report {cell} is not UTF-8") from None


def _language(row: Row, reports: dict[Language, str], options: ImportOptions) -> Language:
    written = row.first(("language",)).lower()
    if written and written not in tuple(Language):
        raise ValueError(f"language {written!r} is none of {', '.join(Language)}")
    if written:
        return Language(written)
    return options.language or min(reports, key=[*Language].index)


def _images(row: Row, root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column in IMAGE_COLUMNS:
        paths = [part.strip() for part in row.first((column,)).split(SEPARATOR) if part.strip()]
        places = [Path(os.path.abspath(root / path)).as_posix() for path in paths]
        if places:
            found[column] = places if column == "slices" else places[0]
        if len(places) > 1 and column != "slices":
            raise ValueError(f"{column} names {len(places)} files")
    return found

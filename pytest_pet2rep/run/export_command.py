"""``pet2rep export RUN``: what a run found, for notebooks, spreadsheets and pages."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import MissingDependency, StoreError, UsageProblem
from pytest_pet2rep.run.result_rows import TABLES, result_rows
from pytest_pet2rep.run.runfiles import RunData, load_run

TABLE_FORMATS = ("csv", "parquet")
PAGE_FORMATS = ("markdown", "junit")
FORMATS = (*TABLE_FORMATS, *PAGE_FORMATS)
_TRUTHS = frozenset({"failed", "visible", "reliable", "higher_is_better"})
_COUNTS = frozenset({"repeat", "n", "items", "risk"})
_TEXTS = frozenset(
    {"case", "check", "organ", "language", "outcome", "kind", "expected", "generated", "source",
     "certainty", "reason", "reference_sentence", "report_sentence", "model", "metric", "level",
     "floor_name", "signature", "unscored_because", "sex", "missed", "false_alarms", "reference",
     "report"}
)  # fmt: skip
"""Columns of Parquet tables by type; all others are numbers.  ``failed`` of a case is a count."""


def export_stored(options: argparse.Namespace) -> int:
    """Write a stored run in another format; return 0.

    Raises ``UsageProblem`` without a folder for tables, ``MissingDependency`` for Parquet without
    pyarrow, ``DataProblem`` for a run that cannot be read, ``StoreError`` where it cannot write.
    """
    run = load_run(options.run_path)
    if options.to in PAGE_FORMATS:
        _write_page(page_of(run, options.to), options.out)
        return 0
    if options.out is None:
        raise UsageProblem(f"--to {options.to} writes {len(TABLES)} files: name a folder, -o DIR")
    for path in export_tables(run, options.out, options.to):
        print(path)
    return 0


def page_of(run: RunData, form: str) -> str:
    """Return the Markdown page of a run, or its gates as JUnit.

    Raises ``UsageProblem`` for gates of a baseline: a file without a red test would be a green run.
    """
    if form == "markdown":
        from pytest_pet2rep.run.step_summary import step_summary

        return step_summary(run)
    from pytest_pet2rep.run.gates.junit import gates_junit

    if "code" not in run.exit:
        raise UsageProblem("the run is kept as a baseline: it has no gates and no exit code")
    return gates_junit(
        run.gates,
        card=run.card,
        exit_code=int(run.exit["code"]),
        verdict=run.verdict,
        reason=str(run.exit.get("reason", "")),
        started=str(run.timing.get("started", "")),
    )


def export_tables(run: RunData, folder: Path, form: str) -> list[Path]:
    """Write ``items``, ``scores`` and ``cases``, readable by their owner only; return the paths."""
    if form == "parquet":
        _check_pyarrow()
    written = []
    for name, rows in result_rows(run).items():
        columns = list(rows[0]) if rows else []
        content = _csv(columns, rows) if form == "csv" else _parquet(name, columns, rows)
        path = folder / f"{name}.{form}"
        _write(path, content)
        written.append(path)
    return written


def _csv(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    from pytest_pet2rep.render.spreadsheet import csv_text

    return csv_text(columns, rows).encode("utf-8")


def _check_pyarrow() -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise MissingDependency("export to Parquet", "pyarrow", "parquet")


def _parquet(table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [(name, _arrow_type(table, name)) for name in columns]
    plain = [{name: _encodable(row[name]) for name in columns} for row in rows]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(plain, schema=pa.schema(fields)), out)
    return out.getvalue()


def _arrow_type(table: str, column: str) -> Any:
    import pyarrow as pa

    if table == "cases" and column == "failed":
        return pa.int64()
    if column in _TRUTHS:
        return pa.bool_()
    if column in _COUNTS:
        return pa.int64()
    return pa.string() if column in _TEXTS else pa.float64()


def _encodable(value: Any) -> Any:
    """Return text that is UTF-8: half a surrogate pair, which a model may emit, as its escape."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def _write(path: Path, content: bytes) -> None:
    from pytest_pet2rep.store.private_files import write_privately

    try:
        write_privately(path, content)
    except OSError as why:
        raise StoreError(f"{path} cannot be written: {why.strerror or why}") from why


def _write_page(text: str, path: Path | None) -> None:
    if path is None:
        from pytest_pet2rep.run.show.command import print_lines

        print_lines(text.splitlines(), sys.stdout)
        return
    if path.is_dir():
        raise UsageProblem(f"{path} is a folder: name a file in it")
    _write(path, text.encode("utf-8"))
    print(path)

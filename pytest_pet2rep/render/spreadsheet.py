"""CSV that a spreadsheet program opens as text and numbers, never as a formula.

Source: OWASP, "CSV injection": a text cell that begins with one of these marks is run as a formula;
an apostrophe before it makes it text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_pet2rep.render.untrusted import terminal_safe

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Marks that start a formula; the last four are their full-width forms."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads a file as the local code page, and Chinese is lost."""


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a table as CSV (RFC 4180), with a byte order mark and a line of titles.

    ``None`` is an empty cell, true and false are ``true`` and ``false``, numbers are written in
    full; characters that do not show are written as their escapes, line feeds stay.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([cell(column) for column in columns])
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return BYTE_ORDER_MARK + out.getvalue()


def cell(value: Any) -> str:
    """Write one cell; only text can be dangerous, so only text is changed."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
    text = terminal_safe(str(value), line_feeds=True)
    return f"'{text}" if text.lstrip(" ").startswith(_RUNS) else text

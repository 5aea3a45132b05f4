"""A table for the terminal: aligned by display width, and still right when it gets narrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_pet2rep.render.columns import Align, clip, display_width, pad, to_ascii
from pytest_pet2rep.render.untrusted import terminal_safe

GAP = "  "

Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column; what it holds decides what may happen to it on a narrow terminal."""

    title: str
    align: Align = Align.LEFT
    shrink_to: int | None = None
    """A text column may be cut down to this many terminal columns; ``None``: never cut.

    Numbers are never cut: a number without its last digit is another number.
    """
    optional: bool = False
    """May be left out, the rightmost first, when shrinking was not enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows of plain text; an empty row draws a rule."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if row and len(row) != len(self.columns):
                raise ValueError(f"{len(row)} cells for {len(self.columns)} columns: {row!r}")


def render_table(table: Table, width: int, *, ascii_only: bool = False) -> list[str]:
    """Lay ``table`` out in at most ``width`` terminal columns, one string per line.

    First the columns that may shrink do, the widest first; then optional columns are left out,
    and a last line names them.  What is still too wide stays too wide.  Cells are untrusted text
    and shown on one line, without control characters.  In ASCII, an optional column without a
    title (the name in the other language) is left out where it could only be shown as escapes.
    """
    if ascii_only:
        table = _without_other_scripts(table)
    show = to_ascii if ascii_only else str
    titles = tuple(show(column.title) for column in table.columns)
    rows = [tuple(show(terminal_safe(cell)) for cell in row) for row in table.rows]
    natural = [
        max(display_width(row[i]) for row in (titles, *rows) if row) for i in range(len(titles))
    ]
    shown = _chosen(table.columns, natural, width)
    widths = _shrunk(table.columns, natural, shown, width)
    mark = ".." if ascii_only else "…"
    rule = ("-" if ascii_only else "─") * _total(widths, shown)
    lines = [_line(titles, table.columns, widths, shown, mark), rule]
    lines += [_line(row, table.columns, widths, shown, mark) if row else rule for row in rows]
    hidden = [title for i, title in enumerate(titles) if title and i not in shown]
    return [*lines, f"(no room for: {', '.join(hidden)})"] if hidden else lines


def _without_other_scripts(table: Table) -> Table:
    kept = [
        i
        for i, column in enumerate(table.columns)
        if column.title
        or not column.optional
        or not any("\\u" in to_ascii(row[i]) for row in table.rows if row)
    ]
    return Table(
        columns=tuple(table.columns[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) if row else row for row in table.rows),
    )


def _chosen(columns: Sequence[Column], natural: Sequence[int], width: int) -> list[int]:
    """Positions of the columns to show: all, less the optional ones that do not fit."""
    least = [
        size if column.shrink_to is None else min(size, column.shrink_to)
        for size, column in zip(natural, columns, strict=True)
    ]
    shown = list(range(len(columns)))
    for i in reversed(range(len(columns))):
        if _total(least, shown) <= width:
            break
        if columns[i].optional:
            shown.remove(i)
    return shown


def _shrunk(
    columns: Sequence[Column], natural: Sequence[int], shown: Sequence[int], width: int
) -> list[int]:
    """Widths after the widest column that may shrink has given way, again and again."""
    widths = list(natural)
    while _total(widths, shown) > width:
        able = [i for i in shown if widths[i] > _floor(columns[i], natural[i])]
        if not able:
            break
        widest = max(able, key=lambda i: widths[i])
        widths[widest] -= 1
    return widths


def _floor(column: Column, natural: int) -> int:
    return natural if column.shrink_to is None else column.shrink_to


def _total(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[i] for i in shown) + len(GAP) * max(0, len(shown) - 1)


def _line(
    row: Row, columns: Sequence[Column], widths: Sequence[int], shown: Sequence[int], mark: str
) -> str:
    cells = (pad(clip(row[i], widths[i], mark), widths[i], columns[i].align) for i in shown)
    return GAP.join(cells).rstrip()

"""The rating sheet of one reader: an HTML form that saves JSON, and the same as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from pytest_pet2rep.errors import MissingDependency
from pytest_pet2rep.render.spreadsheet import csv_text
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.rating import (
    WEIGHTS,
    RatedItem,
    Sheet,
    error_categories,
    score_levels,
)

FOLDER = "data/rating"


def error_columns() -> list[str]:
    """Return the columns of the CSV that count errors: ``omission_significant`` ..."""
    return [f"{error.id}_{weight}" for error in error_categories() for weight in WEIGHTS]


def sheet_csv(sheet: Sheet, reader: int) -> str:
    """Return the sheet of a reader as CSV, to be filled in by a spreadsheet program."""
    texts = ["sheet", "item", "reference", "report"]
    columns = [*texts, "reader", "score", *error_columns(), "comment"]
    rows = [
        {"sheet": sheet.digest, "item": i.id, "reference": i.reference, "report": i.report}
        for i in sheet.for_reader(reader)
    ]
    return csv_text(columns, rows)


def sheet_html(sheet: Sheet, reader: int) -> str:
    """Return the sheet of a reader as one page: no network, and no script but its own.

    Texts are untrusted and are escaped.  Raises ``MissingDependency`` without Jinja2.
    """
    try:
        import jinja2
        from markupsafe import Markup
    except ModuleNotFoundError as why:
        raise MissingDependency("the rating sheet", "jinja2", "report") from why
    from pytest_pet2rep.render.html.embedding import policy_hash

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    items = sheet.for_reader(reader)
    style, script = _part("page.css"), _part("page.js")
    return environment.from_string(_part("page.html")).render(
        items=[_shown(item) for item in items],
        scores=score_levels(),
        errors=error_categories(),
        weights=WEIGHTS,
        sheet=sheet.digest,
        language=_language(items),
        style=Markup(style),  # files of this package
        script=Markup(script),
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
    )


def _shown(item: RatedItem) -> dict[str, str]:
    return {
        "id": item.id,
        "language": item.language,
        "reference": terminal_safe(item.reference, line_feeds=True),
        "report": terminal_safe(item.report, line_feeds=True),
    }


def _language(items: Sequence[RatedItem]) -> str:
    chinese = sum(item.language == "zh" for item in items)
    return "zh" if chinese * 2 > len(items) else "en"


def _part(name: str) -> str:
    return (resources.files("pytest_pet2rep") / f"{FOLDER}/{name}").read_text(encoding="utf-8")

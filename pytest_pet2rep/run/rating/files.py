"""Reading back what readers saved: JSON of the page, or the CSV that a spreadsheet program left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.run.rating import (
    KEY_SCHEMA,
    RATING_SCHEMA,
    WEIGHTS,
    error_categories,
    score_levels,
)
from pytest_pet2rep.run.runfiles import CaseKey
from pytest_pet2rep.run.runfiles.reading import check_schema, read_object


@dataclass(frozen=True, kw_only=True, slots=True)
class Rating:
    """What one reader said of one report."""

    level: int
    """Position of the score among the levels, 0 is the best."""
    significant: int
    """Clinically significant errors of all categories."""
    insignificant: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """One reader's ratings."""

    name: str
    sheet: str
    ratings: Mapping[str, Rating]
    """Item -> rating; reports without a score are left out."""
    unrated: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RatingKey:
    """Which report an item is."""

    sheet: str
    run_id: str
    items: Mapping[str, CaseKey]


def read_key(path: Path) -> RatingKey:
    """Read the key of a sheet.  Raises ``DataProblem``."""
    plain = read_object(path)
    check_schema(plain, KEY_SCHEMA, path)
    try:
        items = {name: (at["case"], at["repeat"]) for name, at in plain["items"].items()}
        return RatingKey(sheet=plain["sheet"], run_id=plain["run_id"], items=items)
    except (KeyError, TypeError, AttributeError) as why:
        raise DataProblem(f"{path} does not hold together ({why}): it was changed") from why


def read_ratings(path: Path, key: RatingKey) -> Reader:
    """Read the file of one reader, ``.json`` or ``.csv``.

    Raises ``DataProblem`` for another sheet, an unknown item or score, a count that is none.
    """
    found = _from_csv(path) if path.suffix.lower() == ".csv" else _from_json(path)
    name, sheet, rows = found
    if sheet != key.sheet:
        raise DataProblem(f"{path} rates another sheet ({sheet}, not {key.sheet})")
    ratings: dict[str, Rating] = {}
    for row in rows:
        item = str(row.get("item", ""))
        if item not in key.items:
            raise DataProblem(f"{path}: the sheet has no item {item!r}")
        if item in ratings:
            raise DataProblem(f"{path}: the item {item} stands there twice")
        if row.get("score"):
            ratings[item] = _rating(row, f"{path}: {item}")
    return Reader(name=name, sheet=sheet, ratings=ratings, unrated=len(key.items) - len(ratings))


def _from_json(path: Path) -> tuple[str, str, list[dict[str, Any]]]:
    plain = read_object(path)
    check_schema(plain, RATING_SCHEMA, path)
    try:
        return str(plain["reader"]), str(plain["sheet"]), [dict(row) for row in plain["ratings"]]
    except (KeyError, TypeError, ValueError) as why:
        raise DataProblem(f"{path} does not hold together ({why}): it was changed") from why


def _from_csv(path: Path) -> tuple[str, str, list[dict[str, Any]]]:
    from pytest_pet2rep.cohorts.csvtables import read_csv

    rows = [dict(row.cells) for row in read_csv(path).rows]
    sheets = {str(row.get("sheet", "")) for row in rows}
    if len(sheets) != 1:
        raise DataProblem(f"{path} has no column 'sheet' with one value: keep it as it was")
    names = {str(row["reader"]).strip() for row in rows if str(row.get("reader") or "").strip()}
    if len(names) > 1:
        raise DataProblem(f"{path} has {len(names)} readers: one file is of one reader")
    plain = []
    for row in rows:
        errors = {
            error.id: {weight: row.get(f"{error.id}_{weight}") or 0 for weight in WEIGHTS}
            for error in error_categories()
        }
        score = str(row.get("score") or "").strip()
        plain.append({"item": row.get("item"), "score": score, "errors": errors})
    return (names.pop() if names else path.stem), sheets.pop(), plain


def _rating(row: Mapping[str, Any], where: str) -> Rating:
    levels = [level.id for level in score_levels()]
    score = str(row["score"])
    if score not in levels:
        raise DataProblem(f"{where}: the score {score!r} is none of {', '.join(levels)}")
    counts = dict.fromkeys(WEIGHTS, 0)
    try:
        for error, by_weight in (row.get("errors") or {}).items():
            for weight, count in by_weight.items():
                counts[weight] += _count(count, f"{where}: {error}")
    except (KeyError, TypeError, AttributeError) as why:
        raise DataProblem(f"{where}: its errors do not hold together: they were changed") from why
    return Rating(level=levels.index(score), **counts)


def _count(value: Any, where: str) -> int:
    try:
        count = int(value)
    except (TypeError, ValueError, OverflowError):
        count = -1
    if count < 0 or count != float(value):
        raise DataProblem(f"{where}: {json.dumps(value)} is no number of errors")
    return count

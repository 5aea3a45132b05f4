"""What a store holds, counted by model, run, cohort or date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.store.disposal import live_runs
from pytest_pet2rep.store.entries import USABLE
from pytest_pet2rep.store.journal import Entry
from pytest_pet2rep.store.runs import read_runs
from pytest_pet2rep.store.texts import Texts

GROUPINGS: Mapping[str, Callable[[Entry], str]] = {
    "model": lambda entry: str(entry["facts"].get("model", "")),
    "run": lambda entry: str(entry["run"]),
    "cohort": lambda entry: str(entry["facts"].get("cohort", "")),
    "date": lambda entry: str(entry["made"])[:10],
}


def listing(root: Path, entries: Iterable[Entry], by: str) -> list[dict[str, Any]]:
    """Return one plain row per group: answers, cases, size of the texts in bytes, dates.

    ``bytes`` counts a text that answers share once per group.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(GROUPINGS[by](entry), []).append(entry)
    rows = [_row(root, by, name, found) for name, found in sorted(groups.items())]
    if by == "run":
        states = _states(root)
        rows = [{**row, "state": states.get(row["run"], "")} for row in rows]
        rows.sort(key=lambda row: str(row["first"]))
    return rows


def listing_table(rows: Sequence[Mapping[str, Any]], by: str) -> Table:
    """Return the rows as a table for a terminal."""
    columns = [
        Column(title=by, shrink_to=12),
        *(Column(title=name, align=Align.RIGHT) for name in ("answers", "usable", "cases", "KiB")),
        Column(title="first", optional=True),
        Column(title="last", optional=True),
    ]
    if by == "run":
        columns += [Column(title="model", shrink_to=12), Column(title="state")]
    return Table(columns=tuple(columns), rows=tuple(_cells(row, by) for row in rows))


def _cells(row: Mapping[str, Any], by: str) -> tuple[str, ...]:
    name = str(row[by])[:12] if by == "run" else str(row[by])
    numbers = [str(row[key]) for key in ("answers", "usable", "cases")]
    size = str(-(-int(row["bytes"]) // 1024))
    dates = [str(row[key])[:16].replace("T", " ") for key in ("first", "last")]
    more = [", ".join(row["models"]), str(row["state"])] if by == "run" else []
    return (name or "-", *numbers, size, *dates, *more)


def _row(root: Path, by: str, name: str, entries: Sequence[Entry]) -> dict[str, Any]:
    texts = Texts(root=root)
    digests = sorted({entry["text"] for entry in entries if entry.get("text")})
    made = sorted(str(entry["made"]) for entry in entries)
    return {
        by: name,
        "answers": len(entries),
        "usable": sum(entry["outcome"] == USABLE for entry in entries),
        "cases": len({entry["facts"].get("case") for entry in entries}),
        "bytes": sum(_size(texts.path(digest)) for digest in digests),
        "first": made[0],
        "last": made[-1],
        "models": sorted({str(entry["facts"].get("model", "")) for entry in entries}),
    }


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _states(root: Path) -> dict[str, str]:
    going_on = live_runs(root)
    return {
        run.id: "going on" if run.id in going_on else ("finished" if run.finished else "unfinished")
        for run in read_runs(root)
    }

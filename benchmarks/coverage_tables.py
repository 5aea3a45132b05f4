"""The tables of the coverage study as Markdown, written into the reference page of the statistics.

    python benchmarks/coverage_tables.py

Reads ``coverage.csv`` and ``coverage_gates.csv`` beside it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "reference" / "statistics.md"
BEGIN, END = "<!-- coverage tables -->", "<!-- end of coverage tables -->"
MEASURES = ("hit_rate", "recall", "ce_recall", "ce_f1", "recall difference", "ce_f1 difference")
TEXT_MEASURES = ("bleu4", "bleu4 difference")
METHODS = ("auto", "plain_percentile", "bca", "student")

Row = dict[str, str]
Key = tuple[str, str, str]


def rows_of(name: str) -> list[Row]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tables() -> str:
    """All tables, with their headings."""
    coverage, gates = rows_of("coverage.csv"), rows_of("coverage_gates.csv")
    parts = [
        "### Coverage of the 95 % interval",
        (
            f"In per cent, {coverage[0]['sims']} simulations a cell.  With 80 cases and 2 % some "
            "30 events of a class are expected, and one cohort in six has 30 of every class: after "
            "the slash, the coverage in those, where the product calls the interval reliable."
        ),
        _by_cell(coverage, MEASURES, _covered),
        _by_cell(coverage, TEXT_MEASURES, _covered),
        "### One-sided bounds",
        "How often the truth is below a 95 % lower bound / above a 95 % upper bound, in per cent.",
        _by_cell(coverage, MEASURES, _tails),
        _by_cell(coverage, TEXT_MEASURES, _tails),
        "### Gates on a paired difference",
        (
            "`type I`: passes of a non-inferiority gate when the run is worse by exactly its "
            "margin.  `power`: passes of two equal runs with the margin that the plan calls "
            "detectable with 80 %.  `A/A`: two equal runs without a margin, passed / failed.  "
            "In per cent."
        ),
        _table(
            ["cases", "prevalence", "rho", "metric", "type I", "planned", "power", "A/A"],
            (_gate(row) for row in gates),
        ),
        "### Other methods",
        "Coverage of the 95 % interval by method, in per cent; rates are not resampled.",
        _methods(coverage),
    ]
    return "\n\n".join(parts)


def _percent(value: str) -> str:
    return f"{100 * float(value):.1f}"


def _covered(row: Row) -> str:
    everywhere = _percent(row["coverage"])
    if float(row["reliable"]) > 0.999:
        return everywhere
    return f"{everywhere} / {_percent(row['coverage_reliable'])}"


def _tails(row: Row) -> str:
    return f"{_percent(row['one_sided_lower_error'])} / {_percent(row['one_sided_upper_error'])}"


def _key(row: Row) -> Key:
    return row["cases"], row["prevalence"], row["rho"]


def _by_cell(coverage: Sequence[Row], measures: Sequence[str], show: object) -> str:
    cells: dict[Key, dict[str, Row]] = {}
    for row in coverage:
        if row["method"] == "auto" and row["measure"] in measures:
            cells.setdefault(_key(row), {})[row["measure"]] = row
    lines = []
    for key, found in cells.items():
        events = found[measures[0]]["expected_events"]
        shown = [show(found[measure]) for measure in measures]  # type: ignore[operator]
        lines.append([*_cell(key), *([events] if events else []), *shown])
    organs = measures == MEASURES
    head = ["cases", *(["prevalence"] if organs else []), "rho", *(["events"] if organs else [])]
    return _table([*head, *measures], lines)


def _cell(key: Key) -> list[str]:
    cases, prevalence, rho = key
    return [cases, *([f"{100 * float(prevalence):g} %"] if prevalence else []), rho]


def _gate(row: Row) -> list[str]:
    prevalence = f"{100 * float(row['prevalence']):g} %" if row["prevalence"] else "-"
    numbers = [_percent(row[name]) for name in ("type_one", "planned_power", "power")]
    both = f"{_percent(row['aa_passed'])} / {_percent(row['aa_failed'])}"
    return [row["cases"], prevalence, row["rho"], row["metric"], *numbers, both]


def _methods(coverage: Sequence[Row]) -> str:
    found: dict[tuple[Key, str], dict[str, str]] = {}
    for row in coverage:
        if row["measure"] in (*MEASURES[2:], *TEXT_MEASURES):
            found.setdefault((_key(row), row["measure"]), {})[row["method"]] = _percent(
                row["coverage"]
            )
    lines = (
        [key[0], f"{100 * float(key[1]):g} %" if key[1] else "-", key[2], measure]
        + [shown[method] for method in METHODS]
        for (key, measure), shown in found.items()
    )
    return _table(["cases", "prevalence", "rho", "score", *METHODS], lines)


def _table(head: Sequence[str], lines: Iterator[list[str]] | list[list[str]]) -> str:
    rows = [list(head), ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page(text: str) -> str:
    """The page with the tables in their place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

"""A comparison for people: what may be compared, which scores moved, what to read first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.table import Column, Table, render_table
from pytest_pet2rep.run.compare import (
    COMPARISON_SCHEMA,
    Change,
    Comparison,
    Flip,
    ScoreChange,
    Tally,
)
from pytest_pet2rep.run.metric_values import difference_text, value_text

RIGHT = Align.RIGHT
SHOWN_FLIPS = 20
SHOWN_CASES = 10


def comparison_lines(
    found: Comparison, width: int, *, everything: bool = False, ascii_only: bool = False
) -> Iterator[str]:
    """Yield the lines of a comparison; ``everything`` leaves nothing out."""

    def table(of: Table) -> Iterator[str]:
        yield from render_table(of, width, ascii_only=ascii_only)
        yield ""

    yield f"{found.here} against {found.there}"
    yield from _case_lines(found)
    yield from _difference_lines(found)
    yield ""
    yield from table(change_table(found.scores))
    yield from table(tally_table("organ", [t for t in found.organs if t.better or t.worse]))
    cases = found.by_case if everything else found.by_case[:SHOWN_CASES]
    yield from table(tally_table("case", cases))
    flips = found.flips if everything else found.flips[:SHOWN_FLIPS]
    if flips:
        yield "flips to read first"
    yield from table(flip_table(flips))
    if len(flips) < len(found.flips):
        yield f"... and {len(found.flips) - len(flips)} more flips of less risk"


def _case_lines(found: Comparison) -> Iterator[str]:
    cases = found.cases
    yield f"{len(cases.common)} cases in both"
    if found.broken_there:
        yield f"the baseline: {found.broken_there}"
    for word, ids in (("new", cases.new), ("removed", cases.removed), ("changed", cases.changed)):
        if ids:
            more = f", and {len(ids) - 10} more" if len(ids) > 10 else ""
            yield f"{len(ids)} {word}, left out: {', '.join(ids[:10])}{more}"


def _difference_lines(found: Comparison) -> Iterator[str]:
    for difference in found.differences:
        mark = "  (allowed: the scores below do not speak of the model alone)"
        shown = mark if difference.matters else ""
        yield f"differs: {difference.where}: {difference.there} -> {difference.here}{shown}"


def change_table(scores: Sequence[ScoreChange]) -> Table:
    """Each score before and after, with the interval of the difference; values x100, risk as is."""
    several = len({change.language for change in scores}) > 1
    return Table(
        columns=(
            Column(title="score", shrink_to=12),
            Column(title="baseline", align=RIGHT, optional=True),
            Column(title="here", align=RIGHT, optional=True),
            Column(title="difference", align=RIGHT),
            Column(title="95 %", align=RIGHT),
            Column(title="n", align=RIGHT, optional=True),
            Column(title="", shrink_to=7),
        ),
        rows=tuple(
            (
                f"{change.name} ({change.language})" if several else change.name,
                value_text(change.name, change.there),
                value_text(change.name, change.here),
                difference_text(change.name, change.difference),
                _limits(change),
                str(change.n),
                str(change.change),
            )
            for change in scores
        ),
    )


def tally_table(title: str, tallies: Sequence[Tally]) -> Table:
    """How many items of each organ or case got better and worse, and their change in risk."""
    return Table(
        columns=(
            Column(title=title, shrink_to=10),
            Column(title="items", align=RIGHT, optional=True),
            Column(title="better", align=RIGHT),
            Column(title="worse", align=RIGHT),
            Column(title="risk", align=RIGHT),
        ),
        rows=tuple(
            (tally.name, str(tally.items), str(tally.better), str(tally.worse), f"{tally.risk:+d}")
            for tally in tallies
        ),
    )


def flip_table(flips: Sequence[Flip]) -> Table:
    """Results that flipped, in the order in which a person should read them."""
    return Table(
        columns=(
            Column(title="case", shrink_to=12),
            Column(title="flipped", shrink_to=8),
            Column(title="risk", align=RIGHT),
            Column(title="expected", shrink_to=8, optional=True),
            Column(title="baseline said", shrink_to=8),
            Column(title="here said", shrink_to=8),
            Column(title=""),
        ),
        rows=tuple(
            (
                flip.case if not flip.repeat else f"{flip.case} (repeat {flip.repeat})",
                flip.organ or flip.check.partition(":")[2],
                f"{flip.risk:+d}",
                " + ".join(flip.expected),
                _said(flip.said_there, flip.outcome_there),
                _said(flip.said_here, flip.outcome_here),
                str(flip.change),
            )
            for flip in flips
        ),
    )


def _said(states: tuple[str, ...], outcome: str) -> str:
    return " + ".join(states) if states and outcome in _READ else outcome


_READ = ("hit", "miss", "unstated", "ambiguous")


def _limits(change: ScoreChange) -> str:
    if change.low is None or change.high is None:
        return ""
    shown = (
        f"{difference_text(change.name, change.low)} to {difference_text(change.name, change.high)}"
    )
    return shown if change.reliable else f"({shown})"


def comparison_plain(found: Comparison) -> dict[str, Any]:
    """Return a comparison as plain data, for JSON."""
    import dataclasses

    plain = {
        field.name: getattr(found, field.name)
        for field in dataclasses.fields(found)
        if field.name not in ("scores", "differences", "broken_there")
    }
    return {
        "schema": COMPARISON_SCHEMA,
        **plain,
        "scores": [
            dataclasses.asdict(change) | {"difference": change.difference, "change": change.change}
            for change in found.scores
        ],
        "differences": [
            dataclasses.asdict(each) | {"matters": each.matters} for each in found.differences
        ],
        "worse": sum(flip.change is Change.WORSE for flip in found.flips),
        "better": sum(flip.change is Change.BETTER for flip in found.flips),
    }

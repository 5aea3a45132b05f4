"""An audit as tables for people: the halves side by side, never pooled."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import UNSCORED, score, share
from pytest_pet2rep.render.table import Column, Row, Table
from pytest_pet2rep.run.audit import LABELLED_STATES, HalfAudit, Proportion
from pytest_pet2rep.run.audit.figures import error_key
from pytest_pet2rep.run.audit.sets import Answer

_DIMENSIONS = ("language", "language and difficulty", "labels", "phenomenon")
_NOTHING = Proportion(right=0, n=0, low=None, high=None)


def sentence_table(halves: Sequence[HalfAudit]) -> Table:
    """Sentences read exactly right, over all and by slice, one pair of columns per half."""
    rows: list[Row] = [("all sentences", "", *_cells(halves, lambda h: h.sentences.all))]
    for dimension in _DIMENSIONS:
        rows.append(())
        values = sorted({v for half in halves for v in half.sentences.slices.get(dimension, {})})
        for value in values:

            def in_slice(half: HalfAudit, d: str = dimension, v: str = value) -> Proportion:
                return half.sentences.slices.get(d, {}).get(v, _NOTHING)

            rows.append((dimension, value, *_cells(halves, in_slice)))
    return Table(columns=_columns("sentences", "slice", halves), rows=tuple(rows))


def report_table(halves: Sequence[HalfAudit]) -> Table:
    """Whole reports: organs right, reports without error, and each state's precision and recall."""
    rows: list[Row] = [
        ("organs named by either", "", *_cells(halves, lambda h: h.reports.organs)),
        ("reports without error", "", *_cells(halves, lambda h: h.reports.flawless)),
        (),
    ]
    for state in LABELLED_STATES:
        rows += [
            (
                str(state),
                "precision",
                *_cells(halves, lambda h, s=state: h.reports.states[s].precision),  # type: ignore[misc]
            ),
            (
                str(state),
                "recall",
                *_cells(halves, lambda h, s=state: h.reports.states[s].recall),  # type: ignore[misc]
            ),
        ]
    return Table(columns=_columns("whole reports", "", halves), rows=tuple(rows))


def side_table(halves: Sequence[HalfAudit]) -> Table:
    """Sides of abnormal findings, in sentences and reports together."""
    values = sorted({value for half in halves for value in half.sides})
    return Table(
        columns=_columns("side of abnormal", "", halves),
        rows=tuple(
            (
                "in texts of" if value != "all" else "in all texts",
                value if value != "all" else "",
                *_cells(halves, lambda h, v=value: h.sides.get(v, _NOTHING)),  # type: ignore[misc]
            )
            for value in values
        ),
    )


def side_error_table(halves: Sequence[HalfAudit]) -> Table:
    """Every side that was read otherwise."""
    return Table(
        columns=tuple(Column(title=t) for t in ("id", "organ", "state", "side labelled", "read")),
        rows=tuple(
            (side.id, side.organ, str(side.state), str(side.expected), str(side.read))
            for half in halves
            for side in half.side_errors
        ),
    )


def error_table(halves: Sequence[HalfAudit], known: frozenset[str]) -> Table:
    """Every label that was read otherwise; ``known`` are the keys of the published errors."""
    return Table(
        columns=(
            Column(title="id"),
            Column(title="organ", optional=True),
            Column(title="labelled", shrink_to=16),
            Column(title="read", shrink_to=16),
            Column(title="published", optional=True),
            Column(title="text", shrink_to=24),
        ),
        rows=tuple(
            (
                error.id,
                error.organ,
                answer_text(error.expected),
                answer_text(error.read),
                "yes" if error_key(error) in known else "no",
                " ".join(error.text.split()) if not error.organ else "(whole report)",
            )
            for half in halves
            for error in half.errors
        ),
    )


def answer_text(answer: Answer) -> str:
    """``liver: absent+increased; spleen: normal``, or ``nothing``."""
    return (
        "; ".join(f"{organ}: {'+'.join(sorted(answer[organ]))}" for organ in sorted(answer))
        or "nothing"
    )


def interval(value: Proportion) -> str:
    """The 95 % limits, times 100."""
    if value.low is None or value.high is None:
        return UNSCORED
    return f"{score(value.low)} to {score(value.high)}"


def _cells(halves: Sequence[HalfAudit], of: Callable[[HalfAudit], Proportion]) -> tuple[str, ...]:
    return tuple(
        cell
        for half in halves
        for value in [of(half)]
        for cell in (share(value.right, value.n), interval(value))
    )


def _columns(first: str, second: str, halves: Sequence[HalfAudit]) -> tuple[Column, ...]:
    return (
        Column(title=first),
        Column(title=second),
        *(
            column
            for half in halves
            for column in (
                Column(title=f"{half.half}: right", align=Align.RIGHT),
                Column(title="95 % limits", align=Align.RIGHT),
            )
        ),
    )

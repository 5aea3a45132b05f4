"""A leaderboard as one HTML page: no network, no script, and a drawing beside each number."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

from pytest_pet2rep.render.html.environment import check_jinja
from pytest_pet2rep.render.numbers import score
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.leaderboard import BESIDE, Board, Kind, Standing
from pytest_pet2rep.run.leaderboard.table import (
    NOTES,
    PUBLISHED_NOTE,
    above_text,
    board_title,
    interval_text,
    rank_text,
)
from pytest_pet2rep.run.metric_values import value_text

FOLDER = "data/leaderboard"
DRAWN_NOTE = "Drawn: the value and its two-sided 95 % interval; the dashed line is the best floor."


def leaderboard_page(boards: Sequence[Board]) -> str:
    """Return the page.  Names are untrusted text and are escaped.

    Raises ``MissingDependency`` without Jinja2.
    """
    check_jinja()
    import jinja2
    from markupsafe import Markup

    from pytest_pet2rep.render.html.embedding import policy_hash

    style = _part("page.css")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    published = any(row.kind is Kind.PUBLISHED for board in boards for row in board.standings)
    return environment.from_string(_part("page.html")).render(
        boards=[_board(board) for board in boards],
        notes=[DRAWN_NOTE, *NOTES, *([PUBLISHED_NOTE] if published else [])],
        style=Markup(style),  # a file of this package
        style_hash=policy_hash(style),
    )


def _board(board: Board) -> dict[str, Any]:
    beside = [name for name in BESIDE if name != board.metric]
    floors = [r.value for r in board.standings if r.kind is Kind.FLOOR and r.value is not None]
    best = (max if board.higher_is_better else min)(floors, default=None)
    scale = _scale(board)
    return {
        "title": board_title(board),
        "titles": [board.metric, "95 %", "above floor", *beside],
        "end": value_text(board.metric, scale).removesuffix(".0"),
        "floor": _place(best, scale),
        "rows": [_row(board, row, beside, scale) for row in board.standings],
    }


def _row(board: Board, row: Standing, beside: Sequence[str], scale: float) -> dict[str, Any]:
    limits = interval_text(board, row)
    return {
        "kind": str(row.kind),
        "rank": rank_text(row),
        "name": terminal_safe(row.name),
        "said": f"{value_text(board.metric, row.value)}, {limits}",
        "cells": [
            value_text(board.metric, row.value),
            limits,
            above_text(row),
            *(score(row.values.get(name)) for name in beside),
        ],
        "value": _place(row.value, scale),
        "low": _place(row.low, scale),
        "high": _place(row.high, scale),
    }


def _scale(board: Board) -> float:
    """Return the value at the right end of the drawings: 1, or the largest where that is more."""
    ends = (row.high if row.high is not None else row.value for row in board.standings)
    return max([1.0, *(end for end in ends if end is not None and end != float("inf"))])


def _place(value: float | None, scale: float) -> float | None:
    if value is None:
        return None
    return round(min(max(value / scale, 0.0), 1.0) * 99, 2)


def _part(name: str) -> str:
    return (resources.files("pytest_pet2rep") / f"{FOLDER}/{name}").read_text(encoding="utf-8")

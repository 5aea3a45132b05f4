"""A leaderboard for the terminal: ranks with their ties, floors drawn in, published rows apart."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import UNSCORED, score
from pytest_pet2rep.render.screen import Screen, Tone
from pytest_pet2rep.render.table import Column, Row, Table
from pytest_pet2rep.run.leaderboard import BESIDE, Board, Kind, Standing
from pytest_pet2rep.run.metric_values import is_share, value_text

RIGHT = Align.RIGHT
RANK_NOTE = (
    "A rank is one more than the number of models that are clearly better: whose paired difference "
    "over the same cases has a 95 % interval beyond zero. = marks a shared rank."
)
PAIRS_NOTE = (
    "Each pair of models is compared at 95 % for itself: the more models, the more of the pairs "
    "differ by chance."
)
NOTES = (RANK_NOTE, PAIRS_NOTE, "A floor is a baseline that sees no image; it has no rank.")
PUBLISHED_NOTE = "Published rows are of other cases, without intervals: they are not ranked."


def board_lines(board: Board, screen: Screen) -> Iterator[str]:
    """Yield the lines of a board."""
    yield screen.line(board_title(board), Tone.STRONG)
    tones = [_tone(row) for row in ordered_rows(board)]
    yield from screen.table(board_table(board), tones)


def board_title(board: Board) -> str:
    """Say what ranks, which way, and the unit of its numbers: risk is not times 100."""
    better = "higher" if board.higher_is_better else "lower"
    unit = ", x100" if is_share(board.metric) else ", beside it x100"
    return f"{board.language}: {board.cases} cases, by {board.metric} ({better} is better){unit}"


def ordered_rows(board: Board) -> list[Standing | None]:
    """Return the rows; ``None`` is the rule above the published ones."""
    rows: list[Standing | None] = [r for r in board.standings if r.kind is not Kind.PUBLISHED]
    published = [row for row in board.standings if row.kind is Kind.PUBLISHED]
    return [*rows, None, *published] if published else rows


def board_table(board: Board) -> Table:
    """One row for each model, floor and published row."""
    beside = [name for name in BESIDE if name != board.metric]
    return Table(
        columns=(
            Column(title="rank", align=RIGHT),
            Column(title="model", shrink_to=16),
            Column(title=board.metric, align=RIGHT),
            Column(title="95 %", align=RIGHT),
            Column(title="above floor"),
            *(Column(title=name, align=RIGHT, optional=True) for name in beside),
        ),
        rows=tuple(
            _row(board, row, beside) if row is not None else () for row in ordered_rows(board)
        ),
    )


def rank_text(row: Standing) -> str:
    """Write a rank: ``1=`` where it is shared, the kind of row where there is none."""
    if row.rank is None:
        return str(row.kind)
    return f"{row.rank}=" if row.tied else str(row.rank)


def interval_text(board: Board, row: Standing) -> str:
    """Write the limits; a question mark says that they are not reliable."""
    if row.low is None or row.high is None:
        return UNSCORED
    limits = f"{value_text(board.metric, row.low)} to {value_text(board.metric, row.high)}"
    return limits if row.reliable else f"{limits} ?"


def above_text(row: Standing) -> str:
    """Say whether a model is clearly above the best floor."""
    if row.above_floor is None:
        return ""
    return "+ yes" if row.above_floor else "x not clearly"


def _row(board: Board, row: Standing, beside: list[str]) -> Row:
    return (
        rank_text(row),
        row.name,
        value_text(board.metric, row.value),
        interval_text(board, row),
        above_text(row),
        *(score(row.values.get(name)) for name in beside),
    )


def _tone(row: Standing | None) -> Tone:
    if row is None or row.kind is not Kind.MODEL:
        return Tone.QUIET
    return Tone.DOUBT if row.above_floor is False else Tone.PLAIN

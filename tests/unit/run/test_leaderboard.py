"""`pet2rep leaderboard`: honest ranks, floors drawn in, nothing incomparable side by side."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.render.screen import Screen
from pytest_pet2rep.run.leaderboard import Board, Kind, Standing, leaderboards
from pytest_pet2rep.run.leaderboard.page import leaderboard_page
from pytest_pet2rep.run.leaderboard.table import board_lines
from pytest_pet2rep.run.runfiles import RunData, write_run
from pytest_pet2rep.types import Record
from tests.unit.run.hostile import HOSTILE_TEXT
from tests.unit.run.stored_runs import EN, MISSED, ZH, store_run
from tests.validated import validate

TIMES = 12
RIGHT = dict.fromkeys((f"PET-{n}" for n in range(1, 7)), ZH) | {"PET-4": EN}
WRONG = dict.fromkeys(RIGHT, MISSED) | {"PET-4": EN}


def enlarged(run: RunData) -> RunData:
    """The run on a cohort in which each of its cases stands many times."""
    cohort = run.card["cohort"]
    names = [f"{{}}-{at:02d}" for at in range(TIMES)]

    def many(records: tuple[Record, ...]) -> tuple[Record, ...]:
        return tuple(replace(r, case=name.format(r.case)) for r in records for name in names)

    listed = {n.format(case): digest for case, digest in cohort["case_list"].items() for n in names}
    planned = (replace(item, case=name.format(item.case)) for item in run.planned for name in names)
    return replace(
        run,
        records=many(run.records),
        floors={name: many(records) for name, records in run.floors.items()},
        planned=tuple(sorted(planned)),
        texts={},
        card={**run.card, "cohort": {**cohort, "case_list": listed}},
    )


def named(run: RunData, model: str) -> RunData:
    return replace(run, card={**run.card, "model": {**run.card["model"], "spec": model}})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, RunData]:
    root = tmp_path_factory.mktemp("board")

    def made(model: str, texts: Mapping[str, str | None]) -> RunData:
        return named(enlarged(store_run(root, root / model, name=model, texts=texts)), model)

    almost = {**RIGHT, "PET-6": ZH.replace("脾脏大小正常", "脾脏大小正常，轮廓光整")}
    return {
        "good": made("good", RIGHT),
        "almost": made("almost", almost),
        "bad": made("bad", WRONG),
    }


@pytest.fixture(scope="module")
def board(runs: Mapping[str, RunData]) -> Board:
    boards = leaderboards(list(runs.values()), "ce_recall", published=True)
    return next(board for board in boards if board.language == "zh")


def row(board: Board, name: str) -> Standing:
    (found,) = [r for r in board.standings if r.name == name]
    return found


def test_models_that_cannot_be_told_apart_share_a_rank(board: Board) -> None:
    good, almost, bad = (row(board, name) for name in ("good", "almost", "bad"))
    assert (good.rank, good.tied) == (almost.rank, almost.tied) == (1, True)
    assert (bad.rank, bad.tied) == (3, False)
    assert bad.value is not None
    assert good.value is not None
    assert bad.value < good.value


def test_floors_are_drawn_in_without_a_rank(board: Board) -> None:
    floors = [r for r in board.standings if r.kind is Kind.FLOOR]
    assert {"template", "all-normal"} <= {r.name for r in floors}
    assert all(r.rank is None for r in floors)
    ranked = [r.value for r in board.standings if r.kind is not Kind.PUBLISHED]
    assert ranked == sorted(ranked, key=lambda v: -(v or 0))


def test_published_rows_stand_last_and_are_marked(board: Board) -> None:
    kinds = [r.kind for r in board.standings]
    published = [r for r in board.standings if r.kind is Kind.PUBLISHED]
    assert kinds[-len(published) :] == [Kind.PUBLISHED] * len(published)
    assert all(r.rank is None and r.low is None for r in published)
    lines = list(board_lines(board, Screen(width=160)))
    assert sum("published" in line for line in lines) == len(published)


def test_where_lower_is_better_the_lowest_is_first(runs: Mapping[str, RunData]) -> None:
    (zh,) = [b for b in leaderboards(list(runs.values()), "miss_rate") if b.language == "zh"]
    assert not zh.higher_is_better
    assert row(zh, "good").rank == 1
    assert row(zh, "bad").rank == 3


def test_a_model_without_a_score_has_no_rank(runs: Mapping[str, RunData]) -> None:
    for board in leaderboards(list(runs.values()), "suv_within_25"):
        models = [r for r in board.standings if r.kind is Kind.MODEL]
        assert all(
            (r.value, r.rank, r.tied, r.above_floor) == (None, None, False, None) for r in models
        )
        assert not any("1=" in line for line in board_lines(board, Screen(width=160)))


def test_risk_is_not_said_to_be_times_100(runs: Mapping[str, RunData]) -> None:
    def titled(metric: str) -> str:
        boards = leaderboards([runs["good"]], metric)
        assert f"by {metric}" in leaderboard_page(boards)
        return next(iter(board_lines(boards[-1], Screen(width=160))))

    assert titled("ce_recall").endswith("by ce_recall (higher is better), x100")
    assert titled("risk_per_case").endswith("by risk_per_case (lower is better), beside it x100")


def test_each_language_has_a_board_of_its_own(runs: Mapping[str, RunData]) -> None:
    boards = leaderboards(list(runs.values()), "ce_recall")
    assert [(b.language, b.cases) for b in boards] == [("en", TIMES), ("zh", 5 * TIMES)]


def changed(entry: str, value: Any) -> Callable[[RunData], RunData]:
    return lambda run: replace(run, card={**run.card, entry: value})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (changed("section", "both"), "cannot be compared, they differ in section"),
        (changed("organs", "petrg24.v1"), "differ in organs"),
        (lambda run: replace(run, planned=run.planned[1:]), "partial or has holes"),
    ],
    ids=["section", "organs", "partial"],
)
def test_a_run_that_cannot_be_compared_is_refused(
    runs: Mapping[str, RunData], spoil: Callable[[RunData], RunData], said: str
) -> None:
    with pytest.raises(UsageProblem, match=said) as why:
        leaderboards([runs["good"], spoil(runs["bad"])], "ce_recall")
    assert "bad" in str(why.value)


def test_an_allowed_difference_is_allowed(runs: Mapping[str, RunData]) -> None:
    other = changed("section", "both")(runs["bad"])
    assert leaderboards([runs["good"], other], "ce_recall", allowed={"section"})


def test_an_unknown_metric_is_named(runs: Mapping[str, RunData]) -> None:
    with pytest.raises(UnknownName, match="did you mean 'ce_recall'"):
        leaderboards([runs["good"]], "ce_recal")


def test_two_runs_of_one_model_are_told_apart(runs: Mapping[str, RunData]) -> None:
    twice = [runs["good"], replace(named(runs["bad"], "good"), path=Path("other"))]
    names = [r.name for b in leaderboards(twice, "ce_recall") for r in b.standings]
    assert "good (good)" in names
    assert "good (other)" in names


class Tags(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_has_no_script_no_network_and_names_stay_text(
    runs: Mapping[str, RunData],
) -> None:
    hostile = [runs["good"], named(runs["bad"], HOSTILE_TEXT)]
    page = leaderboard_page(leaderboards(hostile, "ce_recall", published=True))
    tags = Tags()
    tags.feed(page)
    assert not tags.names & {"script", "img", "link", "iframe", "object"}
    assert not any(name.startswith("on") or name in ("src", "href") for name in tags.attributes)
    assert "style" not in tags.attributes, "the policy allows the style sheet only"
    assert "&lt;script&gt;canary()" in page
    assert not set(page) & set("\x00\x1b\u202e\u200b")
    page.encode("utf-8")


def test_a_hostile_name_cannot_reach_the_terminal(runs: Mapping[str, RunData]) -> None:
    hostile = [runs["good"], named(runs["bad"], HOSTILE_TEXT)]
    (zh,) = [b for b in leaderboards(hostile, "ce_recall") if b.language == "zh"]
    for width in (60, 300):
        lines = list(board_lines(zh, Screen(width=width)))
        assert any("<script" in line for line in lines)
        assert all(line.isprintable() for line in lines)


def test_the_page_draws_every_interval_and_the_best_floor(board: Board) -> None:
    page = leaderboard_page([board])
    limits = sum(r.low is not None for r in board.standings)
    assert page.count('class="range"') == limits
    own = [r for r in board.standings if r.kind is not Kind.PUBLISHED and r.value is not None]
    assert page.count('class="mark"') == len(own), "the floor says nothing of other cases"
    places = [float(x) for x in re.findall(r'x[12]?="([0-9.]+)"', page)]
    assert all(0 <= place <= 100 for place in places)


def test_the_command_writes_table_page_and_json(
    runs: Mapping[str, RunData], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = []
    for name in ("good", "bad"):
        write_run(tmp_path / name, runs[name])
        folders.append(str(tmp_path / name))
    page = tmp_path / "out" / "board.html"
    assert main(["leaderboard", *folders, "--html", str(page), "--metric", "ce_recall"]) == 0
    printed = capsys.readouterr().out
    assert "1  good" in printed
    assert "Each pair of models is compared at 95 % for itself" in printed
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["leaderboard", *folders, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    validate(found)
    assert len(found["boards"]) == 2

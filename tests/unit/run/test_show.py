"""`pet2rep show`: a stored run, and one of its cases, in any terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import UnknownName
from pytest_pet2rep.render.columns import display_width
from pytest_pet2rep.render.screen import Screen
from pytest_pet2rep.run.runfiles import RunData, load_run
from pytest_pet2rep.run.show.case import case_lines
from pytest_pet2rep.run.show.command import print_lines
from pytest_pet2rep.run.show.run import run_lines
from tests.unit.run.hostile import HOSTILE_CASE, hostile_run
from tests.unit.run.stored_runs import store_run

WIDE, NARROW = Screen(width=140), Screen(width=60)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("show")
    store_run(root, root / "run")
    return load_run(root / "run")


@pytest.fixture(scope="module")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    root = tmp_path_factory.mktemp("redacted")
    return store_run(root, root / "run", redact=True)


def text_of(run: RunData, case: str, screen: Screen = WIDE) -> str:
    return "\n".join(case_lines(run, case, screen))


def test_a_run_is_titled_by_model_and_cohort_and_ends_with_its_verdict(run: RunData) -> None:
    lines = list(run_lines(run, WIDE))
    assert lines[0].startswith("replay/")
    assert "on cohort (6 cases)" in lines[0]
    assert lines[-1] == f"pet2rep: exit {run.exit['code']} (fail): {run.exit['reason']}"


def test_the_heaviest_case_is_named_first(run: RunData) -> None:
    lines = list(run_lines(run, WIDE))
    first = lines[lines.index("worst cases first") + 3]
    assert first.startswith("PET-5"), "the refusal misses everything"


def test_a_case_shows_expected_beside_reported_and_the_evidence_of_both(run: RunData) -> None:
    text = text_of(run, "PET-2")
    row = next(line for line in text.splitlines() if line.startswith("x  liver"))
    assert "increased" in row
    assert "normal" in row
    assert "miss (missed)" in row
    assert "reference: 肝右叶见低密度结节，FDG摄取增高" in text
    assert "report: 肝脏形态正常，FDG摄取未见异常" in text


def test_both_texts_stand_beside_each_other_where_there_is_room(run: RunData) -> None:
    wide, narrow = text_of(run, "PET-2"), text_of(run, "PET-2", NARROW)
    assert any("reference" in line and "report" in line for line in wide.splitlines()[-20:])
    assert "reference\n" in narrow
    assert all(display_width(line) <= 140 for line in wide.splitlines())


def test_no_line_of_text_is_wider_than_a_narrow_terminal(run: RunData) -> None:
    lines = text_of(run, "PET-2", NARROW).splitlines()
    assert max(map(display_width, lines)) <= 60


def test_the_beginning_of_an_id_is_enough_where_it_is_the_only_one(run: RunData) -> None:
    short = {"PET-1": "CASE-A", "PET-2": "CASE-B"}
    records = tuple(replace(r, case=short.get(r.case, r.case)) for r in run.records)
    renamed = replace(run, records=records, texts={})
    assert text_of(renamed, "CASE-A").startswith("CASE-A")
    with pytest.raises(UnknownName, match="begins the ids of 2 cases"):
        text_of(renamed, "CASE")


def test_an_unknown_case_is_one_line_and_exit_4(
    run: RunData, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(run.path), "PET-9"]) == 4
    assert "unknown case 'PET-9'" in capsys.readouterr().err


def test_colours_say_what_the_signs_say(run: RunData) -> None:
    plain = list(case_lines(run, "PET-2", WIDE))
    coloured = list(case_lines(run, "PET-2", Screen(width=140, colour=True)))
    for before, after in zip(plain, coloured, strict=True):
        red, green = after.startswith("\x1b[31m"), after.startswith("\x1b[32m")
        assert red == before.startswith(("x ", "! "))
        if green:
            assert before.startswith("+ ")
    assert any(line.startswith("\x1b[31m") for line in coloured)


def test_an_ascii_terminal_gets_ascii(run: RunData) -> None:
    screen = Screen(width=100, ascii_only=True)
    for line in (*run_lines(run, screen), *case_lines(run, "PET-2", screen)):
        assert line.isascii()


def test_a_stream_of_another_encoding_loses_no_line(run: RunData) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    print_lines(case_lines(run, "PET-2", WIDE), stream)
    stream.flush()
    shown = stream.buffer.getvalue()  # type: ignore[attr-defined]
    assert b"\\u809d" in shown
    assert shown.count(b"\n") == len(list(case_lines(run, "PET-2", WIDE)))


def test_a_redacted_run_shows_states_and_no_text(redacted: RunData) -> None:
    text = text_of(redacted, "PET-2")
    assert "miss (missed)" in text
    assert "text withheld: --pet2rep-redact" in text
    assert "结节" not in text


def test_what_a_model_wrote_cannot_reach_the_terminal(run: RunData) -> None:
    hostile = hostile_run(run)
    for screen in (WIDE, NARROW, Screen(width=100, colour=True)):
        lines = [*run_lines(hostile, screen), *case_lines(hostile, HOSTILE_CASE, screen)]
        for line in lines:
            bare = line.removesuffix("\x1b[0m")
            if bare != line:
                bare = bare.partition("m")[2]
            assert all(c.isprintable() or c == " " for c in bare), bare


@pytest.mark.parametrize("arguments", [[], ["--all"], ["PET-1"]])
def test_the_command_prints_and_exits_0(
    run: RunData, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(run.path), *arguments]) == 0
    assert capsys.readouterr().out

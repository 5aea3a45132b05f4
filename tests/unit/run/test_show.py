"""`pet2rep show`: a stored run, and one of its cases, in any terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pet2rep.cli import main
from pytest_pet2rep.errors import UnknownName
from pytest_pet2rep.render.columns import display_width
from pytest_pet2rep.render.screen import Screen, Tone
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.render.wrapping import wrap
from pytest_pet2rep.run.runfiles import RunData, load_run
from pytest_pet2rep.run.show.case import case_lines
from pytest_pet2rep.run.show.command import print_lines
from pytest_pet2rep.run.show.marks import marked_lines
from pytest_pet2rep.run.show.run import run_lines
from pytest_pet2rep.types import Outcome
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
    coloured = [line for line in coloured if not line.startswith("underlined is")]
    for before, after in zip(plain, coloured, strict=True):
        red, green = after.startswith("\x1b[31m"), after.startswith("\x1b[32m")
        assert red == before.startswith(("x ", "! "))
        if green:
            assert before.startswith("+ ")
    assert any(line.startswith("\x1b[31m") for line in coloured)


@pytest.mark.parametrize("width", [140, 60])
def test_what_is_read_in_a_report_is_underlined_where_there_are_colours(
    run: RunData, width: int
) -> None:
    lines = list(case_lines(run, "PET-2", Screen(width=width, colour=True)))
    whole = "".join(lines)
    assert re.search("\x1b\\[1;4;31m[^\x1b]*肝右叶", whole), "the reference: increased"
    assert re.search("\x1b\\[4m[^\x1b]*肝脏形态正常", whole), "the report: normal"
    (legend,) = [line for line in lines if line.startswith("underlined is")]
    assert "\x1b[1;4;31mincreased\x1b[0m" in legend


@pytest.mark.parametrize("width", [140, 60])
def test_marking_moves_no_letter_of_a_text(run: RunData, width: int) -> None:
    plain = text_of(run, "PET-2", Screen(width=width)).splitlines()
    coloured = text_of(run, "PET-2", Screen(width=width, colour=True)).splitlines()
    shown = [re.sub(r"\x1b\[[0-9;]+m", "", line) for line in coloured]
    assert [line for line in shown if not line.startswith("underlined is")] == plain


LETTERS = [*"肝脾FDG摄取增高未见异常，。\n \t\u3000ab\u202e"]


@given(st.text(alphabet=st.sampled_from(LETTERS), max_size=60), st.integers(2, 30))
@settings(max_examples=80, deadline=None)
def test_a_marked_line_is_the_wrapped_line(text: str, columns: int) -> None:
    wrapped = wrap(terminal_safe(text, line_feeds=True), columns)
    for colour in (False, True):
        lines = marked_lines(text, Screen(colour=colour), columns)
        assert [line for line, _ in lines] == wrapped
        assert [re.sub(r"\x1b\[[0-9;]+m", "", shown) for _, shown in lines] == wrapped


def test_long_lines_are_folded_to_the_terminal(run: RunData) -> None:
    renamed = replace(run, card={**run.card, "model": {"spec": "py/模型:" + "很长的名字" * 20}})
    for line in run_lines(renamed, NARROW):
        if not line.startswith("pet2rep: exit"):
            assert display_width(line) <= 60, line


def test_what_stands_in_the_reason_of_a_check_is_not_said_again(run: RunData) -> None:
    (check,) = [r for r in run.records if (r.case, r.check) == ("PET-2", "report:no_conflict")]
    failed = replace(check, outcome=Outcome.MISS, reason="no_conflict: 肝", evidence=("", "肝"))
    lines = text_of(replace(run, records=(failed,)), "PET-2").splitlines()
    assert lines.count("x report check no_conflict: 肝") == 1
    assert "    肝" not in lines


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
            bare = line.replace("\x1b[0m", "")
            if bare != line:
                for tone in Tone:
                    bare = bare.replace(f"\x1b[{tone}m", "")
            assert all(c.isprintable() or c == " " for c in bare), bare


@pytest.mark.parametrize("arguments", [[], ["--all"], ["PET-1"]])
def test_the_command_prints_and_exits_0(
    run: RunData, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(run.path), *arguments]) == 0
    assert capsys.readouterr().out

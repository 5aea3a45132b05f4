from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.render import numbers
from pytest_pet2rep.render.columns import Align, display_width
from pytest_pet2rep.render.table import Column, Table, render_table

GOLDEN = Path(__file__).parents[2] / "golden" / "render"

ORGANS = Table(
    columns=(
        Column(title="organ", shrink_to=6),
        Column(title="hit", align=Align.RIGHT),
        Column(title="rate", align=Align.RIGHT),
        Column(title="first miss", shrink_to=12),
        Column(title="signature", shrink_to=20, optional=True),
    ),
    rows=(
        ("liver 肝", "12/12", numbers.score(1.0), "", "ce|profile:pet2rep19.v1|section:findings"),
        ("brain 脑", "11/12", numbers.score(11 / 12), "PET-0003: 双侧大脑皮质摄取减低", "ce"),
        ("prostate or uterus 前列腺或子宫", "0/0", numbers.score(None), "\x1b[2Jhostile", "ce"),
        (),
        ("all", "23/24", numbers.score(23 / 24), "", "ce"),
    ),
)


@pytest.mark.parametrize(
    ("name", "width", "ascii_only"),
    [
        ("organs-120.txt", 120, False),
        ("organs-80.txt", 80, False),
        ("organs-60.txt", 60, False),
        ("organs-30.txt", 30, False),
        ("organs-80-ascii.txt", 80, True),
    ],
)
def test_a_table_looks_as_it_did(name: str, width: int, ascii_only: bool) -> None:
    text = "\n".join(render_table(ORGANS, width, ascii_only=ascii_only)) + "\n"
    place = GOLDEN / name
    if os.environ.get("PET2REP_UPDATE_GOLDEN") == "1":
        place.write_text(text, encoding="utf-8", newline="\n")
    assert text == place.read_text(encoding="utf-8")


@given(st.integers(0, 140), st.booleans())
def test_numbers_are_never_cut_at_any_width(width: int, ascii_only: bool) -> None:
    lines = render_table(ORGANS, width, ascii_only=ascii_only)
    for number in ("12/12", "11/12", "0/0", "100.0", "91.7", "95.8"):
        assert any(number in line for line in lines)


@given(st.integers(38, 140), st.booleans())
def test_a_table_fits_where_its_shortest_form_does(width: int, ascii_only: bool) -> None:
    lines = render_table(ORGANS, width, ascii_only=ascii_only)
    assert all(display_width(line) <= width for line in lines)
    assert all(line == line.rstrip() and line.isprintable() for line in lines)


def test_columns_stand_under_each_other_in_any_script() -> None:
    table = Table(
        columns=(Column(title="organ"), Column(title="n", align=Align.RIGHT)),
        rows=(("肝", "1"), ("liver", "22"), ("脑x", "333")),
    )
    assert render_table(table, 80) == [
        "organ    n",
        "──────────",
        "肝       1",
        "liver   22",
        "脑x    333",
    ]


def test_a_table_without_rows_has_its_titles() -> None:
    assert render_table(Table(columns=(Column(title="organ"),), rows=()), 80) == ["organ", "─────"]


def test_an_ascii_table_is_ascii() -> None:
    assert all(line.isascii() for line in render_table(ORGANS, 80, ascii_only=True))


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table(columns=(Column(title="a"), Column(title="b")), rows=(("x",),))


def test_a_column_left_out_is_named_only_if_it_has_a_name() -> None:
    table = Table(
        columns=(Column(title="organ"), Column(title="", optional=True)), rows=(("liver", "肝"),)
    )
    assert render_table(table, 6) == ["organ", "─────", "liver"]


def test_ascii_leaves_out_a_name_in_another_script_and_keeps_a_note() -> None:
    columns = (Column(title="organ"), Column(title="", optional=True))
    names = Table(columns=columns, rows=(("liver", "肝"),))
    notes = Table(columns=columns, rows=(("liver", "0–1"),))
    assert render_table(names, 40, ascii_only=True) == ["organ", "-----", "liver"]
    assert render_table(notes, 40, ascii_only=True)[-1] == "liver  0-1"

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.render.columns import Align, clip, display_width, pad, to_ascii


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("liver", 5), ("肝", 2), ("肝脏FDG", 7), ("，。", 4), ("e\u0301", 1), ("–…", 2)],
)
def test_width_is_what_a_terminal_shows(text: str, width: int) -> None:
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "columns", "clipped"),
    [
        ("liver", 5, "liver"),
        ("liver", 4, "liv…"),
        ("肝脏摄取", 8, "肝脏摄取"),
        ("肝脏摄取", 7, "肝脏摄…"),
        ("肝脏摄取", 6, "肝脏…"),
        ("肝脏摄取", 1, "…"),
        ("肝脏摄取", 0, ""),
    ],
)
def test_a_long_text_is_cut_where_its_columns_end(text: str, columns: int, clipped: str) -> None:
    assert clip(text, columns) == clipped


def test_the_mark_itself_may_have_no_room() -> None:
    assert clip("liver", 3, "..") == "l.."
    assert clip("liver", 1, "..") == "."


@given(st.text(), st.integers(0, 40))
def test_a_cut_text_fits_and_is_a_beginning(text: str, columns: int) -> None:
    clipped = clip(text, columns)
    assert display_width(clipped) <= columns
    assert text == clipped or text.startswith(clipped.removesuffix("…"))


@given(st.text(max_size=20), st.sampled_from(Align))
def test_a_padded_text_is_as_wide_as_asked(text: str, align: Align) -> None:
    assert display_width(pad(text, 60, align)) == 60


def test_ascii_terminals_get_ascii() -> None:
    assert to_ascii("– 肝 … ×±") == "- \\u809d .. x+-"

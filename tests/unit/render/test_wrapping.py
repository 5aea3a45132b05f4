"""Text is broken by terminal columns, and nothing of it is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.render.columns import display_width
from pytest_pet2rep.render.wrapping import wrap

TEXTS = st.text(alphabet=st.sampled_from("abc 肝脏，。\n.,:é"), max_size=80)


def test_chinese_breaks_anywhere_and_latin_words_stay_whole() -> None:
    assert wrap("肝右叶见低密度结节", 8) == ["肝右叶见", "低密度结", "节"]
    assert wrap("the liver is clear", 9) == ["the liver", "is clear"]


def test_no_line_begins_with_closing_punctuation() -> None:
    assert wrap("肝右叶见，脾脏", 8) == ["肝右叶见，", "脾脏"]


def test_a_word_longer_than_a_line_is_cut() -> None:
    assert wrap("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@given(TEXTS, st.integers(2, 30))
def test_lines_fit_and_hold_everything_but_spaces(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(display_width(line.rstrip("，。.,:")) <= columns for line in lines)

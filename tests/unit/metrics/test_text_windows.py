"""Windows over a long report: all tokens, in order, cut where a reader would cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pet2rep.metrics.windows import windows


def by_character(text: str, limit: int) -> list[str]:
    """Windows of a tokenizer whose tokens are the characters that are not blank."""
    offsets = [(i, i + 1) for i, character in enumerate(text) if not character.isspace()]
    return [
        "".join(text[a:b] for a, b in offsets[start:end])
        for start, end in windows(text, offsets, limit)
    ]


def test_a_report_that_fits_is_one_window() -> None:
    text = "影像所见：肝脏正常。影像诊断：正常。"
    assert by_character(text, len(text)) == [text]


def test_a_window_ends_before_a_section_heading() -> None:
    text = "影像所见：肝脏正常。脾脏正常。影像诊断：正常。"
    assert by_character(text, 20) == ["影像所见：肝脏正常。脾脏正常。", "影像诊断：正常。"]


def test_without_a_heading_a_window_ends_with_a_line_before_it_ends_with_a_sentence() -> None:
    text = "肝正常。脾正常。\n肾正常。胃正常。脑正常。"
    assert by_character(text, 13) == ["肝正常。脾正常。", "肾正常。胃正常。脑正常。"]
    assert by_character(text.replace("\n", ""), 13) == [
        "肝正常。脾正常。肾正常。",
        "胃正常。脑正常。",
    ]


def test_english_headings_and_sentences_are_cut_points_and_decimals_are_not() -> None:
    text = "Findings: SUVmax 12.5 in the liver. Impression: no."
    assert by_character(text, 40) == ["Findings:SUVmax12.5intheliver.", "Impression:no."]


def test_a_text_without_any_cut_point_is_cut_at_the_limit() -> None:
    assert by_character("肝" * 25, 10) == ["肝" * 10, "肝" * 10, "肝" * 5]


@settings(deadline=None)
@given(st.text("肝。\n:影像诊断：a. ", max_size=80), st.integers(1, 20))
def test_windows_cover_every_token_once_and_none_is_too_long(text: str, limit: int) -> None:
    parts = by_character(text, limit)
    assert "".join(parts) == "".join(text.split())
    assert all(len(part) <= limit for part in parts)

"""Invariants of cleaning over any text, and over texts made of its own marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.models.cleaning import clean
from pytest_pet2rep.types import Language

MARKS = (
    "<think>", "</think>", "<thi", "nk>", "```", "```json", "```abc", "~~~", "\n", " ", "\r\n",
    "好的，", "以下是报告：", "根据图像", "报告如下：", "Sure!",
    "Here is the report:", "【报告结束】",
    "报告结束", "【报告", "结束】", "End of report", "---", "<|im_end|>", "</s>", '{"report": "',
    '"}', "{",
    "}", '\\"', "肝脏FDG摄取增高。", "x", "The liver is normal.", "肝" * 70, '{"a": "```"}',
)  # fmt: skip
languages = st.sampled_from(Language)
texts = st.text() | st.lists(st.sampled_from(MARKS), max_size=14).map("".join)
plain = st.text(
    alphabet=st.characters(
        exclude_characters="<`~{【[（(好当没明收以下根基结我报endsocauohbi",
        exclude_categories=["Cs"],
    )
)


@given(texts, languages)
def test_cleaning_twice_is_cleaning_once(raw: str, language: Language) -> None:
    once = clean(raw, language=language).text
    assert clean(once, language=language).text == once


@given(plain, languages)
def test_a_text_without_marks_is_unchanged(raw: str, language: Language) -> None:
    cleaned = clean(raw, language=language)
    assert (cleaned.text, cleaned.removed) == (raw, ())


@given(texts, languages)
def test_removed_stretches_lie_in_the_raw_text_and_say_why(raw: str, language: Language) -> None:
    cleaned = clean(raw, language=language)
    assert all(0 <= start < end <= len(raw) and why for start, end, why in cleaned.removed)
    assert bool(cleaned.removed) or cleaned.text == raw

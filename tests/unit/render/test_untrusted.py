from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.render.untrusted import terminal_safe

HOSTILE = [
    ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
    ("\x1b]8;;http://x\x07link", r"\x1b]8;;http://x\x07link"),
    ("a\rb", r"a\rb"),
    ("a\x08\x08b", r"a\x08\x08b"),
    ("a\x9b2Jb", r"a\x9b2Jb"),
    ("left\u202eright", r"left\u202eright"),
    ("\u2066x\u2069", r"\u2066x\u2069"),
    ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
    ("tag\U000e0041", r"tag\U000e0041"),
    ("line\u2028break\u0085", r"line\u2028break\x85"),
    ("half\ud83d", r"half\ud83d"),
    ("a\tb\nc", r"a\tb\nc"),
    ("\x00", r"\x00"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_what_can_steer_a_terminal_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert terminal_safe(text) == shown


@pytest.mark.parametrize(
    "text", ["肝脏FDG摄取增高，SUVmax 3.2。", "naïve café", "全角\u3000空格", ""]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert terminal_safe(text) == text


def test_line_feeds_may_stay() -> None:
    assert terminal_safe("a\n\x1bb\r\n", line_feeds=True) == "a\n\\x1bb\\r\n"


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_no_character_that_moves_hides_or_breaks_comes_through(text: str) -> None:
    shown = terminal_safe(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert terminal_safe(shown) == shown
    shown.encode("utf-8")

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.render.json_text import canonical_json


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    z: float
    a: Any


def test_keys_are_sorted_and_chinese_is_readable() -> None:
    assert canonical_json({"b": 1, "a": ["肝", None, True]}) == (
        '{\n  "a": [\n    "肝",\n    null,\n    true\n  ],\n  "b": 1\n}\n'
    )
    assert canonical_json({"b": 1, "a": 2}, indent=None) == '{"a":2,"b":1}\n'


def test_the_order_of_a_sum_does_not_show() -> None:
    one, other = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert one != other
    assert canonical_json({"x": one}) == canonical_json({"x": other})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (-0.0, "0.0"),
        (1 / 3, "0.333333333333"),
        (1e-300, "1e-300"),
        (10**30, str(10**30)),
        (0.1 + 0.2, "0.3"),
        (Path("a") / "b", '"a/b"'),
        (Colour.RED, '"red"'),
        ({Colour.RED: 1}, '{"red":1}'),
        ((1, 2), "[1,2]"),
        (frozenset({"b", "a"}), '["a","b"]'),
        (Thing(z=1.5, a={"k": Colour.RED}), '{"a":{"k":"red"},"z":1.5}'),
        ("half \ud83d pair", '"half \\ud83d pair"'),
        ("\x1b\u2028", '"\\u001b\u2028"'),
    ],
)
def test_every_kind_of_value_has_one_form(value: Any, text: str) -> None:
    assert canonical_json(value, indent=None) == text + "\n"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_refused_with_its_place(value: float) -> None:
    with pytest.raises(ValueError, match=r"\$\.scores\[1\] is"):
        canonical_json({"scores": [0.0, value]})


def test_what_is_no_json_is_refused_with_its_place() -> None:
    with pytest.raises(TypeError, match=r"\$\.a\.b is a object, which is no JSON"):
        canonical_json({"a": {"b": object()}})
    with pytest.raises(TypeError, match=r"\$\.a has the key 1"):
        canonical_json({"a": {1: 2}})


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(plain)
def test_writing_what_was_read_gives_the_same_bytes(value: Any) -> None:
    text = canonical_json(value)
    text.encode("utf-8")
    assert canonical_json(json.loads(text)) == text

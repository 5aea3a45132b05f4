from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.adapter.wire import from_wire, to_wire
from pytest_pet2rep.types import Kind, Outcome, Record

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
records = st.builds(
    Record,
    cohort=st.text(),
    case=st.text(),
    check=st.sampled_from(["uptake", "text", "report:not_empty"]),
    organ=st.text(),
    repeat=st.integers(0, 9),
    outcome=st.sampled_from(Outcome),
    kind=st.sampled_from(Kind),
    failed=st.booleans(),
    expected=st.lists(st.text(), max_size=2).map(tuple),
    generated=st.lists(st.text(), max_size=2).map(tuple),
    source=st.text(),
    visible=st.none() | st.booleans(),
    certainty=st.text(),
    reason=st.text(),
    evidence=st.tuples(st.text(), st.text()),
    where=st.text(),
    facts=st.dictionaries(st.text(), plain, max_size=3),
)


@given(record=records)
def test_a_record_comes_back_as_it_was_sent(record: Record) -> None:
    assert from_wire(to_wire(record)) == record


@given(record=records)
def test_what_crosses_is_one_line_of_ascii(record: Record) -> None:
    assert to_wire(record).isascii()
    assert "\n" not in to_wire(record)


@pytest.mark.parametrize("scalar", [np.float32(0.5), np.float64(0.5), np.array(0.5)])
def test_a_numpy_scalar_crosses_as_the_number_that_it_stands_for(scalar: Any) -> None:
    sent = Record(cohort="c", case="1", check="text", outcome=Outcome.HIT, facts={"x": scalar})
    assert json.loads(to_wire(sent))["facts"] == {"x": 0.5}


def test_a_foreign_type_is_refused_before_it_crosses() -> None:
    sent = Record(cohort="c", case="1", check="text", outcome=Outcome.HIT, facts={"x": object()})
    with pytest.raises(TypeError, match="a record may not hold a object"):
        to_wire(sent)

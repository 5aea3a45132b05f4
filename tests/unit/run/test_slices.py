"""A slice is text that means one thing, and a choice of records."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.run.slices import EVERYTHING, KEYS, Slice, parse_slice
from pytest_pet2rep.types import Outcome, Record

ORGANS = ("liver", "spleen", "lungs")


def record(
    organ: str = "liver",
    expected: tuple[str, ...] = ("normal",),
    *,
    outcome: Outcome = Outcome.HIT,
    source: str = "explicit",
    visible: bool | None = None,
    **facts: Any,
) -> Record:
    return Record(
        cohort="c",
        case="A",
        check="uptake",
        organ=organ,
        outcome=outcome,
        expected=expected,
        source=source,
        visible=visible,
        facts={"language": "zh", "sex": "F", **facts},
    )


HOT = ("increased",)


def test_brackets_spaces_and_order_do_not_matter() -> None:
    one = parse_slice("[ state = increased , organ=liver ]")
    assert one == parse_slice("organ=liver,state=increased")
    assert one.text == "[organ=liver,state=increased]"


def test_no_condition_is_everything() -> None:
    assert parse_slice("") == parse_slice("[]") == EVERYTHING
    assert EVERYTHING.text == ""
    assert EVERYTHING.keep(record())


slices = st.builds(
    Slice,
    organ=st.sampled_from(["", *ORGANS]),
    state=st.sampled_from(["", "increased", "decreased", "absent"]),
    abnormal=st.booleans(),
    visible=st.sampled_from([None, True, False]),
    lesion=st.one_of(
        st.none(),
        st.tuples(st.sampled_from([">=", ">", "<", "<="]), st.sampled_from([8.0, 15.0, 7.5])),
    ),
    source=st.sampled_from(["", "explicit", "extracted", "reviewed"]),
    reviewed=st.booleans(),
    scored_only=st.booleans(),
    language=st.sampled_from(["", "zh", "en"]),
    sex=st.sampled_from(["", "F", "M"]),
    sklearn0=st.booleans(),
)


@given(slices)
def test_the_text_of_a_slice_reads_back(slice_: Slice) -> None:
    assert parse_slice(slice_.text, organs=ORGANS) == slice_
    assert slice_.keys <= KEYS


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("[organ=livr]", "did you mean 'liver'"),
        ("[orgn=liver]", "did you mean 'organ'"),
        ("[state=hot]", "known are absent, decreased, increased"),
        ("[language=fr]", "known are en, zh"),
        ("[visible=perhaps]", "known are false, true"),
        ("[source=guess]", "known are explicit, extracted, reviewed"),
    ],
)
def test_a_word_that_is_not_known_names_those_that_are(text: str, near: str) -> None:
    with pytest.raises(UnknownName, match=near):
        parse_slice(text, organs=ORGANS)


@pytest.mark.parametrize(
    "text",
    [
        "[organ=liver",
        "organ=liver]",
        "[organ]",
        "[organ=]",
        "[normal=true]",
        "[lesion=15mm]",
        "[lesion>=15]",
        "[organ=liver,organ=liver]",
        "[normal,abnormal]",
    ],
)
def test_what_is_no_slice_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem):
        parse_slice(text, organs=ORGANS)


@pytest.mark.parametrize(
    ("text", "kept", "left_out"),
    [
        ("organ=liver", record(), record("spleen")),
        ("abnormal", record(expected=HOT), record()),
        ("normal", record(expected=("unstated",)), record(expected=HOT)),
        ("sex=F", record(), record(sex="M")),
        ("language=zh", record(), record(language="en")),
        ("source=explicit", record(), record(source="extracted")),
        ("reviewed", record(source="reviewed"), record(source="extracted")),
        ("extracted", record(source="extracted"), record()),
        ("scored_only", record(), record(outcome=Outcome.REFUSAL)),
        ("visible=true", record(expected=HOT, visible=True), record(expected=HOT, visible=False)),
        ("visible=false", record(expected=HOT, visible=False), record()),
        (
            "lesion>=15mm",
            record(expected=HOT, diameter_mm=15.0),
            record(expected=HOT, diameter_mm=14.9),
        ),
        ("lesion<15mm", record(expected=HOT, diameter_mm=14.9), record(expected=HOT)),
    ],
)
def test_each_condition_keeps_what_it_says(text: str, kept: Record, left_out: Record) -> None:
    slice_ = parse_slice(text, organs=ORGANS)
    assert slice_.keep(kept)
    assert not slice_.keep(left_out)


@pytest.mark.parametrize("text", ["visible=true", "lesion>=15mm", "state=increased"])
def test_normal_organs_stay_so_that_false_alarms_count(text: str) -> None:
    assert parse_slice(text).keep(record())


def test_a_case_with_a_lesion_of_unknown_visibility_leaves_the_visible_ones() -> None:
    known, unknown = record(expected=HOT, visible=True), record("lungs", HOT)
    visible = parse_slice("visible=true")
    assert visible.select([known, record("spleen")]) == [known, record("spleen")]
    assert visible.select([known, unknown]) == []


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("organ=liver", True),
        ("organ=lungs", False),
        ("state=increased", True),
        ("state=absent", False),
        ("organ=spleen,state=increased", False),
        ("lesion>=15mm", True),
        ("lesion>=40mm", False),
        ("visible=true", True),
        ("visible=false", False),
        ("sex=M", False),
        ("scored_only", True),
        ("reviewed,organ=liver", True),
        ("extracted", False),
    ],
)
def test_whether_a_slice_is_empty_is_known_from_the_expectations_alone(
    text: str, matches: bool
) -> None:
    expected = [
        record("liver", HOT, outcome=Outcome.NOT_RUN, visible=True, diameter_mm=20.0),
        record("spleen", outcome=Outcome.NOT_RUN),
    ]
    assert parse_slice(text).matches(expected) is matches

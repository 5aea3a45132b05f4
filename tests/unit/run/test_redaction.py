"""With --pet2rep-redact a record holds ids, states and numbers, and no text of a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.run.records import record_from_plain, record_to_plain
from pytest_pet2rep.run.redaction import redacted_record
from pytest_pet2rep.run.runfiles.texts import case_texts
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.types import Kind, Outcome, Record
from tests.unit.run.stored_runs import records_of, settings_for

SECRET = "肝右叶见低密度结节，张三"


def record(**changes: Any) -> Record:
    known: dict[str, Any] = {
        "cohort": "c",
        "case": "PET-1",
        "check": "uptake",
        "organ": "liver",
        "outcome": Outcome.MISS,
        "kind": Kind.MISSED,
        "failed": True,
        "expected": ("increased",),
        "generated": ("normal",),
        "reason": f"liver: expected increased, got normal ({SECRET})",
        "evidence": (SECRET, SECRET),
        "where": f"/home/{SECRET}/3f.txt",
        "facts": {"language": "zh", "sex": "F", "expected_fine": ["liver"], "diameter_mm": 22.0},
    }
    return Record(**{**known, **changes})


def shown(found: Record) -> str:
    return json.dumps(record_to_plain(found), ensure_ascii=False)


def test_ids_states_and_numbers_stay() -> None:
    found = redacted_record(record())
    assert (found.case, found.organ, found.outcome, found.kind, found.failed) == (
        "PET-1",
        "liver",
        Outcome.MISS,
        Kind.MISSED,
        True,
    )
    assert (found.expected, found.generated) == (("increased",), ("normal",))
    assert found.facts == record().facts
    assert found.reason == "liver: expected increased, got normal"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "liver: expected increased, got normal"),
        (
            {"outcome": Outcome.ERROR, "reason": f"liver: error: server said {SECRET}"},
            "liver: error (text withheld: --pet2rep-redact)",
        ),
        (
            {
                "check": "report:template_echo",
                "organ": "",
                "expected": (),
                "generated": (),
                "reason": f"template_echo: {SECRET}",
            },
            "template_echo: miss (text withheld: --pet2rep-redact)",
        ),
        (
            {
                "check": "text",
                "organ": "",
                "expected": (),
                "generated": (),
                "outcome": Outcome.ERROR,
                "facts": {"run_wide": True},
            },
            "error: the model under test cannot be used (text withheld: --pet2rep-redact)",
        ),
        ({"outcome": Outcome.HIT, "reason": ""}, ""),
    ],
)
def test_the_reason_is_said_again_without_text(changes: dict[str, Any], reason: str) -> None:
    found = redacted_record(record(**changes))
    assert found.reason == reason
    assert SECRET not in shown(found)


def test_a_fact_that_nobody_named_loses_its_texts_and_keeps_its_numbers() -> None:
    facts = {
        "raw": SECRET,
        "lesions": {"matched": {"lesion": 4}, "sentence": SECRET},
        "quotes": [SECRET, 3],
        "statistics": {"bleu4": [1, 2.5], "rouge_l:char": [0.5]},
        "prompt_tokens": None,
    }
    found = redacted_record(record(facts=facts))
    assert SECRET not in shown(found)
    assert found.facts["lesions"] == {"matched": {"lesion": 4}}
    assert found.facts["quotes"] == [3]
    assert found.facts["statistics"] == facts["statistics"]
    assert "prompt_tokens" in found.facts


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("k"), inner),
    max_leaves=8,
)


@given(facts=st.dictionaries(st.sampled_from(["raw", "a", "b"]), _VALUES))
def test_no_text_survives_wherever_it_lies_and_twice_is_once(facts: dict[str, Any]) -> None:
    found = redacted_record(record(facts=facts))
    assert SECRET not in shown(found)
    assert redacted_record(found) == found
    assert record_from_plain(record_to_plain(found)) == found


def test_where_a_lesion_lies_in_words_is_text_too(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    case = tmp_path / "cohort" / "PET-1" / "case.toml"
    case.write_text(f'{case.read_text(encoding="utf-8")}part = "{SECRET}"\n', encoding="utf-8")
    runtime = Runtime(settings, find_cohort(settings.cases), "a" * 32)
    records = records_of(runtime, [case])
    assert SECRET in repr(case_texts(runtime, records))
    assert SECRET not in repr(case_texts(runtime, records, redact=True))

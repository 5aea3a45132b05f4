"""The gates' JUnit file: valid by schema, read by junitparser, each verdict as what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import junitparser
import pytest
import xmlschema

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.gates.junit import gates_junit, write_gates_junit
from pytest_pet2rep.run.verdict import Undecided
from tests.unit.run.hostile import HOSTILE_TEXT

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parents[2] / "junit.xsd"))
CARD = {"model": {"spec": "hf/a/b"}, "cohort": {"name": "phantoms"}}


def gate(name: str, verdict: str, **more: Any) -> dict[str, Any]:
    known = {
        "name": name,
        "expression": f"{name} >= 0.5",
        "metric": "ce_f1",
        "verdict": verdict,
        "reason": f"because {name}",
        "value": 0.61,
        "bound": 0.523,
        "n": 80,
        "confidence": 0.95,
    }
    return known | more


ALL = [gate(v, v) for v in ("pass", "fail", "undecided", "not_measured", "deferred")]


def file_of(gates: list[dict[str, Any]], code: int = 1, **more: Any) -> str:
    text = gates_junit(
        gates,
        card=CARD,
        exit_code=code,
        verdict="fail" if code else "pass",
        reason="5 gates: 1 failed",
        started="2026-01-02T03:04:05Z",
        **more,
    )
    SCHEMA.validate(text)
    return text


def results(text: str) -> dict[str, list[type]]:
    suites = junitparser.JUnitXml.fromstring(text.encode())
    return {case.name: [type(found) for found in case.result] for suite in suites for case in suite}


def test_each_verdict_is_read_as_what_it_is() -> None:
    assert results(file_of(ALL)) == {
        "pass": [],
        "fail": [junitparser.Failure],
        "undecided": [junitparser.Failure],
        "not_measured": [junitparser.Error],
        "deferred": [junitparser.Skipped],
        "exit code": [junitparser.Failure],
    }


@pytest.mark.parametrize("policy", [Undecided.WARN, Undecided.PASS])
def test_an_undecided_gate_is_skipped_where_the_policy_lets_it_pass(policy: Undecided) -> None:
    text = file_of([gate("a", "undecided", undecided=str(policy))], code=0)
    assert results(text) == {"a": [junitparser.Skipped], "exit code": []}


def test_the_file_is_red_exactly_where_the_exit_code_is_not_zero() -> None:
    """A run may fail with every gate passed: a broken test outside, a file not written."""
    assert results(file_of([gate("a", "pass")], code=1))["exit code"] == [junitparser.Failure]
    assert results(file_of([gate("a", "pass")], code=0))["exit code"] == []


def test_counts_and_facts_stand_on_the_suite() -> None:
    suite = next(iter(junitparser.JUnitXml.fromstring(file_of(ALL).encode())))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (6, 3, 1, 1)
    facts = {found.name: found.value for found in suite.properties()}
    assert facts == {"model": "hf/a/b", "cohort": "phantoms", "verdict": "fail", "exit_code": "1"}
    assert suite.timestamp == "2026-01-02T03:04:05"


def test_what_was_observed_is_written_as_in_the_terminal() -> None:
    needed = {"op": ">=", "threshold": 0.1, "against": "floor"}
    floor = needed | {"reference": 0.193, "reference_name": "template"}
    risk = gate("b", "pass", metric="risk_per_case", value=3.25)
    text = file_of([gate("a", "pass"), risk, gate("c", "pass", **floor)])
    assert "observed 61.0, bound 52.3\nneeded –, 80 cases" in text
    assert "observed 3.25" in text
    assert "observed 61.0 against 19.3 (template), bound 52.3\nneeded &gt;= +10.0" in text


def test_hostile_names_and_reasons_stay_text() -> None:
    text = file_of([gate(HOSTILE_TEXT + "\uffff", "fail", reason=HOSTILE_TEXT)])
    assert "<script" not in text
    (name,) = set(results(text)) - {"exit code"}
    assert "<script>canary()</script>" in name
    assert not set(text) & set("\x00\x1b\u202e\u200b\uffff\x9b")


def test_equal_runs_write_equal_files() -> None:
    assert file_of(ALL) == file_of(ALL)


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageProblem, match="cannot be written"):
        write_gates_junit(tmp_path / "file" / "gates.xml", "")

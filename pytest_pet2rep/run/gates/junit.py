"""Gates as a JUnit file of their own: a CI system shows each demand as a test.

Apart from the items' own file, so that a run of 19 items a case and three gates is not read as
"1,520 tests, 2 failed".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.render.junit import JunitCase, JunitSuite, Result, junit_xml
from pytest_pet2rep.run.gates.stored import gate_needed, gate_number, gate_observed
from pytest_pet2rep.run.verdict import Undecided, Verdict

SUITE = "pet2rep gates"
_EVERY_UNDECIDED = {
    Undecided.FAIL: Result.FAILURE,
    Undecided.WARN: Result.SKIPPED,
    Undecided.PASS: Result.SKIPPED,
}
_RESULTS = {
    Verdict.PASS: Result.PASSED,
    Verdict.FAIL: Result.FAILURE,
    Verdict.NOT_MEASURED: Result.ERROR,
    Verdict.DEFERRED: Result.SKIPPED,
}


def gates_junit(
    gates: Sequence[Mapping[str, Any]],
    *,
    card: Mapping[str, Any],
    exit_code: int,
    verdict: str,
    reason: str,
    started: str = "",
) -> str:
    """Return the JUnit file of a run's gates (plain, as ``gate_plain`` and run files have them).

    A passed gate is a passed test; failed is a failure; not measured an error; undecided what the
    run's policy makes of it: a failure, or skipped with its reason.  The last test is the run
    itself: it passes where the exit code is 0, so that a file without a red test is a green run.
    No text of a report gets in.
    """
    whole = JunitCase(
        classname="pet2rep.run",
        name="exit code",
        result=Result.PASSED if exit_code == 0 else Result.FAILURE,
        type=verdict,
        message="" if exit_code == 0 else reason,
        output=[f"exit {exit_code}: {reason}"],
    )
    return junit_xml(
        JunitSuite(
            name=SUITE,
            cases=[*map(_case, gates), whole],
            properties={
                "model": str(card.get("model", {}).get("spec", "")),
                "cohort": str(card.get("cohort", {}).get("name", "")),
                "verdict": verdict,
                "exit_code": str(exit_code),
            },
            timestamp=started.removesuffix("Z"),
        )
    )


def write_gates_junit(path: Path, text: str) -> None:
    """Write the file; its folder is made.  Raises ``UsageProblem``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as why:
        raise UsageProblem(f"{path} cannot be written: {why.strerror or why}") from why


def _case(gate: Mapping[str, Any]) -> JunitCase:
    verdict = Verdict(gate["verdict"])
    if verdict is Verdict.UNDECIDED:
        result = _EVERY_UNDECIDED[Undecided(gate.get("undecided", Undecided.FAIL))]
    else:
        result = _RESULTS[verdict]
    return JunitCase(
        classname="pet2rep.gates",
        name=str(gate["name"]),
        result=result,
        type=str(verdict),
        message=f"{verdict.words}: {gate['reason']}",
        output=[
            str(gate["expression"]),
            f"observed {gate_observed(gate)}, bound {gate_number(gate, 'bound')}",
            f"needed {gate_needed(gate)}, {gate['n']} cases",
            f"confidence {gate['confidence']:g}",
            str(gate["reason"]),
        ],
    )

"""``--pet2rep-plan`` generates nothing; ``--pet2rep-preset=paper`` chooses, and shows its rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import REFERENCE, read_json

Run = Callable[..., pytest.RunResult]
GATES = ("--pet2rep-gate=ce_recall >= 0.5", "--pet2rep-gate=error_rate <= 0.02")


@pytest.mark.parametrize(
    "mode", [(), ("-n2",), ("-q",), ("-p", "no:terminal")], ids=["serial", "n2", "q", "no-term"]
)
def test_a_plan_says_what_gates_can_see_and_generates_nothing(
    pytester: pytest.Pytester, cohort: Path, run: Run, counted: Path, mode: tuple[str, ...]
) -> None:
    result = run(
        "py/counted:Model", "--pet2rep-plan", *GATES, "--pet2rep-plan-arg=seconds=20",
        "--pet2rep-json=plan.json", *mode,
    )  # fmt: skip
    assert result.ret == 0
    assert not counted.exists()
    result.stdout.fnmatch_lines(
        [
            "ce_recall >= 0.5: can neither pass nor fail: * expected events, 30 needed*",
            "error_rate <= 0.02: judged as observed: up to 0 of 3 cases*",
            "pet2rep: at most 3 reports; 20 s each (stated), 1 at once: 1 min 00 s",
        ]
    )
    last = [line for line in result.outlines if line.strip()][-1]
    assert last.startswith("pet2rep: exit 0 (plan): nothing was generated; 1 of 2 gates can neit")
    plan = json.loads((pytester.path / "plan.json").read_text(encoding="utf-8"))
    assert plan["schema"] == "pet2rep/plan/1"
    assert [gate["cases"] for gate in plan["gates"]] == [3, 3]


def test_a_wrong_argument_of_the_plan_is_a_usage_error(cohort: Path, run: Run) -> None:
    result = run("baseline/template", "--pet2rep-plan", *GATES, "--pet2rep-plan-arg=secnds=20")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*unknown argument of --pet2rep-plan-arg 'secnds': did you*"])


def test_the_preset_chooses_what_the_user_did_not_and_shows_the_published_rows(
    pytester: pytest.Pytester, cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    model = outputs(dict.fromkeys(("PET-1", "PET-2", "PET-3"), REFERENCE))
    result = run(
        model, "--pet2rep-preset=paper", "--pet2rep-views=separate", "--pet2rep-floors=none",
        "--pet2rep-json=out.json",
    )  # fmt: skip
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "pet2rep: model replay/outputs.jsonl, paper decoding*",
            "*pet2rep paper*",
            "this run: replay/outputs* 100.0 *>99.9",
            "template copied *31.5 *14.8 *51.1 *22.8 *22.2 *22.5 *27.5",
            "published rows: arXiv 2508.04062*",
            "unlike the preset: views is separate, not fused",
        ]
    )
    card = read_json(pytester.path / "out.json")["card"]
    assert card["decoding"]["temperature"] == 0.7

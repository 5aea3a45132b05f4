"""What a person reads: failures in six lines, the summary at each verbosity, JUnit."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.conftest import MISSING_THE_LIVER, REFERENCE, read_json

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def model(outputs: Callable[..., str]) -> str:
    return outputs({f"PET-{n}": REFERENCE for n in (1, 2, 3)} | {"PET-2": MISSING_THE_LIVER})


def test_a_failure_says_what_was_expected_what_came_and_on_which_evidence(
    cohort: Path, run: Run, model: str
) -> None:
    result = run(model, "-k", "liver and PET-2")
    result.stdout.fnmatch_lines(
        [
            "liver: expected increased, got normal",
            "  reference: *肝右叶见低密度结节，FDG摄取增高*",
            "  generated: *肝脏形态正常，FDG摄取未见异常*",
            "  report:    *outputs.jsonl:2",
            "FAILED cohort/PET-2/case.toml::test_uptake?liver? - *liver: exp*",
        ]
    )


def test_report_mode_shows_a_miss_under_its_own_word_and_letter(
    cohort: Path, run: Run, model: str
) -> None:
    result = run(model, "--pet2rep-expectations=report", "-k", "liver")
    assert result.parseoutcomes() == {"passed": 2, "missed": 1, "deselected": 90}
    verbose = run(model, "--pet2rep-expectations=report", "-k", "liver", "-v")
    verbose.stdout.fnmatch_lines(["*PET-2/case.toml::test_uptake?liver? MISSED*"])


def test_the_summary_comes_after_the_short_test_summary(cohort: Path, run: Run, model: str) -> None:
    lines = run(model).outlines
    failed = next(i for i, line in enumerate(lines) if line.startswith("FAILED"))
    summary = next(i for i, line in enumerate(lines) if "pet2rep summary" in line)
    assert failed < summary < len(lines) - 1


def test_quiet_is_one_line(cohort: Path, run: Run, model: str) -> None:
    lines = [line for line in run(model, "-q").outlines if "pet2rep" in line.lower()]
    shown = [line for line in lines if line.startswith("pet2rep: passed 92/93")]
    assert len(shown) == 1
    assert not [line for line in lines if "summary" in line]


def test_very_verbose_lists_the_cases(cohort: Path, run: Run, model: str) -> None:
    rows = [line.split() for line in run(model, "-vv").outlines]
    cases = {row[0]: row[1:4] for row in rows if len(row) > 2 and row[1] == "usable"}
    assert cases == {
        "PET-1": ["usable", "31/31"],
        "PET-2": ["usable", "30/31", "liver"],
        "PET-3": ["usable", "31/31"],
    }


def test_the_header_names_model_and_cohort(cohort: Path, run: Run, model: str) -> None:
    run(model).stdout.fnmatch_lines(
        [
            "pet2rep: model replay/outputs.jsonl*",
            "pet2rep: cohort cohort * 3 cases",
            "pet2rep: organs pet2rep19.v1, cohort digest *",
        ]
    )


def test_surplus_and_missing_ids_of_a_replay_are_reported(
    cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    result = run(outputs({"PET-1": REFERENCE, "PET-77": REFERENCE}))
    result.stdout.fnmatch_lines(
        ["*no line for 2 cases: PET-2, PET-3*", "*1 ids are no case of the cohort: PET-77*"]
    )


@pytest.mark.parametrize(("epochs", "told"), [(1, "answer is"), (2, "2 answers are"), (3, "")])
def test_answers_that_a_replay_has_beyond_the_epochs_are_reported(
    pytester: pytest.Pytester, cohort: Path, run: Run, epochs: int, told: str
) -> None:
    lines = [{"id": f"PET-{n}", "text": REFERENCE, "repeat": k} for n in (1, 2, 3) for k in (0, 2)]
    file = pytester.path / "three.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    output = run(f"replay/{file}", f"--pet2rep-epochs={epochs}", "--collect-only").stdout
    if told:
        output.fnmatch_lines([f"*up to 3 answers*only the first {told} scored*-epochs=3 takes all"])
    else:
        output.no_fnmatch_line("*answers to a case*")


def test_outputs_of_cases_that_were_not_chosen_are_not_strange(
    cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    model = outputs(dict.fromkeys(("PET-1", "PET-2", "PET-3", "PET-77"), REFERENCE))
    limited = "*outputs of 2 cases are not looked at, --pet2rep-limit *: PET-2, PET-3"
    strange = "*1 ids are no case of the cohort: PET-77"
    run(model, "--pet2rep-limit=1").stdout.fnmatch_lines([limited, strange])
    one = run(model, "--collect-only", cases="cohort/PET-1")
    one.stdout.fnmatch_lines(["*3 ids are not the case that is run: PET-2, PET-3, PET-77"])


def test_scores_carry_their_signature_and_n(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str
) -> None:
    run(model, "--pet2rep-json=deep/er/out.json")
    metrics = read_json(pytester.path / "deep/er/out.json")["scores"]["zh"]["metrics"]
    assert metrics["bleu4"]["n"] == 3
    assert "jieba" in metrics["bleu4"]["signature"]
    assert "pet2rep19.v1" in metrics["ce_f1"]["signature"]
    assert metrics["ce_recall"]["value"] == pytest.approx((2 / 3 + 1) / 2)


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["serial", "n2"])
def test_junit_gets_short_scalars_and_never_the_record(
    pytester: pytest.Pytester, cohort: Path, run: Run, model: str, mode: tuple[str, ...]
) -> None:
    run(model, "--junitxml=junit.xml", "--pet2rep-expectations=report", *mode)
    text = (pytester.path / "junit.xml").read_text(encoding="utf-8")
    assert "pet2rep_record" not in text
    case = next(
        case
        for case in ET.fromstring(text).iter("testcase")
        if "PET-2" in case.attrib["classname"] and case.attrib["name"] == "test_uptake[liver]"
    )
    properties = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
    assert properties["organ"] == "liver"
    assert properties["outcome"] == "miss"
    assert properties["expected_state"] == "increased"
    assert case.find("skipped") is not None
    assert all(len(value) < 100 for value in properties.values())


def test_control_characters_of_a_model_reach_the_terminal_as_text(
    cohort: Path, run: Run, outputs: Callable[..., str]
) -> None:
    hostile = REFERENCE.replace("FDG摄取增高", "FDG摄取未见异常\x1b[2J\x1b]0;x\x07")
    result = run(outputs(dict.fromkeys(("PET-1", "PET-2", "PET-3"), hostile)), "--color=no")
    assert "\x1b" not in result.stdout.str()


def test_no_summary_option_is_honoured(cohort: Path, run: Run, model: str) -> None:
    assert "pet2rep summary" not in run(model, "--no-summary").stdout.str()

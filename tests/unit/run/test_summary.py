"""The summary is a pure fold over records: order and origin of the records do not matter."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.metrics.lesions import lesion_counts
from pytest_pet2rep.metrics.registry import resolve_metrics
from pytest_pet2rep.metrics.text import score_pair
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.scoreboard import Scoring
from pytest_pet2rep.run.summary import Summary, summarise
from pytest_pet2rep.run.summary_json import summary_json
from pytest_pet2rep.run.summary_tables import score_table
from pytest_pet2rep.types import Kind, Language, Outcome, Record, Section

METRICS = resolve_metrics(["bleu4:char"], language=Language.ZH, section=Section.FINDINGS)
SCORING = Scoring(
    profile=load_profile("pet2rep19"),
    section=Section.FINDINGS,
    extractor="rules:test",
    metrics={Language.ZH: METRICS, Language.EN: METRICS},
)


def uptake(case: str, organ: str, expected: str, generated: str, **more: Any) -> Record:
    hit = expected == generated
    return Record(
        cohort="c",
        case=case,
        check="uptake",
        organ=organ,
        outcome=more.pop("outcome", Outcome.HIT if hit else Outcome.MISS),
        kind=Kind.NONE if hit else Kind.MISSED,
        failed=not hit,
        expected=(expected,),
        generated=(generated,),
        facts={"language": "zh", "sex": "F", **more},
    )


def text(case: str, reference: str, prediction: str, language: str = "zh") -> Record:
    return Record(
        cohort="c",
        case=case,
        check="text",
        outcome=Outcome.HIT,
        facts={
            "language": language,
            "statistics": score_pair(METRICS, reference, prediction),
            "flags": [],
            "lesions": lesion_counts([], []),
            "petrg": {"cases": 1, "unusable": 0, "pairs": {"5>5": 24}},
        },
    )


organs = st.sampled_from(["liver", "spleen", "lungs"])
states = st.sampled_from(["increased", "absent", "normal", "unstated"])
cases = st.lists(
    st.tuples(st.integers(0, 5).map(str), organs, states, states),
    max_size=20,
    unique_by=lambda row: row[:2],
)


def fold(records: list[Record], **more: Any) -> Summary:
    return summarise(records, SCORING, card={"model": "m"}, **more)


def as_text(summary: Summary) -> str:
    return summary_json(summary, exit_code=0, exit_reason="")


@given(rows=cases, seed=st.integers())
def test_the_order_of_records_does_not_matter(
    rows: list[tuple[str, str, str, str]], seed: int
) -> None:
    records = [uptake(*row) for row in rows] + [text(c, "肝脏正常", "肝正常") for c in "012"]
    mixed = records[:]
    random.Random(seed).shuffle(mixed)
    plain = {"with_intervals": False}
    assert as_text(fold(mixed, **plain)) == as_text(fold(records, **plain))


def test_intervals_stand_beside_the_scores_and_hang_on_no_order_either() -> None:
    said = ["normal" if n % 3 == 0 else "increased" for n in range(12)]
    records = [uptake(f"{n}", "liver", "increased", state) for n, state in enumerate(said)]
    records += [text(f"{n}", "肝脏正常", "肝正常") for n in range(12)]
    found = fold(records)
    miss = found.intervals["zh"]["miss_rate"]
    assert miss.low < 1 / 3 < miss.high
    assert as_text(fold(records[::-1])) == as_text(found)
    metrics = json.loads(as_text(found))["scores"]["zh"]["metrics"]
    assert metrics["miss_rate"]["interval"]["low"] == pytest.approx(miss.low)
    assert metrics["ce_f1[sklearn0]"]["interval"] is None
    rows = {
        row[0]: row for row in score_table(found.scores[0], intervals=found.intervals["zh"]).rows
    }
    assert rows["miss_rate"][2].endswith(" ?")


def test_what_was_planned_and_never_heard_of_is_a_hole_in_the_denominator() -> None:
    hole = PlannedItem(case="2", check="uptake", organ="liver")
    summary = fold([uptake("1", "liver", "increased", "increased")], holes=[(hole, "it died")])
    assert (summary.planned, summary.recorded) == (2, 1)
    assert summary.outcomes["not_run"] == 1
    assert summary.holes[0].reason == "it died"


def test_languages_are_scored_apart() -> None:
    summary = fold([text("1", "肝脏", "肝脏"), text("2", "liver", "spleen", "en")])
    assert [found.language for found in summary.scores] == ["en", "zh"]
    assert [found.text[0].n for found in summary.scores] == [1, 1]


def test_a_case_without_a_report_is_named_with_its_outcome() -> None:
    summary = fold([uptake("1", "liver", "increased", "unstated", outcome=Outcome.REFUSAL)])
    assert summary.rows[0].outcome == "refusal"
    assert summary.scores[0].efficacy.unusable == 1


def test_no_record_at_all_still_makes_a_summary() -> None:
    summary = fold([])
    assert (summary.planned, summary.scores, summary.rows) == (0, (), ())
    assert as_text(summary)

"""Whatever a run holds, a statistic at the sums of all cases is the score of the summary."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.metrics.registry import resolve_metrics
from pytest_pet2rep.metrics.resampling import StatisticKind, interval
from pytest_pet2rep.metrics.text import score_pair
from pytest_pet2rep.run.estimands import Estimands, estimand, known_metrics
from pytest_pet2rep.run.scoreboard import Scoring, score_sets
from pytest_pet2rep.run.slices import Slice, parse_slice
from pytest_pet2rep.types import UNUSABLE, Language, Outcome, Record, Section

NAMES = [
    "bleu1", "bleu4", "bleu2+add1", "bleu3+exp", "bleu4_mean", "meteor", "rouge_l", "rouge_1",
    "chrf",
]  # fmt: skip
METRICS = resolve_metrics(
    NAMES,
    language=Language.EN,
    section=Section.FINDINGS,
)
SCORING = Scoring(
    profile=load_profile("pet2rep19"),
    section=Section.FINDINGS,
    extractor="rules:test",
    metrics={Language.EN: METRICS, Language.ZH: METRICS},
)
ORGANS = ("liver", "spleen", "lungs", "brain")
WORDS = ["uptake", "liver", "is", "normal", "increased", "no", "lesion"]

states = st.one_of(
    st.just(("normal",)),
    st.just(("unstated",)),
    st.lists(
        st.sampled_from(["increased", "decreased", "absent"]), min_size=1, max_size=3, unique=True
    ).map(tuple),
)
texts = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
pairs_of_statuses = st.dictionaries(
    st.tuples(st.integers(1, 5), st.integers(0, 5)).map(lambda p: f"{p[0]}>{p[1]}"),
    st.integers(1, 9),
)


@st.composite
def runs(draw: st.DrawFn) -> list[Record]:
    """Draw a run of a few cases, each with as many repeats as it likes."""
    records = []
    for case in range(draw(st.integers(0, 4))):
        for repeat in range(draw(st.integers(1, 2))):
            records += report(draw, f"c{case}", repeat)
    return records


def report(draw: st.DrawFn, case: str, repeat: int) -> list[Record]:
    ended = draw(st.sampled_from([None, None, None, *UNUSABLE]))
    common: dict[str, Any] = {"cohort": "c", "case": case, "repeat": repeat}
    facts = {"language": "en", "sex": "F" if case < "c2" else "M"}
    found = [
        Record(
            **common,
            check="uptake",
            organ=organ,
            outcome=ended or Outcome.HIT,
            expected=draw(states),
            generated=("unstated",) if ended else draw(states),
            source=draw(st.sampled_from(["explicit", "extracted", "reviewed"])),
            visible=draw(st.sampled_from([None, True, True, False])),
            facts={**facts, "diameter_mm": draw(st.sampled_from([None, 8.0, 20.0]))},
        )
        for organ in ORGANS
    ]
    small = st.integers(0, 3)
    reference, generated = draw(small), 0 if ended else draw(small)
    most = min(reference, generated)
    matched = sorted(draw(st.tuples(*[st.integers(0, most)] * 3)))
    lesions = {
        "cases": 1, "reference": reference, "generated": generated,
        "matched": dict(zip(("lesion", "lesion_side", "lesion_organ"), matched, strict=True)),
        "sided": most, "same_side": matched[0], "side_left_out": 0, "suv_pairs": most,
        "suv_within": matched[0], "suv_invented": draw(st.integers(0, 1)),
        "suv_difference_nano": draw(st.integers(0, 10**9)) if most else 0,
    }  # fmt: skip
    text = Record(
        **common,
        check="text",
        outcome=ended or Outcome.HIT,
        facts={
            **facts,
            "statistics": score_pair(METRICS, draw(texts), "" if ended else draw(texts)),
            "flags": draw(st.lists(st.sampled_from(["template_echo", "conflict"]), unique=True)),
            "lesions": lesions,
            "petrg": {"cases": 1, "unusable": 0, "pairs": draw(pairs_of_statuses)},
        },
    )
    return [*found, text]


FEW = settings(max_examples=25)


@FEW
@given(runs())
def test_every_score_of_the_summary_is_the_value_of_its_statistic(records: list[Record]) -> None:
    made = Estimands(records, SCORING)
    for scores in score_sets(records, SCORING):
        for score in scores.all():
            name, bracket, rest = score.name.partition("[")
            statistic = made.of(name, parse_slice(bracket + rest))
            if score.value is None:
                assert math.isnan(statistic.observed), score
            else:
                assert statistic.observed == pytest.approx(score.value, abs=1e-12), score
            assert statistic.signature == score.signature
            assert statistic.name == score.name
            assert statistic.higher_is_better == score.higher_is_better


@FEW
@given(runs())
def test_arrays_of_sums_give_what_their_rows_give(records: list[Record]) -> None:
    made = Estimands(records, SCORING)
    for name in known_metrics(METRICS):
        statistic = made.of(name)
        if not statistic.cases:
            continue
        many = np.stack([statistic.sums * at for at in range(3)])
        rows = [[float(statistic.value(row)) for row in block] for block in many]
        assert np.array_equal(statistic.value(many), np.array(rows).reshape(many.shape[:2]), True)


@FEW
@given(runs())
def test_a_slice_is_the_score_of_the_records_that_it_keeps(records: list[Record]) -> None:
    made = Estimands(records, SCORING)
    for text, names in {
        "organ=liver": ("ce_recall", "miss_rate", "false_alarm_rate", "coverage"),
        "lesion>=15mm": ("miss_rate", "ce_precision"),
        "abnormal": ("ce_f1", "miss_rate"),
        "sex=F": ("miss_rate", "ce_f1", "bleu4", "rouge_l", "error_rate"),
        "extracted,organ=spleen": ("ce_f1", "miss_rate"),
    }.items():
        slice_ = parse_slice(text)
        kept = [r for r in records if r.check == "text" or slice_.keep(r)]
        if "sex" in text:
            kept = [r for r in records if r.facts["sex"] == "F"]
        for name in names:
            expected = Estimands(kept, SCORING).of(name).observed if kept else math.nan
            assert made.of(name, slice_).observed == pytest.approx(expected, nan_ok=True)


@FEW
@given(runs(), st.sampled_from(["increased", "decreased", "absent"]))
def test_the_slice_of_one_state_is_the_value_of_its_class(
    records: list[Record], state: str
) -> None:
    made = Estimands(records, SCORING)
    one = Slice(state=state)
    uptake = [r for r in records if r.check == "uptake"]
    expected = [r for r in uptake if state in r.expected]
    found = [r for r in expected if state in r.generated and r.outcome not in UNUSABLE]
    recall = len(found) / len(expected) if expected else math.nan
    assert made.of("ce_recall", one).observed == pytest.approx(recall, nan_ok=True)
    assert made.of("miss_rate", one).observed == pytest.approx(1 - recall, nan_ok=True)
    assert (made.of("miss_rate", one).events or 0) <= len(expected)


@FEW
@given(runs())
def test_repeats_are_no_new_expected_events(records: list[Record]) -> None:
    """Running every case twice doubles the sums and leaves the support of the classes alone."""
    once = [replace(r, repeat=0) for r in records if r.repeat == 0]
    twice = [*once, *(replace(r, repeat=1) for r in once)]
    for name in ("ce_f1", "miss_rate", "bleu4", "risk_per_case"):
        one, two = (Estimands(each, SCORING).of(name) for each in (once, twice))
        assert two.observed == pytest.approx(one.observed, nan_ok=True)
        assert (two.cases, two.events) == (one.cases, one.events)
        if len(two.cases):
            assert two.repeats is not None
            assert np.array_equal(two.repeats.sum(axis=1), two.sums)


@FEW
@given(runs())
@example([])
def test_every_statistic_has_an_interval_or_says_why_not(records: list[Record]) -> None:
    made = Estimands(records, SCORING)
    for name in ("ce_recall", "miss_rate", "bleu4", "overall", "risk_per_case", "petrg_all"):
        found = interval(made.of(name), resamples=100)
        if found.reliable:
            assert found.low <= found.high
        else:
            assert found.reason


def test_what_is_an_operational_fact_is_known_beforehand() -> None:
    known = known_metrics(METRICS)
    operational = {name for name, m in known.items() if m.kind is StatisticKind.OPERATIONAL}
    assert operational == {"error_rate", "refusal_rate", "coverage"}
    assert not known["risk_per_case"].higher_is_better
    assert "overall" in known
    assert "overall" not in known_metrics([m for m in METRICS if m.name != "rouge_l"])


def test_an_unknown_metric_and_a_slice_that_it_lacks_are_usage_errors() -> None:
    with pytest.raises(UnknownName, match="did you mean 'ce_recall'"):
        estimand([], SCORING, "ce_recal")
    with pytest.raises(UsageProblem, match="bleu4 has no slice by organ"):
        estimand([], SCORING, "bleu4", Slice(organ="liver"))
    with pytest.raises(UsageProblem, match="no slice by state"):
        estimand([], SCORING, "coverage", Slice(state="increased"))


def test_no_score_averages_over_languages() -> None:
    facts = {"sex": "F", "statistics": score_pair(METRICS, "a b c d e", "a b c d")}
    records = [
        Record(
            cohort="c",
            case=language,
            check="text",
            outcome=Outcome.HIT,
            facts={**facts, "language": language},
        )
        for language in ("en", "zh")
    ]
    with pytest.raises(UsageProblem, match="add language=en"):
        estimand(records, SCORING, "bleu1")
    one = estimand(records, SCORING, "bleu1", Slice(language="zh"))
    assert (one.cases, one.name) == (("zh",), "bleu1[language=zh]")

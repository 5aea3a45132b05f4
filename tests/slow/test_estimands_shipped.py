"""On the shipped cohort every score of the summary is the value of its statistic, floors too."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.findings.reader import EXTRACTOR
from pytest_pet2rep.metrics.resampling import interval, paired_difference
from pytest_pet2rep.run.estimands import (
    Estimands,
    expected_records,
    headline_intervals,
    known_metrics,
)
from pytest_pet2rep.run.items import text_record, uptake_record
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.scoreboard import Scoring, score_sets
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.run.slices import parse_slice
from pytest_pet2rep.run.text_metrics import cleaning_label
from pytest_pet2rep.types import Language, Record

pytestmark = pytest.mark.slow


def records_of(model: str, store: Path) -> tuple[list[Record], Scoring, Runtime]:
    settings = RunSettings(model=model, store=store, metrics=("full",))
    runtime = Runtime(settings, find_cohort(None), "0" * 32)
    metrics = runtime.metrics_for(Language.ZH)
    records = []
    for case in runtime.cases():
        assessed = runtime.assess(case)
        records.append(text_record(assessed, settings, metrics))
        records += [
            uptake_record(assessed, organ.id, runtime.profile, settings)
            for organ in runtime.profile.organs
        ]
    scoring = Scoring(
        profile=runtime.profile,
        section=settings.section,
        extractor=EXTRACTOR,
        cleaning=cleaning_label(settings),
        metrics={Language.ZH: metrics},
    )
    return records, scoring, runtime


@pytest.mark.parametrize(
    "model", ["baseline/template", "baseline/reference", "baseline/all-normal"]
)
def test_statistics_equal_scores(model: str, tmp_path: Path) -> None:
    records, scoring, _ = records_of(model, tmp_path)
    made = Estimands(records, scoring)
    (scores,) = score_sets(records, scoring)
    for score in scores.all():
        name, bracket, rest = score.name.partition("[")
        statistic = made.of(name, parse_slice(bracket + rest))
        expected = math.nan if score.value is None else score.value
        assert statistic.observed == pytest.approx(expected, abs=1e-12, nan_ok=True), score
        assert statistic.signature == score.signature
    found = headline_intervals(records, scoring)[Language.ZH]
    assert found.keys() == known_metrics(scoring.metrics[Language.ZH]).keys()
    for name, limits in found.items():
        alone = interval(made.of(name))
        assert limits.method == alone.method
        assert (limits.low, limits.high) == pytest.approx((alone.low, alone.high), nan_ok=True)
        if limits.reliable:
            assert limits.low <= limits.value <= limits.high


def test_a_perfect_run_is_better_than_the_template_beyond_doubt(tmp_path: Path) -> None:
    runs = [records_of(f"baseline/{name}", tmp_path / name) for name in ("reference", "template")]
    perfect, template = (Estimands(records, scoring) for records, scoring, _ in runs)
    for name in ("ce_f1", "bleu4", "overall"):
        found = paired_difference(perfect.of(name), template.of(name))
        assert found.n_common == 80
        assert found.lower.limit > 0.3


def test_what_is_expected_is_known_before_the_first_report(tmp_path: Path) -> None:
    records, _, runtime = records_of("baseline/all-normal", tmp_path)
    expected = expected_records(runtime.cases(), runtime.profile, runtime.settings)
    uptake = [record for record in records if record.check == "uptake"]
    assert len(expected) == len(uptake)
    for before, after in zip(expected, uptake, strict=True):
        assert (before.case, before.organ, before.expected) == (
            after.case, after.organ, after.expected,
        )  # fmt: skip
        assert (before.visible, before.source) == (after.visible, after.source)
        assert before.facts.get("diameter_mm") == after.facts.get("diameter_mm")
    assert parse_slice("organ=liver,state=increased,lesion>=15mm").matches(expected)
    assert not parse_slice("organ=liver,lesion>=900mm").matches(expected)

"""A run as three tables for notebooks: one row an item, a score, a report.

Columns are the same for every run, up to those of the metrics; a value that there is not is
``None``.  Values of scores are 0..1, as everywhere in files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_pet2rep.run.merge import summary_of
from pytest_pet2rep.run.runfiles import CaseText, RunData, records_by_case, scoring_of
from pytest_pet2rep.run.show.worst import case_weights
from pytest_pet2rep.run.slices import is_abnormal
from pytest_pet2rep.run.summary import Summary
from pytest_pet2rep.types import UNUSABLE, Record

TABLES = ("items", "scores", "cases")

Row = dict[str, Any]


def result_rows(run: RunData) -> dict[str, list[Row]]:
    """Return the rows of each of ``TABLES``, in order of case, repeat, check and organ."""
    summary = summary_of(run)
    return {
        "items": list(_items(run)),
        "scores": list(_scores(run, summary)),
        "cases": list(_cases(run)),
    }


def _items(run: RunData) -> Iterator[Row]:
    for records in records_by_case(run.records).values():
        language = _fact(records, "language")
        for record in records:
            yield {
                "case": record.case,
                "repeat": record.repeat,
                "check": record.check,
                "organ": record.organ or None,
                "language": language,
                "outcome": str(record.outcome),
                "kind": str(record.kind) or None,
                "failed": record.failed,
                "expected": "+".join(record.expected) or None,
                "generated": "+".join(record.generated) or None,
                "source": record.source or None,
                "visible": record.visible,
                "certainty": record.certainty or None,
                "reason": record.reason or None,
                "reference_sentence": record.evidence[0] or None,
                "report_sentence": record.evidence[1] or None,
            }


def _scores(run: RunData, summary: Summary) -> Iterator[Row]:
    model = str(run.card.get("model", {}).get("spec", ""))
    for found in summary.scores:
        language = str(found.language)
        limits = summary.intervals.get(language, {})
        lifts = {lift.metric: lift for lift in summary.lifts.get(language, ())}
        for score in found.all():
            interval, lift = limits.get(score.name), lifts.get(score.name)
            yield {
                "model": model,
                "language": language,
                "metric": score.name,
                "value": score.value,
                "low": None if interval is None else finite(interval.low),
                "high": None if interval is None else finite(interval.high),
                "reliable": None if interval is None else interval.reliable,
                "n": score.n,
                "level": str(score.level),
                "higher_is_better": score.higher_is_better,
                "floor": None if lift is None else lift.floor,
                "floor_name": None if lift is None else lift.floor_name or None,
                "lift": None if lift is None else lift.lift,
                "signature": score.signature,
                "unscored_because": score.reason or None,
            }


def _cases(run: RunData) -> Iterator[Row]:
    weights, values = case_weights(run), case_values(run)
    metrics = sorted({name for found in values.values() for name in found})
    for key, records in records_by_case(run.records).items():
        text = run.texts.get(key) or CaseText(case=key[0], repeat=key[1])
        unusable = next((str(r.outcome) for r in records if r.outcome in UNUSABLE), None)
        uptake = [record for record in records if record.check == "uptake"]
        yield {
            "case": key[0],
            "repeat": key[1],
            "language": _fact(records, "language"),
            "sex": text.sex or _fact(records, "sex"),
            "age": text.age,
            "outcome": unusable or "usable",
            "items": len(records),
            "failed": sum(record.failed for record in records),
            "risk": weights[key],
            "missed": _organs(r for r in uptake if r.failed and is_abnormal(r)),
            "false_alarms": _organs(r for r in uptake if r.kind == "false_alarm"),
            **{name: values.get(key, {}).get(name) for name in metrics},
            "reference": text.reference,
            "report": text.generated,
        }


def case_values(run: RunData) -> dict[tuple[str, int], Mapping[str, float | None]]:
    """Return (case, repeat) -> metric -> its value over that report alone.

    A corpus-level metric over one report is not a part of the metric over all; it is what the
    metric says of this report, which is what a reader can be compared with.
    """
    repeats = sorted({record.repeat for record in run.records})
    found: dict[tuple[str, int], dict[str, float | None]] = {}
    for repeat in repeats:
        records = [record for record in run.records if record.repeat == repeat]
        for case, metric, value in _values(run, records):
            found.setdefault((case, repeat), {})[metric] = value
    return {key: found[key] for key in sorted(found)}


def _values(run: RunData, records: Sequence[Record]) -> Iterator[tuple[str, str, float | None]]:
    from pytest_pet2rep.run.estimands import Estimands, known_metrics
    from pytest_pet2rep.run.slices import Slice

    scoring = scoring_of(run)
    scored = [record for record in records if record.check in ("uptake", "text")]
    made = Estimands(scored, scoring)
    for language in made.languages:
        for name in known_metrics(scoring.metrics.get(language, ())):
            statistic = made.of(name, Slice(language=language.value))
            for case, value in zip(statistic.cases, statistic.value(statistic.sums), strict=True):
                yield case, name, finite(float(value))


def finite(value: float) -> float | None:
    """Return ``value``, or ``None`` where it is no number."""
    return value if math.isfinite(value) else None


def _fact(records: Sequence[Record], name: str) -> str | None:
    return next((str(r.facts[name]) for r in records if r.facts.get(name)), None)


def _organs(records: Iterator[Record]) -> str | None:
    return "+".join(record.organ for record in records) or None

"""The summary as JSON: one text for equal results, whoever ran them and in which order.

Everything that may differ between two equal runs stands under ``timing``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.run.lift import lift_plain
from pytest_pet2rep.run.pair_scoring import PairScores
from pytest_pet2rep.run.reliance import control_plain
from pytest_pet2rep.run.scoreboard import ScoreSet
from pytest_pet2rep.run.summary import Summary
from pytest_pet2rep.types import Score

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.resampling import Interval

SCHEMA = "pet2rep/summary/1"
PAIRS_SCHEMA = "pet2rep/pairs/1"


def summary_json(
    summary: Summary,
    *,
    exit_code: int,
    exit_reason: str,
    gates: Sequence[Mapping[str, Any]] = (),
    verdict: str = "",
) -> str:
    """Return the summary of a run as canonical JSON text."""
    return canonical_json(
        summary_plain(
            summary, exit_code=exit_code, exit_reason=exit_reason, gates=gates, verdict=verdict
        )
    )


def summary_plain(
    summary: Summary,
    *,
    exit_code: int,
    exit_reason: str,
    gates: Sequence[Mapping[str, Any]] = (),
    verdict: str = "",
) -> dict[str, Any]:
    """Return the summary of a run as the object that its JSON text holds."""
    plain: dict[str, Any] = json.loads(
        canonical_json(
            {
                "schema": SCHEMA,
                "card": summary.card,
                "planned": summary.planned,
                "recorded": summary.recorded,
                "failed": summary.failed,
                "cases": summary.cases,
                "outcomes": summary.outcomes,
                "kinds": summary.kinds,
                "checks": summary.checks,
                "scores": {
                    str(found.language): score_set_plain(
                        found, summary.intervals.get(str(found.language), {})
                    )
                    for found in summary.scores
                },
                "lifts": {
                    language: {found.metric: lift_plain(found) for found in lifts}
                    for language, lifts in summary.lifts.items()
                },
                "controls": [control_plain(found) for found in summary.controls],
                "repeats": summary.repeats,
                "organs": summary.organs,
                "by_case": summary.rows,
                "holes": summary.holes,
                "gates": list(gates),
                "verdict": verdict,
                "exit": {"code": exit_code, "reason": exit_reason},
                "timing": summary.timing,
            }
        )
    )
    return plain


def pairs_json(found: PairScores, per_case: list[Mapping[str, Any]] | None = None) -> str:
    """Return the scores of pairs as canonical JSON text."""
    plain: dict[str, Any] = {
        "schema": PAIRS_SCHEMA,
        "pairs": found.pairs,
        "outcomes": found.outcomes,
        **score_set_plain(found.scores),
    }
    if per_case is not None:
        plain["per_case"] = per_case
    return canonical_json(plain)


def score_set_plain(
    found: ScoreSet, intervals: Mapping[str, Interval] | None = None
) -> dict[str, Any]:
    """Return one set of scores: ``metrics`` by name, and the table behind clinical efficacy.

    With ``intervals`` every metric has its ``interval``, ``null`` where there is none.
    """
    metrics = {score.name: score_plain(score) for score in found.all()}
    if intervals is not None:
        for name, plain in metrics.items():
            plain["interval"] = intervals[name].plain() if name in intervals else None
    return {
        "language": str(found.language),
        "cases": found.cases,
        "metrics": metrics,
        "efficacy": found.efficacy,
        "counts": found.counts,
    }


def score_plain(score: Score) -> dict[str, Any]:
    """Return one score without its name; an unscored one says so, and why."""
    plain = dataclasses.asdict(score)
    del plain["name"]
    plain["status"] = "scored" if score.value is not None else "unscored"
    return plain

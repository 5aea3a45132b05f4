"""The *lift* of a model: how far it is above the best baseline that never saw an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pytest_pet2rep.run.scoreboard import ScoreSet, Scoring, score_sets
from pytest_pet2rep.types import Record, Score

LIFTED = (
    "ce_precision", "ce_recall", "ce_f1", "ce_f1_classmean", "bleu1", "bleu2", "bleu3", "bleu4",
    "meteor", "rouge_1", "rouge_2", "rouge_l", "cider", "bertscore", "overall", "miss_rate",
    "false_alarm_rate",
)  # fmt: skip
"""Metrics of which a floor and a lift are shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lift:
    """One metric of the model beside the best floor; values 0..1."""

    metric: str
    value: float | None
    floor: float | None
    floor_name: str
    higher_is_better: bool
    by_floor: Mapping[str, float | None]

    @property
    def lift(self) -> float | None:
        """By how much the model is *better* than the best floor, whatever the direction."""
        if self.value is None or self.floor is None:
            return None
        return self.value - self.floor if self.higher_is_better else self.floor - self.value


def lifts_by_language(
    model: Sequence[ScoreSet], floors: Mapping[str, Sequence[Record]], scoring: Scoring
) -> dict[str, tuple[Lift, ...]]:
    """Put the scores of the model beside those of the floors, language by language.

    Only scores of equal signature are put side by side.
    """
    if not floors:
        return {}
    scored = {
        name: {found.language: found for found in score_sets(records, scoring)}
        for name, records in floors.items()
    }
    return {
        str(found.language): _lifts(
            found,
            {name: sets[found.language] for name, sets in scored.items() if found.language in sets},
        )
        for found in model
    }


def lift_plain(lift: Lift) -> dict[str, Any]:
    """Return one lift as plain data, without the name of its metric."""
    plain = {**asdict(lift), "lift": lift.lift}
    del plain["metric"]
    return plain


def _lifts(model: ScoreSet, floors: Mapping[str, ScoreSet]) -> tuple[Lift, ...]:
    found = []
    by_floor = {name: {s.name: s for s in scores.all()} for name, scores in floors.items()}
    for score in model.all():
        if score.name in LIFTED:
            values = {
                floor: _value(found.get(score.name), score) for floor, found in by_floor.items()
            }
            found.append(_lift(score, values))
    return tuple(found)


def _value(floor: Score | None, score: Score) -> float | None:
    return floor.value if floor is not None and floor.signature == score.signature else None


def _lift(score: Score, by_floor: Mapping[str, float | None]) -> Lift:
    sign = 1.0 if score.higher_is_better else -1.0
    scored = [(sign * value, name) for name, value in by_floor.items() if value is not None]
    best = max(scored, key=lambda found: found[0], default=None)
    return Lift(
        metric=score.name,
        value=score.value,
        floor=None if best is None else sign * best[0],
        floor_name="" if best is None else best[1],
        higher_is_better=score.higher_is_better,
        by_floor=by_floor,
    )

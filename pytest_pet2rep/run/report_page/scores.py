"""The table of scores on the page: the model beside the floors and the baseline, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_pet2rep.run.metric_values import is_share
from pytest_pet2rep.run.runfiles import RunData

HEADLINE = (
    "overall", "ce_f1", "ce_precision", "ce_recall", "miss_rate", "false_alarm_rate",
    "risk_per_case", "bleu4", "meteor", "rouge_l", "coverage", "refusal_rate", "error_rate",
)  # fmt: skip
"""Shown at once, in this order; the others on demand."""
AXIS, MARGIN = 220.0, 8.0
"""Width of a plot, and what is left free on both sides, in its own units."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A value with its two-sided 95 % limits, where there are any; 0..1 unless it is a sum."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reliable: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Where something stands on the axis of a plot; limits ``None`` without an interval."""

    kind: str
    """``model``, ``baseline`` or ``floor``."""
    x: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreLine:
    """One metric of the model, the best floor, and the baseline."""

    metric: str
    here: Estimate
    n: int
    reason: str
    """Why it is unscored."""
    note: str
    """Why its interval is not to be relied on."""
    higher_is_better: bool
    share: bool
    """Runs 0..1, so it is shown times 100 and drawn."""
    floor: float | None
    floor_name: str
    lift: float | None
    """By how much the model is *better* than the best floor."""
    there: Estimate | None
    signature: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreTable:
    """The scores of one language."""

    language: str
    cases: int
    headline: tuple[ScoreLine, ...]
    others: tuple[ScoreLine, ...]
    floors: bool
    baseline: bool


def score_tables(run: RunData, baseline: RunData | None) -> tuple[ScoreTable, ...]:
    """Return one table for each language of the run: nothing averages over languages."""
    return tuple(
        _table(run, baseline, language) for language in sorted(run.summary.get("scores", {}))
    )


def _table(run: RunData, baseline: RunData | None, language: str) -> ScoreTable:
    found = run.summary["scores"][language]
    lifts = run.summary.get("lifts", {}).get(language, {})
    before = {}
    if baseline is not None:
        before = baseline.summary.get("scores", {}).get(language, {}).get("metrics", {})
    lines = {
        name: _line(name, plain, lifts.get(name), before.get(name))
        for name, plain in found["metrics"].items()
    }
    rest = sorted(lines.keys() - set(HEADLINE))
    return ScoreTable(
        language=language,
        cases=int(found["cases"]),
        headline=tuple(lines[name] for name in HEADLINE if name in lines),
        others=tuple(lines[name] for name in rest),
        floors=bool(lifts),
        baseline=bool(before),
    )


def _line(
    name: str,
    plain: Mapping[str, Any],
    lift: Mapping[str, Any] | None,
    before: Mapping[str, Any] | None,
) -> ScoreLine:
    here = _estimate(plain)
    there = _estimate(before) if before and _comparable(plain, before) else None
    by_floor = dict(lift["by_floor"]) if lift else {}
    return ScoreLine(
        metric=name,
        here=here,
        n=int(plain.get("n") or 0),
        reason=str(plain.get("reason") or ""),
        note=str((plain.get("interval") or {}).get("reason") or ""),
        higher_is_better=bool(plain.get("higher_is_better", True)),
        share=is_share(name),
        floor=lift["floor"] if lift else None,
        floor_name=str(lift["floor_name"]) if lift else "",
        lift=lift["lift"] if lift else None,
        there=there,
        signature=str(plain.get("signature", "")),
        marks=tuple(_marks(here, there, by_floor)) if is_share(name) else (),
    )


def _comparable(here: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    """Say whether two scores may stand side by side: only under one signature."""
    return here.get("signature") == there.get("signature")


def _estimate(plain: Mapping[str, Any]) -> Estimate:
    limits = plain.get("interval") or {}
    return Estimate(
        value=plain.get("value"),
        low=limits.get("low"),
        high=limits.get("high"),
        reliable=bool(limits.get("reliable", True)),
    )


def _marks(
    here: Estimate, there: Estimate | None, floors: Mapping[str, float | None]
) -> Iterator[Mark]:
    """Yield what is drawn, the model last and so on top."""
    for value in sorted({value for value in floors.values() if value is not None}):
        yield Mark(kind="floor", x=_place(value))
    if there is not None:
        yield from _mark("baseline", there)
    yield from _mark("model", here)


def _mark(kind: str, found: Estimate) -> Iterator[Mark]:
    if found.value is not None:
        drawn = found.low is not None and found.high is not None
        yield Mark(
            kind=kind,
            x=_place(found.value),
            low=_place(found.low) if drawn and found.low is not None else None,
            high=_place(found.high) if drawn and found.high is not None else None,
        )


def _place(value: float) -> float:
    return round(MARGIN + (AXIS - 2 * MARGIN) * min(max(value, 0.0), 1.0), 1)

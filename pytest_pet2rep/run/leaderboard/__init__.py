"""Stored runs of several models side by side, on the same cases and under the same conditions.

A rank is one more than the number of models that are *clearly* better: whose paired difference has
a reliable two-sided 95 % interval beyond zero.  Models that none of the others beats clearly share
rank 1; so nobody is ahead by luck of the draw of cases.  Pairs are not adjusted for their number.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.comparability import require_comparable
from pytest_pet2rep.run.compare import case_changes, label
from pytest_pet2rep.run.runfiles import RunData, scoring_of
from pytest_pet2rep.types import Language, Record

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.resampling import Interval
    from pytest_pet2rep.metrics.resampling_statistic import Statistic
    from pytest_pet2rep.run.estimands import Estimands
    from pytest_pet2rep.run.scoreboard import Scoring

BESIDE = ("overall", "bleu4", "meteor", "rouge_l", "ce_precision", "ce_recall", "ce_f1")
"""Metrics that stand beside the one that ranks."""


class Kind(StrEnum):
    """What a row is."""

    MODEL = "model"
    FLOOR = "floor"
    PUBLISHED = "published"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One row: a model, a floor, or a published row."""

    kind: Kind
    name: str
    value: float | None
    low: float | None = None
    """Two-sided 95 % limits."""
    high: float | None = None
    reliable: bool = False
    n: int = 0
    rank: int | None = None
    """``None`` for what is not ranked: a floor, a published row, a model without a score."""
    tied: bool = False
    """Another model has the same rank."""
    above_floor: bool | None = None
    """Clearly better than the best floor; ``None`` without floors."""
    values: Mapping[str, float | None] = field(default_factory=dict)
    """The metrics beside the one that ranks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """The standings of one language, best first; published rows last."""

    language: str
    metric: str
    higher_is_better: bool
    cases: int
    standings: tuple[Standing, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    kind: Kind
    name: str
    made: Estimands


def leaderboards(
    runs: Sequence[RunData],
    metric: str,
    *,
    allowed: Collection[str] = (),
    published: bool = False,
) -> tuple[Board, ...]:
    """Return a board for each language that all runs have.

    Raises ``UsageProblem`` for runs that cannot be compared or are not whole, ``UnknownName`` for
    the metric.
    """
    runs = _comparable(runs, allowed)
    scoring = scoring_of(runs[0])
    entries = [*_models(runs), *_floors(runs, scoring)]
    languages = [set(e.made.languages) for e in entries if e.kind is Kind.MODEL]
    shared = sorted(set.intersection(*languages))
    if not shared:
        raise UsageProblem("the runs have no language in common: there is nothing to rank")
    rows = published_rows(metric) if published else []
    return tuple(_board(language, metric, entries, rows) for language in shared)


def published_rows(metric: str) -> list[Standing]:
    """Return the paper's rows, which are of other cases and have no intervals and no rank."""
    from pytest_pet2rep.run.paper import preset

    return [
        Standing(
            kind=Kind.PUBLISHED,
            name=str(row["model"]),
            value=row.get(metric),
            values={name: row.get(name) for name in BESIDE},
        )
        for row in preset("paper")["published"]
    ]


def _comparable(runs: Sequence[RunData], allowed: Collection[str]) -> list[RunData]:
    """Return the runs on the cases that all have, unchanged.  Raises ``UsageProblem``."""
    first = runs[0]
    common = set(first.card["cohort"]["case_list"])
    for run in runs:
        if not run.complete:
            raise UsageProblem(f"{label(run)} is partial or has holes: only whole runs are ranked")
        try:
            require_comparable(run.card, first.card, allowed=allowed, option="--allow-difference")
        except UsageProblem as why:
            raise UsageProblem(f"{label(run)} and {label(first)}: {why}") from why
        common &= set(case_changes(run.card, first.card).common)
    if not common:
        raise UsageProblem("the runs have no case in common that is the same in all of them")
    return [replace(r, records=_of(r.records, common), floors=_floors_of(r, common)) for r in runs]


def _of(records: Sequence[Record], cases: Collection[str]) -> tuple[Record, ...]:
    return tuple(record for record in records if record.case in cases)


def _floors_of(run: RunData, cases: Collection[str]) -> dict[str, tuple[Record, ...]]:
    return {name: _of(records, cases) for name, records in run.floors.items()}


def _models(runs: Sequence[RunData]) -> Iterator[_Entry]:
    from pytest_pet2rep.run.estimands import Estimands

    specs = [str(run.card["model"].get("spec", "unknown model")) for run in runs]
    for run, spec in zip(runs, specs, strict=True):
        name = label(run) if specs.count(spec) > 1 else spec
        made = Estimands(_scored(run.records), scoring_of(run))
        yield _Entry(kind=Kind.MODEL, name=name, made=made)


def _floors(runs: Sequence[RunData], scoring: Scoring) -> Iterator[_Entry]:
    from pytest_pet2rep.run.estimands import Estimands

    with_floors = next((run for run in runs if run.floors), None)
    for name, records in sorted(with_floors.floors.items()) if with_floors else ():
        made = Estimands(_scored(records), scoring)
        yield _Entry(kind=Kind.FLOOR, name=name, made=made)


def _scored(records: Sequence[Record]) -> list[Record]:
    return [record for record in records if record.check in ("uptake", "text")]


def _board(
    language: Language, metric: str, entries: Sequence[_Entry], published: Sequence[Standing]
) -> Board:
    from pytest_pet2rep.metrics.resampling import intervals

    here = [entry for entry in entries if language in entry.made.languages]
    statistics = [_statistic(entry, metric, language) for entry in here]
    limits = intervals(statistics)
    clearly = _clearly_better(statistics)
    models = [
        at
        for at, entry in enumerate(here)
        if entry.kind is Kind.MODEL and _number(limits[at].value) is not None
    ]
    ranks = {at: 1 + sum((other, at) in clearly for other in models) for at in models}
    floor = _best_floor(here, statistics)
    rows = []
    for at, (entry, limit) in enumerate(zip(here, limits, strict=True)):
        rank = ranks.get(at)
        row = Standing(
            kind=entry.kind,
            name=entry.name,
            value=_number(limit.value),
            **_limits(limit),
            n=limit.n,
            rank=rank,
            tied=rank is not None and list(ranks.values()).count(rank) > 1,
            above_floor=None if floor is None or rank is None else (at, floor) in clearly,
            values={name: _value(entry, name, language) for name in BESIDE},
        )
        rows.append(row)
    better = statistics[0].higher_is_better
    return Board(
        language=str(language),
        metric=metric,
        higher_is_better=better,
        cases=max(limit.n for limit in limits),
        standings=(*sorted(rows, key=lambda r: _order(r, better)), *published),
    )


def _statistic(entry: _Entry, metric: str, language: Language) -> Statistic:
    from pytest_pet2rep.run.slices import Slice

    return entry.made.of(metric, Slice(language=language.value))


def _clearly_better(statistics: Sequence[Statistic]) -> set[tuple[int, int]]:
    """Return the pairs (a, b) of which a is clearly better than b."""
    from pytest_pet2rep.metrics.resampling import paired_difference

    found = set()
    for a in range(len(statistics)):
        for b in range(a):
            limits = paired_difference(statistics[a], statistics[b]).interval
            if not limits.reliable or limits.low <= 0 <= limits.high:
                continue
            a_is_better = (limits.low > 0) is statistics[a].higher_is_better
            found.add((a, b) if a_is_better else (b, a))
    return found


def _best_floor(entries: Sequence[_Entry], statistics: Sequence[Statistic]) -> int | None:
    floors = [
        at
        for at, entry in enumerate(entries)
        if entry.kind is Kind.FLOOR and _number(statistics[at].observed) is not None
    ]
    sign = 1 if statistics[0].higher_is_better else -1
    return max(floors, key=lambda at: sign * statistics[at].observed, default=None)


def _value(entry: _Entry, metric: str, language: Language) -> float | None:
    from pytest_pet2rep.errors import UnknownName

    try:
        return _number(_statistic(entry, metric, language).observed)
    except UnknownName:  # the runs were scored without it
        return None


def _limits(found: Interval) -> dict[str, Any]:
    return {
        "low": _number(found.low),
        "high": _number(found.high),
        "reliable": found.reliable,
    }


def _number(value: float) -> float | None:
    """Return ``value``, or ``None`` for NaN and infinity, which are no limits to show."""
    return value if math.isfinite(value) else None


def _order(row: Standing, higher_is_better: bool) -> tuple[bool, float, str]:
    value = row.value if row.value is not None else 0.0
    return (row.value is None, -value if higher_is_better else value, row.name)

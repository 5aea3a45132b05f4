"""Organs on the page: their rates, and the body from the front with the same rates in colour."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.anatomy import Profile, ProfileOrgan
from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.types import Outcome, Record

WIDTH, SHIFT = 420.0, 110.0
"""Width of the figure; how far the drawing stands from its left edge, for the names beside it."""
TOP, BOTTOM = 12.0, 396.0
GAP = 27.0
"""Least distance of two names."""
STEPS = (0.10, 0.25, 0.50)
"""Rates at which the next darker colour begins."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganLine:
    """One organ over all reports.

    Counted as ``miss_rate[organ=...]`` and ``false_alarm_rate[organ=...]`` count.  ``missed``:
    abnormal states of the reference (``abnormal``) that the report does not have.
    ``false_alarms``: an abnormal state in the report where the reference has none (``normal``).
    """

    organ: str
    en: str
    zh: str
    items: int
    abnormal: int
    missed: int
    normal: int
    false_alarms: int
    unstated: int

    @property
    def miss_rate(self) -> float | None:
        """0..1; ``None`` where the reference never has an abnormal state."""
        return self.missed / self.abnormal if self.abnormal else None

    @property
    def false_alarm_rate(self) -> float | None:
        """0..1; ``None`` where the reference always has an abnormal state."""
        return self.false_alarms / self.normal if self.normal else None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganShape:
    """One organ of the figure: its shapes, its colour step, and its name tied to it by a line."""

    organ: str
    en: str
    zh: str
    paths: tuple[str, ...]
    level: str
    """``none`` (nothing to count), or ``0`` to ``4``."""
    rate: float | None
    events: int
    of: int
    left: bool
    anchor: tuple[float, float]
    label: tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyFigure:
    """The body, coloured by one rate."""

    rate: str
    """``miss`` or ``alarm``."""
    outline: str
    shapes: tuple[OrganShape, ...]
    missing: tuple[tuple[str, str, str], ...]
    """Organs (id, en, zh) that the drawing does not have."""


def organ_lines(run: RunData) -> tuple[OrganLine, ...]:
    """Return every organ of the list, in its order."""
    by_organ: dict[str, list[Record]] = {organ.id: [] for organ in run.profile.organs}
    for record in run.records:
        if record.check == "uptake":
            by_organ.setdefault(record.organ, []).append(record)
    return tuple(_line(organ, by_organ[organ.id]) for organ in run.profile.organs)


def _line(organ: ProfileOrgan, records: Sequence[Record]) -> OrganLine:
    from pytest_pet2rep.metrics.rates import rate_counts

    counts = rate_counts(records)
    return OrganLine(
        organ=organ.id,
        en=organ.en,
        zh=organ.zh,
        items=len(records),
        abnormal=counts.get("expected_states", 0),
        missed=counts.get("missed_states", 0),
        normal=counts.get("normal_pairs", 0),
        false_alarms=counts.get("false_alarms", 0),
        unstated=sum(record.outcome is Outcome.UNSTATED for record in records),
    )


def body_figures(lines: Sequence[OrganLine], profile: Profile) -> tuple[BodyFigure, ...]:
    """Return the two figures: misses and false alarms."""
    return _figure("miss", lines, profile), _figure("alarm", lines, profile)


def _figure(rate: str, lines: Sequence[OrganLine], profile: Profile) -> BodyFigure:
    drawing = _drawing()
    drawn, missing = [], []
    for line in lines:
        parts = [drawing[fine] for fine in profile[line.organ].fine if fine in drawing]
        if parts:
            drawn.append((line, parts))
        else:
            missing.append((line.organ, line.en, line.zh))
    places = _places([(line.organ, _anchor(parts)) for line, parts in drawn])
    return BodyFigure(
        rate=rate,
        outline=str(drawing["outline"]),
        shapes=tuple(_shape(rate, line, parts, places[line.organ]) for line, parts in drawn),
        missing=tuple(missing),
    )


def _shape(
    rate: str,
    line: OrganLine,
    parts: Sequence[Mapping[str, Any]],
    place: tuple[bool, tuple[float, float]],
) -> OrganShape:
    value = line.miss_rate if rate == "miss" else line.false_alarm_rate
    left, label = place
    x, y = _anchor(parts)
    return OrganShape(
        organ=line.organ,
        en=line.en,
        zh=line.zh,
        paths=tuple(path for part in parts for path in part["paths"]),
        level=_level(value),
        rate=value,
        events=line.missed if rate == "miss" else line.false_alarms,
        of=line.abnormal if rate == "miss" else line.normal,
        left=left,
        anchor=(x + SHIFT, y),
        label=label,
    )


def _level(rate: float | None) -> str:
    if rate is None:
        return "none"
    return "0" if rate == 0 else str(1 + sum(rate >= step for step in STEPS))


def _anchor(parts: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    x, y = parts[0]["anchor"]
    return float(x), float(y)


def _places(
    anchors: Sequence[tuple[str, tuple[float, float]]],
) -> dict[str, tuple[bool, tuple[float, float]]]:
    """Put the names in two columns beside the body, each as near to its organ as there is room."""
    by_x = sorted(anchors, key=lambda found: (found[1][0], found[0]))
    half = (len(by_x) + 1) // 2
    found = {}
    for left, column in ((True, by_x[:half]), (False, by_x[half:])):
        ordered = sorted(column, key=lambda one: (one[1][1], one[0]))
        x = 100.0 if left else WIDTH - 100.0
        heights = _apart([anchor[1] for _, anchor in ordered])
        for (organ, _), y in zip(ordered, heights, strict=True):
            found[organ] = (left, (x, y))
    return found


def _apart(wanted: Sequence[float]) -> list[float]:
    """Move rising heights as little as needed so that names do not touch, from TOP to BOTTOM."""
    gap = min(GAP, (BOTTOM - TOP) / max(len(wanted), 1))
    heights: list[float] = []
    for height in wanted:
        heights.append(max(height, TOP if not heights else heights[-1] + gap))
    limit = BOTTOM
    for at in reversed(range(len(heights))):
        heights[at] = round(min(heights[at], limit), 1)
        limit = heights[at] - gap
    return heights


@cache
def _drawing() -> Mapping[str, Any]:
    file = resources.files("pytest_pet2rep").joinpath("data/report/body.toml")
    return tomllib.loads(file.read_text("utf-8"))

"""From records to statistics: every metric of a run, over any slice, ready for resampling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_pet2rep.metrics.resampling import Interval, Statistic, StatisticKind
from pytest_pet2rep.run.scoreboard import Scoring
from pytest_pet2rep.run.slices import EVERYTHING, Slice
from pytest_pet2rep.types import Case, Record

if TYPE_CHECKING:
    from pytest_pet2rep.anatomy import Profile
    from pytest_pet2rep.metrics.text import TextMetric
    from pytest_pet2rep.run.settings import RunSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownMetric:
    """What is known of a metric before anything has run."""

    name: str
    higher_is_better: bool
    kind: StatisticKind
    bounds: tuple[float, float]
    """Lowest and highest value."""
    slice_keys: frozenset[str]
    """Slice conditions that make sense for it."""


def known_metrics(text_metrics: Iterable[TextMetric] = ()) -> Mapping[str, KnownMetric]:
    """Return every metric that a gate may name: the clinical ones and ``text_metrics``."""
    raise NotImplementedError


def check_estimand(name: str, slice_: Slice, known: Mapping[str, KnownMetric]) -> KnownMetric:
    """Return the metric, or raise: ``UnknownName`` for it, ``UsageProblem`` for its slice."""
    raise NotImplementedError


def estimand(
    records: Sequence[Record], scoring: Scoring, name: str, slice_: Slice = EVERYTHING
) -> Statistic:
    """Return one metric over one slice of a run.

    Raises ``UnknownName`` for a metric, ``UsageProblem`` for a slice that it does not have, or
    for records of two languages without ``language=`` in the slice.
    """
    raise NotImplementedError


def expected_records(
    cases: Iterable[Case], profile: Profile, settings: RunSettings
) -> list[Record]:
    """Return what is expected of each organ of each case as records that have not run.

    What slices are matched against before the first generation.
    """
    raise NotImplementedError


def headline_intervals(
    records: Sequence[Record], scoring: Scoring, *, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """Return language -> metric -> two-sided 95 % interval for every score of the summary."""
    raise NotImplementedError

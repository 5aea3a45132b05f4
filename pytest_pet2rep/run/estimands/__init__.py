"""From records to statistics: every metric of a run, over any slice, ready for resampling.

The value of a statistic at the sums of all cases is the score that the summary prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.resampling import Interval, Statistic, StatisticKind, intervals
from pytest_pet2rep.metrics.resampling_statistic import Numbers
from pytest_pet2rep.run.estimands.reports import (
    Report,
    Row,
    Table,
    one_language,
    reports_of,
    tabulate,
)
from pytest_pet2rep.run.estimands.table import (
    ClassColumns,
    Definition,
    clinical_definitions,
    efficacy_definition,
    rate_definition,
)
from pytest_pet2rep.run.estimands.text import (
    overall_statistic,
    text_bounds,
    text_row,
    text_value,
)
from pytest_pet2rep.run.overall import OVERALL_PARTS
from pytest_pet2rep.run.scoreboard import Scoring
from pytest_pet2rep.run.slices import CASE_KEYS, EVERYTHING, Slice
from pytest_pet2rep.types import Case, Language, Outcome, Record

if TYPE_CHECKING:
    from pytest_pet2rep.anatomy import Profile
    from pytest_pet2rep.metrics.text import TextMetric
    from pytest_pet2rep.run.settings import RunSettings

_OVERALL = "overall"


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
    """Return every metric that a gate may name: the clinical ones and ``text_metrics``.

    ``overall`` is among them where ``text_metrics`` has its three parts.
    """
    known = {
        name: KnownMetric(
            name=name,
            higher_is_better=each.higher_is_better,
            kind=each.kind,
            bounds=each.bounds,
            slice_keys=each.family.slice_keys,
        )
        for name, each in clinical_definitions().items()
    }
    for metric in text_metrics:
        known[metric.name] = KnownMetric(
            name=metric.name,
            higher_is_better=metric.higher_is_better,
            kind=StatisticKind.ESTIMATE,
            bounds=text_bounds(metric),
            slice_keys=CASE_KEYS,
        )
    if known.keys() >= set(OVERALL_PARTS):
        known[_OVERALL] = replace(known["ce_f1"], name=_OVERALL, slice_keys=CASE_KEYS)
    return known


def check_estimand(name: str, slice_: Slice, known: Mapping[str, KnownMetric]) -> KnownMetric:
    """Return the metric, or raise: ``UnknownName`` for it, ``UsageProblem`` for its slice."""
    if name not in known:
        raise UnknownName("metric", name, known)
    foreign = sorted(slice_.keys - known[name].slice_keys)
    if foreign:
        raise UsageProblem(
            f"{name}{slice_.text}: {name} has no slice by {foreign[0]}; it has "
            f"{', '.join(sorted(known[name].slice_keys))}"
        )
    return known[name]


class Estimands:
    """The statistics of one run; what several of them are made from is worked out once."""

    def __init__(self, records: Iterable[Record], scoring: Scoring) -> None:
        self._reports = reports_of(records)
        self._scoring = scoring
        self._tables: dict[tuple[str, str, str], Table] = {}

    @property
    def languages(self) -> tuple[Language, ...]:
        """Languages of the reports, in order."""
        spoken = {(r.text or r.uptake[0]).facts["language"] for r in self._reports}
        return tuple(sorted(map(Language, spoken)))

    def of(self, name: str, slice_: Slice = EVERYTHING) -> Statistic:
        """Return one metric over one slice; raises as ``estimand`` does."""
        language, reports = one_language(self._reports, slice_)
        metrics = {metric.name: metric for metric in self._scoring.metrics.get(language, ())}
        check_estimand(name, slice_, known_metrics(metrics.values()))
        # Names apart, a slice by the only language there is is no slice.
        slice_ = replace(slice_, language=str(language))
        shown = f"{name}{self._shown(slice_).text}"
        if name == _OVERALL:
            return self._overall(shown, reports, slice_, metrics)
        if name in metrics:
            return self._text(shown, reports, slice_, metrics[name])
        return self._clinical(shown, reports, slice_, _definition(name, slice_))

    def _shown(self, slice_: Slice) -> Slice:
        return replace(slice_, language="") if len(self.languages) < 2 else slice_

    def _clinical(
        self, shown: str, reports: Sequence[Report], slice_: Slice, definition: Definition
    ) -> Statistic:
        family, profile = definition.family, self._scoring.profile
        kept = self._kept(reports, slice_, by_pair=family.by_pair)
        how = "pairs" if family.by_pair and slice_.keys != {"language"} else "cases"
        table = self._table(
            (family.name, how), slice_, kept, lambda r: family.row(r, profile), len(family.columns)
        )
        columns = list(definition.columns)
        return Statistic(
            name=shown,
            cases=table.cases,
            sums=table.sums[:, columns],
            value=definition.value,
            higher_is_better=definition.higher_is_better,
            signature=definition.signature(self._basis(slice_)) + self._mark(slice_),
            kind=definition.kind,
            supports=_supports(table, columns, definition.classes),
            rate=definition.rate,
            bounds=definition.bounds,
            repeats=None if table.repeats is None else table.repeats[:, :, columns],
        )

    def _text(
        self, shown: str, reports: Sequence[Report], slice_: Slice, metric: TextMetric
    ) -> Statistic:
        kept = self._kept(reports, slice_)
        width = next((len(row) for r in kept if (row := text_row(r, metric.name))), 1)
        table = self._table(
            ("text", metric.name), slice_, kept, lambda r: text_row(r, metric.name), width
        )
        return Statistic(
            name=shown,
            cases=table.cases,
            sums=table.sums,
            value=text_value(metric),
            higher_is_better=metric.higher_is_better,
            signature=metric.signature() + self._mark(slice_),
            bounds=text_bounds(metric),
            repeats=table.repeats,
        )

    def _overall(
        self,
        shown: str,
        reports: Sequence[Report],
        slice_: Slice,
        metrics: Mapping[str, TextMetric],
    ) -> Statistic:
        kept = Estimands((), self._scoring)
        kept._reports = list(self._kept(reports, slice_))
        if slice_.keys == {"language"}:
            kept._tables = self._tables
        parts = [kept.of(name) for name in OVERALL_PARTS]
        joined = overall_statistic(parts, metrics, self._basis(slice_))
        return replace(joined, name=shown, signature=joined.signature + self._mark(slice_))

    def _kept(
        self, reports: Sequence[Report], slice_: Slice, *, by_pair: bool = False
    ) -> Sequence[Report]:
        """Return what of the reports of one language belongs to the slice."""
        if slice_.keys <= {"language", "sklearn0"}:
            return reports
        parts = (r.of_pairs(slice_) if by_pair else r.of_cases(slice_) for r in reports)
        return [part for part in parts if part is not None]

    def _table(
        self,
        family: tuple[str, str],
        slice_: Slice,
        kept: Sequence[Report],
        row: Callable[[Report], Row | None],
        width: int,
    ) -> Table:
        subset = replace(slice_, sklearn0=False, state="")
        key = (*family, subset.text)
        if key not in self._tables:
            self._tables[key] = tabulate(kept, row, width)
        return self._tables[key]

    def _basis(self, slice_: Slice) -> Basis:
        return Basis(
            organs=self._scoring.profile.label,
            extractor=self._scoring.extractor,
            section=str(self._scoring.section),
            language=slice_.language,
            cleaning=self._scoring.cleaning,
        )

    def _mark(self, slice_: Slice) -> str:
        """Return what a signature says of the slice; the language stands in it anyway."""
        subset = replace(slice_, language="", sklearn0=False).text
        return f"|slice:{subset[1:-1]}" if subset else ""


def estimand(
    records: Iterable[Record], scoring: Scoring, name: str, slice_: Slice = EVERYTHING
) -> Statistic:
    """Return one metric over one slice of a run.

    Raises ``UnknownName`` for a metric, ``UsageProblem`` for a slice that it does not have, or
    for records of two languages without ``language=`` in the slice.  For several metrics of one
    run make one ``Estimands`` and ask it.
    """
    return Estimands(records, scoring).of(name, slice_)


def expected_records(
    cases: Iterable[Case], profile: Profile, settings: RunSettings
) -> list[Record]:
    """Return what is expected of each organ of each case as records that have not run.

    What slices are matched against before the first generation: reads the reference reports.
    """
    from pytest_pet2rep.run.assessment import read_scored
    from pytest_pet2rep.run.expectations import expectations_of
    from pytest_pet2rep.run.items import UPTAKE, ordered

    records = []
    for case in cases:
        language = settings.language or case.language
        reference = read_scored(case.references[language], language, settings.section)
        for organ, wanted in expectations_of(case, profile, reference.states).items():
            facts = {"language": str(language), "sex": case.sex}
            size = {} if wanted.diameter_mm is None else {"diameter_mm": wanted.diameter_mm}
            records.append(
                Record(
                    cohort=case.cohort,
                    case=case.id,
                    check=UPTAKE,
                    organ=organ,
                    outcome=Outcome.NOT_RUN,
                    expected=ordered(wanted.states),
                    source=str(wanted.source),
                    visible=wanted.visible,
                    facts={**facts, **size},
                )
            )
    return records


def headline_intervals(
    records: Iterable[Record], scoring: Scoring, *, seed: int = 0
) -> dict[Language, dict[str, Interval]]:
    """Return language -> metric -> two-sided 95 % interval of every score over everything.

    All from the same resampled cases; a language without reports has no key.
    """
    made, found = Estimands(records, scoring), {}
    for language in made.languages:
        whole = Slice(language=language.value)
        names = known_metrics(scoring.metrics.get(language, ()))
        statistics = [made.of(name, whole) for name in names]
        limits = intervals(statistics, seed=seed)
        found[language] = dict(zip(names, limits, strict=True))
    return found


def _definition(name: str, slice_: Slice) -> Definition:
    if name.startswith("ce_"):
        return efficacy_definition(name, slice_)
    if slice_.state:
        return rate_definition(name, slice_)
    return clinical_definitions()[name]


def _supports(
    table: Table, columns: Sequence[int], classes: Iterable[ClassColumns]
) -> Numbers | None:
    """Return the expected events of the classes that the score uses, a column each."""
    sums, per_report = table.sums[:, columns], table.per_report[:, columns]
    entering = [each for each in classes if sums[:, list(each.used)].sum() > 0]
    if not entering:
        return None
    return np.stack([per_report[:, list(each.support)].sum(axis=1) for each in entering], axis=1)

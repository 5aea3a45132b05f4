"""From records to scores: text metrics, clinical efficacy, rates and their mean ``overall``.

One tally per language, case by case: only sums and counts are kept, so the same code scores a
run, a shard and a stream of a million pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import add_to
from pytest_pet2rep.metrics.efficacy import (
    EfficacyTable,
    efficacy_counts,
    efficacy_table,
    row_of,
)
from pytest_pet2rep.metrics.efficacy_scores import SLICES, Convention, efficacy_scores
from pytest_pet2rep.metrics.lesions import lesion_scores, lesion_signature
from pytest_pet2rep.metrics.petrg import petrg_scores, petrg_signature, petrg_table
from pytest_pet2rep.metrics.rates import rate_counts, rate_scores, rate_signature
from pytest_pet2rep.metrics.risk import (
    risk_counts,
    risk_row,
    risk_scores,
    risk_signature,
    risk_table,
)
from pytest_pet2rep.metrics.text import ScoreAccumulator
from pytest_pet2rep.run.check_words import check_words_digest
from pytest_pet2rep.run.overall import overall
from pytest_pet2rep.types import Language, Record, Score, Section

if TYPE_CHECKING:
    from pytest_pet2rep.anatomy import Profile
    from pytest_pet2rep.metrics.text import TextMetric

CLINICAL_NAMES = frozenset(
    {"ce_precision", "ce_recall", "ce_f1", "ce_f1_classmean", "overall", "miss_rate",
     "false_alarm_rate", "risk_per_case", "error_rate", "refusal_rate", "coverage"}
)  # fmt: skip
"""Metrics that every run has; naming them among the text metrics changes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreSet:
    """The scores of all cases of one language."""

    language: Language
    cases: int
    text: tuple[Score, ...]
    clinical: tuple[Score, ...]
    sliced: tuple[Score, ...]
    """Clinical efficacy of ``[visible=true]``, ``[scored_only]`` and ``[reviewed]``."""
    sklearn0: tuple[Score, ...]
    """Clinical efficacy of all cases by the other convention, ``[sklearn0]``."""
    rates: tuple[Score, ...]
    lesions: tuple[Score, ...]
    """Lesion matching, laterality, SUVmax agreement."""
    petrg: tuple[Score, ...]
    risk: tuple[Score, ...]
    overall: Score
    efficacy: EfficacyTable
    counts: Mapping[str, Any]
    """Organ -> ``expected>generated`` -> pairs; see ``metrics.efficacy.efficacy_counts``."""

    def all(self) -> tuple[Score, ...]:
        """Return every score, headline values first."""
        return (
            self.overall,
            *self.text,
            *self.clinical,
            *self.rates,
            *self.risk,
            *self.lesions,
            *self.petrg,
            *self.sklearn0,
            *self.sliced,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoring:
    """What scores depend on beside the records."""

    profile: Profile
    section: Section
    extractor: str
    cleaning: str = "clean:none"
    """Version of the cleaning step between what a model returned and what is scored."""
    metrics: Mapping[Language, tuple[TextMetric, ...]] = field(default_factory=dict)


class Tally:
    """Adds up the cases of one language."""

    def __init__(self, language: Language, scoring: Scoring) -> None:
        self._language = language
        self._scoring = scoring
        self._text = ScoreAccumulator(scoring.metrics[language])
        self._efficacy: dict[str, dict[str, Any]] = {name: {} for name in SLICES}
        self._counts: dict[str, dict[str, Any]] = {}
        self._cases = 0

    def add(self, records: Sequence[Record]) -> None:
        """Add the records of one case (one repeat of it)."""
        self._cases += 1
        uptake = [record for record in records if record.check == "uptake"]
        text = [record for record in records if record.check == "text"]
        for record in text:
            self._text.add(record.facts["statistics"])
            self._add("lesions", record.facts["lesions"])
            self._add("petrg", record.facts["petrg"])
        rows = [row_of(record) for record in uptake]
        for name, keep in SLICES.items():
            counts = efficacy_counts(keep(rows))
            add_to(self._efficacy[name], counts)
        flags = {flag for record in text for flag in record.facts["flags"]}
        if any(record.facts["lesions"]["suv_invented"] for record in text):
            flags.add("invented_suv")
        self._add("rates", rate_counts(uptake))
        if uptake:
            organs = self._scoring.profile
            risks = (risk_row(record, organs[record.organ].fine) for record in uptake)
            self._add("risk", risk_counts(risks, flags=flags))

    def _add(self, name: str, counts: Mapping[str, Any]) -> None:
        add_to(self._counts.setdefault(name, {}), counts)

    def scores(self) -> ScoreSet:
        """Return the scores of everything added so far."""
        tables = {name: efficacy_table(counts) for name, counts in self._efficacy.items()}
        basis, counts = self._basis(), self._counts
        sliced = {
            name: efficacy_scores(table, basis=basis, slice_name=name)
            for name, table in tables.items()
        }
        text, clinical = self._text.scores(), sliced.pop("all")
        regions = load_profile("petrg24").label
        return ScoreSet(
            language=self._language,
            cases=self._cases,
            text=text,
            clinical=clinical,
            sliced=tuple(score for scores in sliced.values() for score in scores),
            sklearn0=efficacy_scores(tables["all"], basis=basis, convention=Convention.SKLEARN0),
            rates=rate_scores(counts.get("rates", {}), signature=rate_signature(basis)),
            lesions=lesion_scores(counts.get("lesions", {}), signature=lesion_signature(basis)),
            petrg=petrg_scores(
                petrg_table(counts.get("petrg", {})),
                signature=petrg_signature(basis, regions=regions),
            ),
            risk=risk_scores(
                risk_table(counts.get("risk", {})),
                signature=risk_signature(basis, checks=check_words_digest()),
            ),
            overall=overall((*text, *clinical), basis),
            efficacy=tables["all"],
            counts=self._efficacy["all"].get("organs", {}),
        )

    def _basis(self) -> Basis:
        return Basis(
            organs=self._scoring.profile.label,
            extractor=self._scoring.extractor,
            section=str(self._scoring.section),
            language=str(self._language),
            cleaning=self._scoring.cleaning,
        )


def score_sets(records: Sequence[Record], scoring: Scoring) -> tuple[ScoreSet, ...]:
    """Score the records of each language apart, languages in order."""
    tallies: dict[Language, Tally] = {}
    for case in _cases(records):
        language = Language(case[0].facts["language"])
        tallies.setdefault(language, Tally(language, scoring)).add(case)
    return tuple(tallies[language].scores() for language in sorted(tallies))


def _cases(records: Sequence[Record]) -> list[list[Record]]:
    by_case: dict[tuple[str, str, int], list[Record]] = {}
    for record in records:
        by_case.setdefault((record.cohort, record.case, record.repeat), []).append(record)
    return list(by_case.values())

"""From records to scores: text metrics, clinical efficacy, rates and their mean ``overall``.

One tally per language, case by case: only sums and counts are kept, so the same code scores a
run, a shard and a stream of a million pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.metrics.counts import add_to
from pytest_pet2rep.metrics.efficacy import (
    EfficacyTable,
    efficacy_counts,
    efficacy_table,
    row_of,
)
from pytest_pet2rep.metrics.efficacy_scores import SLICES, ce_signature, efficacy_scores
from pytest_pet2rep.metrics.lesions import lesion_scores
from pytest_pet2rep.metrics.petrg import petrg_scores, petrg_signature, petrg_table
from pytest_pet2rep.metrics.rates import rate_counts, rate_scores
from pytest_pet2rep.metrics.risk import (
    risk_counts,
    risk_row,
    risk_scores,
    risk_signature,
    risk_table,
)
from pytest_pet2rep.metrics.text import ScoreAccumulator
from pytest_pet2rep.types import Language, Level, Record, Score, Section

if TYPE_CHECKING:
    from pytest_pet2rep.anatomy import Profile
    from pytest_pet2rep.metrics.text import TextMetric

CLINICAL_NAMES = frozenset(
    {"ce_precision", "ce_recall", "ce_f1", "ce_f1_classmean", "overall", "miss_rate",
     "false_alarm_rate", "risk_per_case", "error_rate", "refusal_rate", "coverage"}
)  # fmt: skip
"""Metrics that every run has; naming them among the text metrics changes nothing."""
OVERALL_PARTS = ("bleu4", "meteor", "rouge_l", "ce_precision", "ce_recall", "ce_f1")
"""``overall`` is their unweighted mean (benchmark definition of PET2Rep)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreSet:
    """The scores of all cases of one language."""

    language: Language
    cases: int
    text: tuple[Score, ...]
    clinical: tuple[Score, ...]
    sliced: tuple[Score, ...]
    """Clinical efficacy of ``[visible=true]``, ``[scored_only]`` and ``[reviewed]``."""
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
            *self.sliced,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoring:
    """What scores depend on beside the records."""

    profile: Profile
    section: Section
    extractor: str
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
            self._add("risk", risk_counts(map(risk_row, uptake), flags=flags))

    def _add(self, name: str, counts: Mapping[str, Any]) -> None:
        add_to(self._counts.setdefault(name, {}), counts)

    def scores(self) -> ScoreSet:
        """Return the scores of everything added so far."""
        tables = {name: efficacy_table(counts) for name, counts in self._efficacy.items()}
        parts = {
            "organs": self._scoring.profile.label,
            "extractor": self._scoring.extractor,
            "section": str(self._scoring.section),
        }
        signature = ce_signature(
            organs=parts["organs"], extractor=parts["extractor"], section=parts["section"]
        )
        by_slice = {
            name: efficacy_scores(table, signature=signature, slice_name=name)
            for name, table in tables.items()
        }
        text, clinical, counts = self._text.scores(), by_slice.pop("all"), self._counts
        reading = {"extractor": parts["extractor"], "section": parts["section"]}
        return ScoreSet(
            language=self._language,
            cases=self._cases,
            text=text,
            clinical=clinical,
            sliced=tuple(score for scores in by_slice.values() for score in scores),
            rates=rate_scores(counts.get("rates", {}), signature=signature),
            lesions=lesion_scores(
                counts.get("lesions", {}),
                signature=f"lesions|extractor:{parts['extractor']}|section:{parts['section']}",
            ),
            petrg=petrg_scores(
                petrg_table(counts.get("petrg", {})),
                signature=petrg_signature(regions=load_profile("petrg24").label, **reading),
            ),
            risk=risk_scores(risk_table(counts.get("risk", {})), signature=risk_signature(**parts)),
            overall=overall((*text, *clinical)),
            efficacy=tables["all"],
            counts=self._efficacy["all"].get("organs", {}),
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


def overall(scores: Sequence[Score]) -> Score:
    """Return the mean of the six parts, unscored if one of them is missing or unscored."""
    by_name = {score.name: score for score in scores}
    parts = [by_name.get(name) for name in OVERALL_PARTS]
    values = [part.value for part in parts if part is not None and part.value is not None]
    missing = [
        name
        for name, part in zip(OVERALL_PARTS, parts, strict=True)
        if part is None or part.value is None
    ]
    found = [part for part in parts if part is not None]
    return Score(
        name="overall",
        value=None if missing else sum(values) / len(values),
        signature="overall|mean_of:" + "+".join(OVERALL_PARTS),
        n=min((part.n for part in found), default=0),
        level=Level.CORPUS,
        reason=f"needs {', '.join(missing)}" if missing else "",
    )

"""Score outputs that exist already: pairs of reference and prediction, without pytest.

The same readings, judgements and statistics as in the plugin, one pair at a time: only sums and
counts are kept, so a million pairs stream in constant memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.errors import GenerationFailed, UsageProblem
from pytest_pet2rep.run.assessment import assess
from pytest_pet2rep.run.items import text_record, uptake_record
from pytest_pet2rep.run.scoreboard import ScoreSet, Scoring, Tally
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.run.text_metrics import chosen_metrics, cleaning_label
from pytest_pet2rep.run.usability import Question, attempt_of
from pytest_pet2rep.types import (
    Case,
    Generation,
    GenerationRequest,
    Language,
    Record,
    Section,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PairToScore:
    """One pair; a ``prediction`` of ``None`` is a report that is missing: a miss of everything."""

    id: str
    reference: str
    prediction: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PairScores:
    """Scores of a set of pairs; ``values`` is what a training callback wants."""

    scores: ScoreSet
    outcomes: Mapping[str, int]
    """Outcome of the (pair, organ) items -> count."""
    pairs: int

    @property
    def values(self) -> dict[str, float | None]:
        """Metric name -> value (0..1), ``None`` where unscored."""
        return {score.name: score.value for score in self.scores.all()}


def score(
    references: Sequence[str],
    predictions: Sequence[str | None],
    *,
    language: Language | str,
    metrics: Sequence[str] = ("pet2rep",),
    organs: str = "pet2rep19",
    section: Section | str = Section.FINDINGS,
    clean: bool = True,
) -> PairScores:
    """Score predicted reports against references, pair by pair in order.

    A prediction of ``None`` is a report that is missing.  ``clean`` takes out what is no part of a
    report (think blocks, code fences ...), as a run does.  Raises ``UsageProblem`` for unequal
    lengths, an unknown language, metric, organ list or section.
    """
    if len(references) != len(predictions):
        raise UsageProblem(
            f"{len(references)} references but {len(predictions)} predictions: give one each"
        )
    pairs = [
        PairToScore(id=str(number), reference=reference, prediction=prediction)
        for number, (reference, prediction) in enumerate(zip(references, predictions, strict=True))
    ]
    settings = pair_settings(
        language=language, metrics=metrics, organs=organs, section=section, clean=clean
    )
    return score_stream(lambda: pairs, settings)


def pair_settings(
    *,
    language: Language | str,
    metrics: Sequence[str],
    organs: str,
    section: Section | str,
    clean: bool = True,
    metric_args: Mapping[str, str] | None = None,
) -> RunSettings:
    """Return checked settings for scoring pairs; raises ``UsageProblem``."""
    try:
        return RunSettings(
            model="pairs",
            language=Language(language),
            section=Section(section),
            metrics=tuple(metrics),
            organs=organs,
            clean=clean,
            metric_args=metric_args or {},
        )
    except ValueError as why:
        raise UsageProblem(
            f"{why}: language is zh or en; section is findings, impression or both"
        ) from None


def score_stream(
    pairs: Callable[[], Iterable[PairToScore]],
    settings: RunSettings,
    *,
    each: Callable[[PairToScore, Sequence[Record]], None] | None = None,
) -> PairScores:
    """Score the pairs that ``pairs()`` yields, in constant memory.

    ``pairs`` is called once more before for each metric that must see all references first
    (``cider``).
    ``each`` is told the records of every pair as it passes.
    """
    from pytest_pet2rep.findings.reader import EXTRACTOR

    language, section = settings.language or Language.ZH, settings.section
    metrics = chosen_metrics(settings, language, lambda: (pair.reference for pair in pairs()))
    scoring = Scoring(
        profile=load_profile(settings.organs),
        section=section,
        extractor=EXTRACTOR,
        cleaning=cleaning_label(settings),
        metrics={language: metrics},
    )
    tally, outcomes, count = Tally(language, scoring), Counter[str](), 0
    for pair in pairs():
        records = pair_records(pair, settings, scoring, language)
        tally.add(records)
        outcomes.update(str(record.outcome) for record in records if record.check == "uptake")
        count += 1
        if each is not None:
            each(pair, records)
    return PairScores(scores=tally.scores(), outcomes=dict(sorted(outcomes.items())), pairs=count)


def pair_records(
    pair: PairToScore, settings: RunSettings, scoring: Scoring, language: Language
) -> list[Record]:
    """Return the text record and the uptake records of one pair."""
    case = Case(
        id=pair.id,
        folder=Path(),
        cohort="pairs",
        language=language,
        references={language: pair.reference},
    )
    request = GenerationRequest(case_id=pair.id, language=language, system="", user="", template="")
    answer = (
        GenerationFailed(f"{pair.id}: there is no prediction")
        if pair.prediction is None
        else Generation(raw=pair.prediction)
    )
    question = Question(case=case, request=request, language=language, clean=settings.clean)
    attempt = attempt_of(question, answer)
    assessed = assess(
        case, attempt, language=language, section=settings.section, profile=scoring.profile
    )
    return [
        text_record(assessed, settings, scoring.metrics[language]),
        *(
            uptake_record(assessed, organ.id, scoring.profile, settings)
            for organ in scoring.profile.organs
        ),
    ]

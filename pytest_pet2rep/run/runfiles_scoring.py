"""What a stored run is scored with: the metrics of its card under the signatures of its scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_pet2rep.errors import DataProblem, MetricUnavailable, UsageProblem
from pytest_pet2rep.metrics.text import AdditiveMetric, Convention, Pair, TextMetric
from pytest_pet2rep.run.runfiles import RunData
from pytest_pet2rep.run.scoreboard import CLINICAL_NAMES, Scoring
from pytest_pet2rep.types import Language, Level, Section


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMetric(AdditiveMetric):
    """A text metric of which only the statistics of cases are left.

    What adds them up is the metric ``made_by`` where it is installed; a mean of cases needs none.
    It cannot score a text.
    """

    stored_signature: str
    made_by: TextMetric | None = None

    def settings(self) -> tuple[str, ...]:
        return ()

    def signature(self, n: int | None = None) -> str:
        return self.stored_signature if n is None else f"{self.stored_signature}|n:{n}"

    def statistics(self, reference: str, prediction: str) -> list[float]:
        raise MetricUnavailable(
            f"metric {self.name!r} cannot score texts here: it is read from a stored run"
        )

    def batch_statistics(self, pairs: Sequence[Pair]) -> list[list[float]]:
        return [self.statistics(*pair) for pair in pairs]

    def value(self, sums: Sequence[float], n: int) -> float | None:
        if self.made_by is not None:
            return self.made_by.value(sums, n)
        return AdditiveMetric.value(self, sums, n)


def stored_scoring(run: RunData) -> Scoring:
    """Return the scoring of a stored run; see ``runfiles.scoring_of``.

    Raises ``DataProblem`` for a corpus score of a metric that is not installed.
    """
    card = run.card
    return Scoring(
        profile=run.profile,
        section=Section(card["section"]),
        extractor=card["extractor"],
        cleaning=cleaning_of(card),
        metrics={
            Language(language): tuple(_metrics(run, Language(language), names))
            for language, names in card["scoring"]["text_metrics"].items()
        },
    )


def _metrics(
    run: RunData, language: Language, stored: Sequence[Mapping[str, Any]]
) -> Iterator[TextMetric]:
    known = _installed(run, language)
    for entry in stored:
        name, signature, level = entry["name"], entry["signature"], Level(entry["level"])
        made_by = known.get(name)
        if made_by is not None and made_by.signature() == signature:
            yield made_by
            continue
        if level is not Level.MEAN_OF_CASES and (made_by is None or made_by.level is not level):
            raise DataProblem(
                f"the run has {name}, a {level} score of a metric that is not installed here"
            )
        yield StoredMetric(
            name=name,
            convention=Convention(language=language, section=Section(run.card["section"])),
            level=level,
            higher_is_better=entry["higher_is_better"],
            stored_signature=signature,
            made_by=made_by if made_by is not None and made_by.level is level else None,
        )


def _installed(run: RunData, language: Language) -> dict[str, TextMetric]:
    """Return the metrics of the run that can be made here, by name.

    What needs a file or a package that is not here is left out, alone.
    """
    scoring = run.card["scoring"]
    names, arguments = scoring["metrics"], scoring.get("metric_args", {})
    found: dict[str, TextMetric] = {}
    for chosen, given in [(names, arguments), *(([name], {}) for name in names)]:
        try:
            metrics = _resolved(run, language, chosen, given)
        except (UsageProblem, DataProblem):
            continue
        found = {metric.name: metric for metric in metrics} | found
    return found


def _resolved(
    run: RunData, language: Language, names: Sequence[str], arguments: Mapping[str, str]
) -> tuple[TextMetric, ...]:
    from pytest_pet2rep.metrics.registry import resolve_metrics
    from pytest_pet2rep.run.text_metrics import metric_options

    return resolve_metrics(
        names,
        language=language,
        section=Section(run.card["section"]),
        cleaning=cleaning_of(run.card),
        options=metric_options(arguments),
        other_names=CLINICAL_NAMES,
    )


def cleaning_of(card: Mapping[str, Any]) -> str:
    """Return what signatures say of the cleaning step of a run."""
    return "clean:none" if card["cleaning"] == "none" else str(card["cleaning"])

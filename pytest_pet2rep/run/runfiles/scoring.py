"""What a stored run is scored with: the metrics of its card under the signatures of its scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf
from typing import Any

from pytest_pet2rep.errors import DataProblem, MetricUnavailable, UsageProblem
from pytest_pet2rep.metrics.text import AdditiveMetric, Convention, Pair, TextMetric
from pytest_pet2rep.run.runfiles.rundata import RunData
from pytest_pet2rep.run.scoreboard import CLINICAL_NAMES, Scoring
from pytest_pet2rep.types import Language, Level, Section


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMetric(AdditiveMetric):
    """A text metric of which only the statistics of cases are left.

    What adds them up is the metric ``made_by`` where it is installed; a mean of cases needs none.
    It cannot score a text.
    """

    stored_signature: str
    bounds: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest value, infinite where unknown."""
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
        if made_by is not None and made_by.level is level and _is_dataclass(made_by):
            yield _signed(made_by, signature)
            continue
        low, high = entry.get("bounds", (0.0, 1.0))
        yield StoredMetric(
            name=name,
            convention=Convention(language=language, section=Section(run.card["section"])),
            level=level,
            higher_is_better=entry["higher_is_better"],
            stored_signature=signature,
            bounds=(-inf if low is None else low, inf if high is None else high),
            made_by=made_by if made_by is not None and made_by.level is level else None,
        )


def _is_dataclass(metric: TextMetric) -> bool:
    """Say whether a metric is a plain dataclass, whose parts can be taken over."""
    return hasattr(metric, "__dataclass_fields__")


def _signed(made_by: TextMetric, stored_signature: str) -> TextMetric:
    """Return ``made_by`` under the signature that its statistics were made with.

    It stays an instance of its class: what is known of its values holds.
    """

    def signature(_: TextMetric, n: int | None = None) -> str:
        return stored_signature if n is None else f"{stored_signature}|n:{n}"

    kind = type(made_by)
    body = {"signature": signature, "__slots__": (), "__module__": kind.__module__}
    signed: TextMetric = object.__new__(type(kind.__name__, (kind,), body))
    for field in fields(made_by):  # type: ignore[arg-type]  # a dataclass, as was asked before
        object.__setattr__(signed, field.name, getattr(made_by, field.name))
    return signed


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

"""The text metrics of a run: resolved, shown the references if they must be, and self-tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.run.scoreboard import CLINICAL_NAMES
from pytest_pet2rep.types import Language, Section

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.registry import MetricOptions
    from pytest_pet2rep.metrics.text import Sees, TextMetric
    from pytest_pet2rep.run.settings import RunSettings


def chosen_metrics(
    settings: RunSettings, language: Language, references: Callable[[], Iterable[str]]
) -> tuple[TextMetric, ...]:
    """Return the text metrics of ``settings`` for ``language``.

    ``references`` gives the whole references, once each time that it is called; it is called only
    if a metric must see all of them first (``cider``).  Raises ``UsageProblem`` for an unknown
    name, a missing package or a failed self-test.
    """
    from pytest_pet2rep.metrics.registry import resolve_metrics
    from pytest_pet2rep.metrics.selftest import self_test

    metrics = resolve_metrics(
        settings.metrics,
        language=language,
        section=settings.section,
        cleaning=cleaning_label(settings),
        options=metric_options(settings.metric_args),
        other_names=CLINICAL_NAMES,
    )
    self_test(metrics, language)
    return tuple(_fitted(metric, settings.section, references) for metric in metrics)


def _fitted(
    metric: TextMetric, section: Section, references: Callable[[], Iterable[str]]
) -> TextMetric:
    from pytest_pet2rep.findings.sections import section_text
    from pytest_pet2rep.metrics.text import CorpusFitted, Sees

    if not isinstance(metric, CorpusFitted):
        return metric
    if sees(metric) is Sees.WHOLE:
        return metric.fit(references())
    return metric.fit(section_text(reference, section)[0] for reference in references())


def sees(metric: TextMetric) -> Sees:
    """Say what ``metric`` asks for; one of another package that does not say, what is scored."""
    from pytest_pet2rep.metrics.text import Sees

    return Sees(getattr(metric, "sees", Sees.SCORED))


def cleaning_label(settings: RunSettings) -> str:
    """Return what signatures say of the cleaning step: its version, or ``clean:none``."""
    from pytest_pet2rep.models.cleaning import CLEANING

    return CLEANING if settings.clean else "clean:none"


def metric_options(arguments: Mapping[str, str]) -> MetricOptions:
    """Turn ``KEY=VALUE`` arguments into options of the text metrics.

    Raises ``UnknownName`` for a key that no metric knows, ``UsageProblem`` for a wrong value.
    """
    from pytest_pet2rep.metrics.registry import MetricOptions

    known = [field.name for field in fields(MetricOptions)]
    values: dict[str, Any] = dict(arguments)
    for key in arguments:
        if key not in known:
            raise UnknownName("metric argument", key, known)
    if "user_dictionary" in values:
        values["user_dictionary"] = Path(values["user_dictionary"]).expanduser()
    if "bertscore_layer" in values:
        if not values["bertscore_layer"].isdigit():
            raise UsageProblem(f"bertscore_layer={values['bertscore_layer']}: needs a layer number")
        values["bertscore_layer"] = int(values["bertscore_layer"])
    return MetricOptions(**values)

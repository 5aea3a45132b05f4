"""The text metrics of a run: resolved, shown the references if they must be, and self-tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pytest_pet2rep.run.scoreboard import CLINICAL_NAMES
from pytest_pet2rep.types import Language

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.text import TextMetric
    from pytest_pet2rep.run.settings import RunSettings


def chosen_metrics(
    settings: RunSettings, language: Language, references: Callable[[], Iterable[str]]
) -> tuple[TextMetric, ...]:
    """Return the text metrics of ``settings`` for ``language``.

    ``references`` is called only if a metric must see all references first (``cider``).  Raises
    ``UsageProblem`` for an unknown name, a missing package or a failed self-test.
    """
    from pytest_pet2rep.metrics.registry import resolve_metrics
    from pytest_pet2rep.metrics.selftest import self_test
    from pytest_pet2rep.metrics.text import fit_metrics

    metrics = resolve_metrics(
        settings.metrics, language=language, section=settings.section, other_names=CLINICAL_NAMES
    )
    self_test(metrics, language)
    return fit_metrics(metrics, references())

"""Headline scores of clinical efficacy: two named conventions, four slices, one signature each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.efficacy import (
    ClassCounts,
    Classes,
    EfficacyRow,
    EfficacyTable,
    pooled,
)
from pytest_pet2rep.metrics.judgement import abnormal
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    ExpectationSource,
    Level,
    Score,
    UptakeState,
)

CE_NAMES = (
    "ce_precision",
    "ce_recall",
    "ce_f1",
    "ce_f1_classmean",
    "ce_precision_micro",
    "ce_recall_micro",
    "ce_f1_micro",
)


class Convention(StrEnum):
    """Which states enter the unweighted mean."""

    PAPER = "paper"
    """Those with support in the reference or predictions; the others are left out and named."""
    SKLEARN0 = "sklearn0"
    """All three, a value without a denominator being 0 (scikit-learn's ``zero_division=0``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """Unweighted means over states, each 0..1."""

    precision: float
    recall: float
    f1: float
    """Harmonic mean of ``precision`` and ``recall``."""
    f1_classmean: float
    """Mean of the F1 of each state."""


def class_means(classes: Sequence[ClassCounts]) -> Means:
    """Average precision, recall and F1 over ``classes`` (at least one)."""
    n = len(classes)
    precision = sum(c.precision for c in classes) / n
    recall = sum(c.recall for c in classes) / n
    return Means(
        precision=precision,
        recall=recall,
        f1=harmonic_mean(precision, recall),
        f1_classmean=sum(c.f1 for c in classes) / n,
    )


def harmonic_mean(precision: float, recall: float) -> float:
    """2PR / (P + R); 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def left_out(classes: Classes) -> tuple[UptakeState, ...]:
    """Return the states that neither a reference nor a report has: not in the ``paper`` mean."""
    return tuple(s for s in ABNORMAL_STATES if not (classes[s].support or classes[s].predicted))


def ce_values(
    classes: Classes, convention: Convention = Convention.PAPER
) -> dict[str, float | None]:
    """Return every value of clinical efficacy from the counts per state.

    Under ``paper`` all are ``None`` where nothing abnormal was expected nor reported; a false alarm
    is enough for a value, which is then 0.
    """
    micro = pooled(classes.values())
    if convention is Convention.PAPER and not (micro.support or micro.predicted):
        return dict.fromkeys(CE_NAMES)
    missing = left_out(classes) if convention is Convention.PAPER else ()
    means = class_means([classes[s] for s in ABNORMAL_STATES if s not in missing])
    values = (
        means.precision,
        means.recall,
        means.f1,
        means.f1_classmean,
        micro.precision,
        micro.recall,
        micro.f1,
    )
    return dict(zip(CE_NAMES, values, strict=True))


def ce_signature(basis: Basis, convention: Convention = Convention.PAPER) -> str:
    """Spell out everything that a clinical efficacy value depends on beside the reports."""
    return f"ce|conv:{convention}|{basis.signature()}|unstated:negative"


def efficacy_scores(
    table: EfficacyTable,
    *,
    basis: Basis,
    convention: Convention = Convention.PAPER,
    slice_name: str = "all",
) -> tuple[Score, ...]:
    """Return ``ce_precision``, ``ce_recall``, ``ce_f1``, ``ce_f1_classmean`` and micro values.

    ``n`` is the number of cases.  Without a case every value is unscored with its reason, and under
    ``paper`` also without any abnormal state in references and reports.  A state left out of the
    mean is named in ``reason`` of a scored value.  Values of a slice other than ``all`` are named
    ``ce_f1[visible=true]`` and carry ``slice:`` in their signature; those of the convention
    ``sklearn0`` are named ``ce_f1[sklearn0]``.
    """
    values = ce_values(table.per_class, convention) if table.cases else dict.fromkeys(CE_NAMES)
    reason = _reason(table, convention)
    marks = [] if slice_name == "all" else [slice_name]
    signature = "|slice:".join([ce_signature(basis, convention), *marks])
    marks += [] if convention is Convention.PAPER else [str(convention)]
    suffix = f"[{','.join(marks)}]" if marks else ""
    return tuple(
        Score(
            name=name + suffix,
            value=value,
            signature=signature,
            n=table.cases,
            level=Level.CORPUS,
            reason=reason,
        )
        for name, value in values.items()
    )


def _reason(table: EfficacyTable, convention: Convention) -> str:
    if not table.cases:
        return "no cases"
    missing = left_out(table.per_class) if convention is Convention.PAPER else ()
    if len(missing) == len(ABNORMAL_STATES):
        return f"no abnormal state, expected or reported, in {table.cases} cases"
    return f"mean without {', '.join(missing)}: neither expected nor reported" if missing else ""


Rows = Sequence[EfficacyRow]


def _scored_only(rows: Rows) -> list[EfficacyRow]:
    return [row for row in rows if row.generated is not None]


def _reviewed(rows: Rows) -> list[EfficacyRow]:
    by_a_person = {ExpectationSource.EXPLICIT.value, ExpectationSource.REVIEWED.value}
    return [row for row in rows if row.source in by_a_person]


def _extracted(rows: Rows) -> list[EfficacyRow]:
    return [row for row in rows if row.source == ExpectationSource.EXTRACTED.value]


def _visible(rows: Rows) -> list[EfficacyRow]:
    positive = [row for row in rows if abnormal(row.expected)]
    if any(row.visible is None for row in positive):
        return []
    return [row for row in rows if row.visible or not abnormal(row.expected)]


SLICES: Mapping[str, Callable[[Rows], list[EfficacyRow]]] = {
    "all": list,
    "visible=true": _visible,
    "scored_only": _scored_only,
    "reviewed": _reviewed,
    "extracted": _extracted,
}
"""Slice -> the rows of *one case* that belong to it.

``all`` is the headline.  ``visible=true`` keeps pairs whose expected abnormal state can be seen in
the pixels sent, and pairs without one (where there is nothing to see, a false alarm still counts);
a case in which that is unknown for any expected abnormal state leaves the slice.  ``scored_only``
keeps cases with a usable generation.  ``reviewed`` keeps expectations that a person stands for:
written in the case file or confirmed; ``extracted`` keeps those that were read out of the
reference report by the extractor alone.
"""

"""ce_f1 of the model beside the floors, with intervals from a bootstrap over patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from patients import PROFILE, Patient
from writing import Writer, template_states

from pytest_pet2rep.metrics.efficacy import EfficacyRow, class_vector, classes_of, efficacy_counts
from pytest_pet2rep.metrics.efficacy_scores import ce_values
from pytest_pet2rep.types import ABNORMAL_STATES, NORMAL, States

LEAST_LEAD = 0.10
MOST_BLANK = 0.03
"""With blank pictures the model may lie this far above the best floor."""
ORGANS = tuple(organ.id for organ in PROFILE.organs)
FLOORS = ("template", "all-normal", "majority", "shuffled")
DRAWS = 2000
GREY = 128
Figures = dict[str, Any]
Said = Mapping[str, States] | None
Vectors = NDArray[np.int64]
"""TP, FP, FN of each state, for each patient: shape (patients, 9)."""


def figures_of(writer: Writer, patients: Sequence[Patient]) -> Figures:
    """Everything that the model card tells of one group of patients."""
    shown = [patient.images for patient in patients]
    said = writer.states(patients, shown)
    seconds = median(writer.seconds[-len(patients) :])
    grey = [tuple(replace(i, pixels=np.full_like(i.pixels, GREY)) for i in own) for own in shown]
    rows: dict[str, Sequence[Said]] = {
        "model": said,
        "blank": writer.states(patients, grey),
        "swapped": writer.states(patients, shown[1:] + shown[:1]),
        **floors(patients),
    }
    vectors = {name: vectors_of(patients, states) for name, states in rows.items()}
    return {
        "patients": len(patients),
        "seconds_a_report": round(seconds, 2),
        "ce_f1": {name: interval(found) for name, found in vectors.items()},
        "lead": {name: interval(vectors["model"], vectors[name]) for name in FLOORS},
        "states": by_state(vectors["model"]),
        "organs": by_organ(patients, said),
    }


def reached(figures: Figures) -> bool:
    """Whether the lead is sure, and gone when the pictures are."""
    best = max(figures["ce_f1"][name][0] for name in FLOORS)
    led = all(low >= LEAST_LEAD for _, low, _ in figures["lead"].values())
    return led and figures["ce_f1"]["blank"][0] <= best + MOST_BLANK


def floors(patients: Sequence[Patient]) -> dict[str, Sequence[Said]]:
    """What somebody says who never looks, by the names of the baselines."""
    template = template_states()
    normal: Mapping[str, States] = dict.fromkeys(ORGANS, NORMAL)
    usual = {
        organ: Counter(patient.truth[organ] for patient in patients).most_common(1)[0][0]
        for organ in ORGANS
    }
    truths = [patient.truth for patient in patients]
    return {
        "template": [template] * len(patients),
        "all-normal": [normal] * len(patients),
        "majority": [usual] * len(patients),
        "shuffled": truths[1:] + truths[:1],
    }


def vectors_of(patients: Sequence[Patient], said: Sequence[Said]) -> Vectors:
    """Count each patient's report."""
    return np.array(
        [
            class_vector(efficacy_counts(rows_of(patient, states, ORGANS)))
            for patient, states in zip(patients, said, strict=True)
        ]
    )


def rows_of(patient: Patient, said: Said, organs: Sequence[str]) -> list[EfficacyRow]:
    """What is true of some organs beside what is said of them."""
    return [
        EfficacyRow(
            case=patient.id,
            organ=organ,
            expected=patient.truth[organ],
            generated=None if said is None else said[organ],
        )
        for organ in organs
    ]


def by_state(vectors: Vectors) -> dict[str, tuple[int, int, int]]:
    """TP, FP, FN of each state."""
    classes = classes_of(vectors.sum(axis=0).tolist())
    return {state.value: (c.tp, c.fp, c.fn) for state, c in classes.items()}


def by_organ(patients: Sequence[Patient], said: Sequence[Said]) -> dict[str, tuple[int, ...]]:
    """TP, FP, FN over the three states of each organ."""
    found = {}
    for organ in ORGANS:
        counts = [
            class_vector(efficacy_counts(rows_of(patient, states, [organ])))
            for patient, states in zip(patients, said, strict=True)
        ]
        total = np.array(counts).sum(axis=0).reshape(len(ABNORMAL_STATES), 3).sum(axis=0)
        found[organ] = tuple(int(n) for n in total)
    return found


def interval(vectors: Vectors, less: Vectors | None = None) -> tuple[float, float, float]:
    """ce_f1, or its lead over other reports of the same patients: value, 2.5 and 97.5 percent."""
    rng = np.random.default_rng(0)
    draws = rng.integers(len(vectors), size=(DRAWS, len(vectors)))

    def value(chosen: Any) -> float:
        own = ce_f1(vectors[chosen].sum(axis=0))
        return own if less is None else own - ce_f1(less[chosen].sum(axis=0))

    low, high = np.percentile([value(draw) for draw in draws], [2.5, 97.5])
    return round(value(slice(None)), 4), round(float(low), 4), round(float(high), 4)


def ce_f1(vector: Vectors) -> float:
    """The score of added counts; 0 where it has no value."""
    return float(ce_values(classes_of(vector.tolist()))["ce_f1"] or 0.0)

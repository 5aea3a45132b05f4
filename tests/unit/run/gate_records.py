"""Records of made-up runs, whose outcomes are drawn case by case, for tests of gates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.metrics.lesions import lesion_counts
from pytest_pet2rep.metrics.registry import resolve_metrics
from pytest_pet2rep.metrics.text import score_pair
from pytest_pet2rep.run.estimands import known_metrics
from pytest_pet2rep.run.gates import Gate
from pytest_pet2rep.run.gates.checking import Measurable, bind_gates
from pytest_pet2rep.run.gates.reading import gate_specs
from pytest_pet2rep.run.scoreboard import Scoring
from pytest_pet2rep.types import Kind, Language, Outcome, Record, Section

PROFILE = load_profile("pet2rep19")
METRICS = resolve_metrics(["bleu4:char"], language=Language.ZH, section=Section.FINDINGS)
SCORING = Scoring(
    profile=PROFILE,
    section=Section.FINDINGS,
    extractor="rules:test",
    metrics={Language.ZH: METRICS},
)
ORGANS = ("liver", "lungs", "spleen", "brain")


def uptake(case: str, organ: str, expected: str, generated: str) -> Record:
    hit = expected == generated
    return Record(
        cohort="c",
        case=case,
        check="uptake",
        organ=organ,
        outcome=Outcome.HIT if hit else Outcome.MISS,
        kind=Kind.NONE if hit else Kind.MISSED,
        failed=not hit,
        expected=(expected,),
        generated=(generated,),
        source="explicit",
        facts={"language": "zh", "sex": "F"},
    )


def text(case: str, reference: str = "肝脏摄取增高。", generated: str = "肝脏摄取增高。") -> Record:
    return Record(
        cohort="c",
        case=case,
        check="text",
        outcome=Outcome.HIT,
        facts={
            "language": "zh",
            "statistics": score_pair(METRICS, reference, generated),
            "flags": [],
            "lesions": lesion_counts([], []),
            "petrg": {"cases": 1, "unusable": 0, "pairs": {"5>5": 24}},
        },
    )


def run(cases: int, found: float, *, seed: int = 0, spread: float = 0.0) -> list[Record]:
    """A run over ``cases`` cases, each with four abnormal organs, found with chance ``found``.

    With ``spread`` the chance varies from case to case, so that outcomes of a case go together.
    """
    random = np.random.default_rng(seed)
    records = []
    for number in range(cases):
        chance = np.clip(found + spread * random.standard_normal(), 0, 1)
        name = f"PET-{number:04d}"
        records.append(text(name))
        for organ in ORGANS:
            hit = random.random() < chance
            records.append(uptake(name, organ, "increased", "increased" if hit else "normal"))
    return records


def expected(cases: int = 3) -> list[Record]:
    return [r for r in run(cases, 1.0) if r.check == "uptake"]


def gates(
    *expressions: str,
    has_baseline: bool = True,
    confidence: float = 0.95,
    family: str = "",
    records: Sequence[Record] = (),
) -> tuple[Gate, ...]:
    """The gates of ``expressions``; of one ``family`` if it has a name."""
    tables = {text: {"expr": text, "family": family} for text in expressions} if family else {}
    return bind_gates(
        gate_specs([] if family else expressions, tables),
        Measurable(
            metrics=known_metrics(METRICS),
            organs=tuple(organ.id for organ in PROFILE.organs),
            expected=records or expected(),
            has_baseline=has_baseline,
            more_metrics=("cider", "bleu4"),
        ),
        confidence=confidence,
    )

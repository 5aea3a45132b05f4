"""Baselines that know the cohort and never the image: ``majority`` and ``shuffled``.

Both tell how far a model gets that has learned what reports of these patients look like.
``baseline/majority`` states for each organ what is expected most often in the cohort (in patients
of the same sex); ``baseline/shuffled`` returns the reference of another patient.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, ClassVar

from pytest_pet2rep.anatomy import ProfileOrgan, load_profile
from pytest_pet2rep.errors import GenerationFailed, UsageProblem
from pytest_pet2rep.models.provider import CohortInView, Identity, ProviderSettings, Reply
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.run.assessment import read_scored
from pytest_pet2rep.run.expectations import expectations_of, fine_expectations
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    Case,
    FinishReason,
    Generation,
    GenerationRequest,
    Language,
    States,
    UptakeState,
)

Write = Callable[[CohortInView, GenerationRequest], str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CohortBaseline:
    """A provider around a function of the cohort and one request."""

    name: str
    write: Write
    cohort: CohortInView
    needs_images: ClassVar[bool] = False
    sees_reference: ClassVar[bool] = False
    local_weights: ClassVar[bool] = False
    kept_elsewhere: ClassVar[bool] = True

    @property
    def identity(self) -> Identity:
        """The name, and a digest of the cases that it draws on."""
        digest = hashlib.sha256("\n".join(c.digest for c in self.cohort.cases()).encode())
        return Identity(text=f"{self.name}:{digest.hexdigest()[:12]}", verified=True)

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        return [self._reply(request) for request in requests]

    def _reply(self, request: GenerationRequest) -> Reply:
        try:
            text = self.write(self.cohort, request)
        except GenerationFailed as why:
            return why
        return Generation(raw=text, finish_reason=FinishReason.STOP)

    def close(self) -> None:
        return


def open_shuffled(spec: ModelSpec, settings: ProviderSettings) -> CohortBaseline:
    """Open ``baseline/shuffled``; raises ``UsageProblem`` for a revision or an argument."""
    return _opened(spec, settings, _another_reference)


def open_majority(spec: ModelSpec, settings: ProviderSettings) -> CohortBaseline:
    """Open ``baseline/majority``; raises ``UsageProblem`` for a revision or an argument."""
    return _opened(spec, settings, _Majority().write)


def _opened(spec: ModelSpec, settings: ProviderSettings, write: Write) -> CohortBaseline:
    if spec.revision:
        raise UsageProblem(f"{spec}: a baseline has no revision; write {spec.provider}/{spec.name}")
    settings.arguments(spec.provider, ())
    return CohortBaseline(name=str(spec), write=write, cohort=settings.cohort)


def _another_reference(cohort: CohortInView, request: GenerationRequest) -> str:
    """Return the reference of the next patient in an order that says nothing of the patients.

    The order is that of the SHA-256 of the case ids: every patient's report goes to exactly one
    other patient, and always to the same one.
    """
    language = request.language
    ring = sorted((c for c in cohort.cases() if language in c.references), key=_shuffled_place)
    places = [place for place, case in enumerate(ring) if case.id == request.case_id]
    if len(ring) < 2 or not places:
        raise GenerationFailed(
            f"case {request.case_id}: there is no other case with a reference in language "
            f"{language.value!r} to take the report of"
        )
    return ring[(places[0] + 1) % len(ring)].references[language]


def _shuffled_place(case: Case) -> str:
    return hashlib.sha256(case.id.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Majority:
    """Writes the most frequent states; counted once per language and sex."""

    reports: dict[tuple[Language, str], str] = field(default_factory=dict)

    def write(self, cohort: CohortInView, request: GenerationRequest) -> str:
        wanted = (request.language, request.sex)
        if wanted not in self.reports:
            self.reports[wanted] = _majority_report(cohort, *wanted)
        return self.reports[wanted]


def _majority_report(cohort: CohortInView, language: Language, sex: str) -> str:
    words = _words(language)
    found = majority_states(cohort, language, sex)
    stated = [_sentence(organ, state, words) for organ, state in found]
    abnormal = [
        _sentence(organ, state, words) for organ, state in found if state in ABNORMAL_STATES
    ]
    gap = str(words["gap"])
    lines = [words["findings"], gap.join(stated), "", words["impression"]]
    return "\n".join([*lines, gap.join(abnormal) or words["nothing"]]) + "\n"


def majority_states(
    cohort: CohortInView, language: Language, sex: str
) -> tuple[tuple[str, UptakeState], ...]:
    """Return (fine organ, state) pairs that state the most frequent expectation of every organ.

    Counted over the cases of the same sex (all cases where nothing is known); of equally frequent
    ones the first in the order of ``UptakeState``.  An organ that the references mostly leave out
    is left out.  A rolled-up organ is spoken of by the fine organ that carries the state most
    often.
    """
    counted = [c for c in cohort.cases() if language in c.references and c.sex == sex]
    read = [
        (case, read_scored(case.references[language], language, cohort.section).states)
        for case in counted or [c for c in cohort.cases() if language in c.references]
    ]
    profile = load_profile(cohort.organs)
    rolled = [expectations_of(case, profile, states) for case, states in read]
    fine = [
        {organ: e.states for organ, e in fine_expectations(case, states).items()}
        for case, states in read
    ]
    found: list[tuple[str, UptakeState]] = []
    for organ in profile.organs:
        most = _most_frequent([row[organ.id].states for row in rolled])
        found += [(_spokesman(organ, s, fine), s) for s in UptakeState if s in most]
    return tuple((organ, state) for organ, state in found if state is not UptakeState.UNSTATED)


def _most_frequent(states: Sequence[States]) -> States:
    counts = Counter(states)
    order = {state: place for place, state in enumerate(UptakeState)}
    return min(
        counts,
        key=lambda s: (-counts[s], sorted(order[state] for state in s)),
        default=frozenset(),
    )


def _spokesman(
    organ: ProfileOrgan, state: UptakeState, rows: Sequence[Mapping[str, States]]
) -> str:
    carried = Counter(
        fine for row in rows for fine in organ.fine if state in row.get(fine, frozenset())
    )
    return max(organ.fine, key=lambda fine: carried[fine])


def _sentence(organ: str, state: UptakeState, words: Mapping[str, Any]) -> str:
    return str(words["states"][state.value]).format(place=words["names"][organ])


@cache
def _words(language: Language) -> Mapping[str, Any]:
    file = resources.files("pytest_pet2rep") / f"data/baselines/majority.{language.value}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))

"""Baselines: what a model that never looked at the image would answer.

They need no images, hold no weights, and answer the same text to the same request.  Those that
read the images or the cohort join several rooms and live above this one; only their names are
known here.
"""

from __future__ import annotations

import hashlib
import importlib
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import ClassVar

from pytest_pet2rep.errors import GenerationFailed, UnknownName, UsageProblem
from pytest_pet2rep.models.provider import Identity, Provider, ProviderSettings, Reply
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.types import FinishReason, Generation, GenerationRequest, Language

Answer = Callable[[GenerationRequest], str]
"""Writes the text for one request; raises ``GenerationFailed`` where it has nothing to say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """A provider around a plain function."""

    name: str
    answer: Answer
    sees_reference: bool = False
    needs_images: ClassVar[bool] = False
    local_weights: ClassVar[bool] = False
    kept_elsewhere: ClassVar[bool] = True

    @property
    def identity(self) -> Identity:
        return Identity(text=f"{self.name}:{_data_digest()}", verified=True)

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        return [self._reply(request) for request in requests]

    def _reply(self, request: GenerationRequest) -> Reply:
        try:
            text = self.answer(request)
        except GenerationFailed as why:
            return why
        return Generation(raw=text, finish_reason=FinishReason.STOP)

    def close(self) -> None:
        return


def open_baseline(spec: ModelSpec, settings: ProviderSettings) -> Provider:
    """Open ``baseline/NAME``; raises ``UnknownName`` and, for ``@REVISION``, ``UsageProblem``."""
    if spec.name in _JOINING:
        module, _, attribute = _JOINING[spec.name].partition(":")
        opener: Callable[[ModelSpec, ProviderSettings], Provider] = getattr(
            importlib.import_module(module), attribute
        )
        return opener(spec, settings)
    if spec.name not in _ANSWERS:
        raise UnknownName("baseline", spec.name, (*_ANSWERS, *_JOINING))
    if spec.revision:
        raise UsageProblem(f"{spec}: a baseline has no revision; write {spec.provider}/{spec.name}")
    settings.arguments(spec.provider, ())
    return Baseline(
        name=str(spec), answer=_ANSWERS[spec.name], sees_reference=spec.name in _SEEING_REFERENCE
    )


def _template(request: GenerationRequest) -> str:
    if not request.template:
        raise GenerationFailed(
            f"case {request.case_id}: its prompt shows no example report, so there is no template "
            f"to copy"
        )
    return request.template


def _reference(request: GenerationRequest) -> str:
    if request.reference is None:
        raise GenerationFailed(
            f"case {request.case_id}: there is no reference report in language "
            f"{request.language.value!r} to return"
        )
    return request.reference


def _all_normal(request: GenerationRequest) -> str:
    words = _normal_report(request.language)
    return words["report"].replace("{pelvis}", words[_PELVIS.get(request.sex, "pelvis_any")])


_PELVIS = {"M": "pelvis_male", "F": "pelvis_female"}


@cache
def _normal_report(language: Language) -> dict[str, str]:
    table = tomllib.loads(_normal_file(language))
    return {key: str(value).strip() for key, value in table.items()}


def _normal_file(language: Language) -> str:
    file = resources.files("pytest_pet2rep") / f"data/baselines/all_normal.{language.value}.toml"
    return file.read_text(encoding="utf-8")


@cache
def _data_digest() -> str:
    words = "".join(_normal_file(language) for language in Language)
    return hashlib.sha256(words.encode()).hexdigest()[:12]


_ANSWERS: dict[str, Answer] = {
    "template": _template,
    "all-normal": _all_normal,
    "reference": _reference,
}
_SEEING_REFERENCE = frozenset({"reference"})
_JOINING = {
    "majority": "pytest_pet2rep.run.cohort_baselines:open_majority",
    "shuffled": "pytest_pet2rep.run.cohort_baselines:open_shuffled",
    "suv-reader": "pytest_pet2rep.run.suv_reader:open_suv_reader",
}
"""Baselines that measure the images or draw on the cohort, by where they are opened."""

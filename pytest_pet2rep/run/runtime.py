"""The application behind a run: the model under test, the store and the cohort, held together.

One per process.  The model is loaded on the first report that is not in the store.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pet2rep.anatomy import Profile, load_profile
from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.errors import DataProblem, GenerationFailed
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.run.usability import judge_generation
from pytest_pet2rep.types import (
    Case,
    FinishReason,
    Generation,
    GenerationRequest,
    Language,
    Outcome,
)

if TYPE_CHECKING:
    from pytest_pet2rep.cohorts.cohort import Cohort
    from pytest_pet2rep.metrics.text import TextMetric
    from pytest_pet2rep.models.prompts import Prompt
    from pytest_pet2rep.models.provider import Provider
    from pytest_pet2rep.run.settings import RunSettings
    from pytest_pet2rep.store.generations import GenerationStore, Stored


class Runtime:
    """Everything that one process needs to answer for the cases of a run.

    ``run_id`` is the same in all processes of a run: within it every report is made once.
    """

    def __init__(self, settings: RunSettings, cohort: Cohort, run_id: str) -> None:
        self.settings = settings
        self.cohort = cohort
        self.run_id = run_id
        self._attempts: dict[tuple[str, int], Attempt] = {}
        self._prompts: dict[Language, Prompt] = {}
        self._metrics: dict[Language, tuple[TextMetric, ...]] = {}

    @cached_property
    def profile(self) -> Profile:
        return load_profile(self.settings.organs)

    @cached_property
    def provider(self) -> Provider:
        """The model under test (cheap until it generates: weights are loaded by then)."""
        from pytest_pet2rep.models.registry import ProviderSettings, load_provider

        settings = self.settings
        return load_provider(
            settings.model,
            ProviderSettings(
                model_args=settings.model_args,
                revision=settings.model_revision,
                trust_remote_code=settings.trust_remote_code,
            ),
        )

    @cached_property
    def store(self) -> GenerationStore:
        from pytest_pet2rep.store.generations import GenerationStore

        root = self.settings.store or cache_folder("generations")
        identity = self.provider.identity
        return GenerationStore(
            root=Path(root),
            run=self.run_id,
            only_this_run=not identity.verified,
            facts={"model": self.settings.model, "identity": identity.text},
        )

    def language_of(self, case: Case) -> Language:
        return self.settings.language or case.language

    def prompt_for(self, language: Language) -> Prompt:
        if language not in self._prompts:
            from pytest_pet2rep.models.prompts import load_prompt

            self._prompts[language] = load_prompt(language, self.settings.prompt)
        return self._prompts[language]

    def metrics_for(self, language: Language) -> tuple[TextMetric, ...]:
        if language not in self._metrics:
            from pytest_pet2rep.metrics.registry import resolve_metrics

            self._metrics[language] = resolve_metrics(
                self.settings.metrics, language=language, section=self.settings.section
            )
        return self._metrics[language]

    def attempt(self, case: Case, repeat: int = 0) -> Attempt:
        """Return the report of ``case``: remembered, found in the store, or generated now.

        Never raises for what the model or the data of this one case did wrong: that is an
        outcome.  Raises ``StoreError`` if answers cannot be kept.
        """
        wanted = (case.id, repeat)
        if wanted not in self._attempts:
            self._attempts[wanted] = self._attempt(case, repeat)
        return self._attempts[wanted]

    def _attempt(self, case: Case, repeat: int) -> Attempt:
        try:
            request = self._request(case, repeat)
        except DataProblem as why:
            return Attempt(case=case.id, repeat=repeat, outcome=Outcome.ERROR, reason=str(why))
        if self.provider.kept_elsewhere:
            return self._judge(case, repeat, request, self._direct(request))
        stored = self.store.obtain(
            self._key(request), lambda: self._generate(request), reusable=_reusable
        )
        return self._judge(case, repeat, request, stored)

    def _request(self, case: Case, repeat: int) -> GenerationRequest:
        from pytest_pet2rep.models.request import build_request, decoding_profile
        from pytest_pet2rep.run.case_images import images_of

        settings = self.settings
        if case.language != self.language_of(case):
            case = replace(case, language=self.language_of(case))
        decoding = decoding_profile(
            settings.decoding, seed=settings.seed, max_new_tokens=settings.max_new_tokens
        )
        images = images_of(case, settings.views) if self.provider.needs_images else ()
        request = build_request(
            case, self.prompt_for(case.language), images=images, decoding=decoding, repeat=repeat
        )
        if self.provider.sees_reference:
            return replace(request, reference=case.references.get(case.language))
        return request

    def _key(self, request: GenerationRequest) -> str:
        from pytest_pet2rep.models.request import request_digest

        return request_digest(request, identity=self.provider.identity.text, purpose="score")

    def _generate(self, request: GenerationRequest) -> Generation:
        (answer,) = self.provider.generate([request])
        if isinstance(answer, GenerationFailed):
            raise answer
        sent, consumed = len(request.images), answer.images_consumed
        if consumed is not None and consumed != sent:
            raise GenerationFailed(
                f"{request.case_id}: {sent} images were sent but the model consumed {consumed}; "
                f"its processor or chat template drops images"
            )
        return replace(answer, images_sent=sent)

    def _direct(self, request: GenerationRequest) -> Generation | GenerationFailed:
        """Ask a provider whose texts already lie in a file: nothing to store."""
        try:
            return self._generate(request)
        except GenerationFailed as why:
            return why

    def _judge(
        self,
        case: Case,
        repeat: int,
        request: GenerationRequest,
        answer: Stored | Generation | GenerationFailed,
    ) -> Attempt:
        return judge_generation(
            case,
            repeat,
            request,
            answer,
            language=self.language_of(case),
            clean=self.settings.clean,
        )

    def close(self) -> None:
        """Free the model, if it was loaded."""
        if "provider" in self.__dict__:
            self.provider.close()


def _reusable(generation: Generation) -> bool:
    """May a later run use this answer?  Never an empty or a cut-off one."""
    return bool(generation.raw.strip()) and generation.finish_reason is not FinishReason.LENGTH

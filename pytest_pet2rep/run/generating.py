"""One report of one case: asked for, looked up in the store, and generated if it is not there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import DataProblem, GenerationFailed, UsageProblem
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.run.usability import Answer, Question, attempt_of, attempt_of_stored
from pytest_pet2rep.types import (
    Case,
    FinishReason,
    Generation,
    GenerationRequest,
    Outcome,
    SentImage,
)

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime

AlterImages = Callable[[tuple[SentImage, ...]], tuple[SentImage, ...]]
"""What becomes of the images of a case before they are sent (a control sends others)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One report that is wanted.  ``purpose`` enters the store key and names ``images``."""

    case: Case
    repeat: int = 0
    purpose: str = "score"
    images: AlterImages | None = field(default=None, compare=False)

    @property
    def name(self) -> tuple[str, str, int, str]:
        """What it is known by within a run: cohort, case id, repeat, purpose."""
        return self.case.cohort, self.case.id, self.repeat, self.purpose


class ReportMaker:
    """Gets reports from the store or the model; what breaks the model breaks all of them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.broken = ""
        """Why no further report can be generated, in one sentence; empty while they can."""

    def make(self, wanted: Wanted) -> Attempt:
        """Return the report: found in the store, or generated now.

        Never raises for what the model or the data of this one case did wrong: that is an
        outcome.  Raises ``StoreError`` if answers cannot be kept.
        """
        try:
            question = self._question(wanted)
        except UsageProblem as why:
            self.broken = str(why)
            return self._error(wanted, str(why))
        except DataProblem as why:
            return self._error(wanted, str(why))
        if self.broken:
            return self._error(wanted, self.broken)
        request = question.request
        if self._runtime.provider.kept_elsewhere:
            return attempt_of(question, self._direct(request))
        stored = self._runtime.store.obtain(
            self._key(wanted, request), lambda: self._generate(request), reusable=is_reusable
        )
        found = attempt_of_stored(question, stored)
        return replace(found, run_wide=bool(self.broken)) if self.broken else found

    def find(self, wanted: Wanted) -> Attempt | None:
        """Return the report if it exists already; nothing is ever generated.

        ``None`` too for a case whose images cannot be made.  Raises ``StoreError`` for a store
        that cannot be read.
        """
        try:
            question = self._question(wanted)
        except (UsageProblem, DataProblem):
            return None
        if self._runtime.provider.kept_elsewhere:
            return attempt_of(question, self._direct(question.request))
        stored = self._runtime.store.find(self._key(wanted, question.request))
        return None if stored is None else attempt_of_stored(question, stored)

    def _error(self, wanted: Wanted, reason: str) -> Attempt:
        return Attempt(
            case=wanted.case.id,
            repeat=wanted.repeat,
            outcome=Outcome.ERROR,
            reason=reason,
            run_wide=bool(self.broken),
        )

    def _question(self, wanted: Wanted) -> Question:
        return Question(
            case=wanted.case,
            request=self._request(wanted),
            language=self._runtime.language_of(wanted.case),
            clean=self._runtime.settings.clean,
        )

    def _request(self, wanted: Wanted) -> GenerationRequest:
        from pytest_pet2rep.models.request import build_request, decoding_profile

        settings, case = self._runtime.settings, wanted.case
        if case.language != self._runtime.language_of(case):
            case = replace(case, language=self._runtime.language_of(case))
        decoding = decoding_profile(
            settings.decoding, seed=settings.seed, max_new_tokens=settings.max_new_tokens
        )
        return build_request(
            case,
            self._runtime.prompt_for(case.language),
            images=self._images(wanted),
            decoding=decoding,
            repeat=wanted.repeat,
            with_reference=self._runtime.provider.sees_reference,
        )

    def _images(self, wanted: Wanted) -> tuple[SentImage, ...]:
        from pytest_pet2rep.run.case_images import images_of

        if not self._runtime.provider.needs_images:
            return ()
        images = images_of(wanted.case, self._runtime.view_options)
        return images if wanted.images is None else wanted.images(images)

    def _key(self, wanted: Wanted, request: GenerationRequest) -> str:
        from pytest_pet2rep.models.request import request_digest

        identity = self._runtime.provider.identity.text
        return request_digest(request, identity=identity, purpose=wanted.purpose)

    def _generate(self, request: GenerationRequest) -> Generation:
        from pytest_pet2rep.models.provider import generate_one

        if self.broken:
            raise GenerationFailed(self.broken)
        try:
            generation = generate_one(self._runtime.provider, request)
        except (UsageProblem, DataProblem) as why:
            self.broken = str(why)  # concerns the model, not this case: not tried case by case
            raise GenerationFailed(self.broken) from why
        return _with_images(generation, request)

    def _direct(self, request: GenerationRequest) -> Answer:
        """Ask a provider whose texts already lie in a file: nothing to store."""
        try:
            return self._generate(request)
        except GenerationFailed as why:
            return why


def _with_images(generation: Generation, request: GenerationRequest) -> Generation:
    """Compare the images that went out with those that the model is known to have taken in."""
    from pytest_pet2rep.models.provider import with_all_images_seen

    checked = replace(generation, images_sent=len(request.images))
    seen = with_all_images_seen(checked, request.case_id)
    if isinstance(seen, GenerationFailed):
        raise seen
    return seen


def is_reusable(generation: Generation) -> bool:
    """May a later run use this answer?  Never an empty or a cut-off one."""
    return bool(generation.raw.strip()) and generation.finish_reason is not FinishReason.LENGTH

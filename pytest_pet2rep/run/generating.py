"""One report of one case: asked for, looked up in the store, and generated if it is not there."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pytest_pet2rep.errors import DataProblem, GenerationFailed, StoreError, UsageProblem
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.run.usability import (
    Answer,
    Question,
    attempt_of,
    attempt_of_stored,
    outcome_of,
)
from pytest_pet2rep.types import (
    Case,
    FinishReason,
    Generation,
    GenerationRequest,
    Language,
    Outcome,
    SentImage,
)

if TYPE_CHECKING:
    from pytest_pet2rep.imaging.options import ViewOptions
    from pytest_pet2rep.models.prompts import Prompt
    from pytest_pet2rep.models.provider import Provider
    from pytest_pet2rep.run.settings import RunSettings
    from pytest_pet2rep.store.generations import GenerationStore, Stored

AlterImages = Callable[[tuple[SentImage, ...]], tuple[SentImage, ...]]
"""What becomes of the images of a case before they are sent (a control sends others)."""
LONGEST_ANSWER = 200_000
"""Characters: a hundred times a long report, with room for reasoning before it."""
_PREPARING = 2
"""Requests that are put together at once: more would only keep the first ones from going out."""
WantedName = tuple[str, str, int, str]
"""Cohort, case id, repeat and purpose: what a report is known by within a run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One report that is wanted.  ``purpose`` enters the store key and names ``images``."""

    case: Case
    repeat: int = 0
    purpose: str = "score"
    images: AlterImages | None = field(default=None, compare=False)

    @property
    def name(self) -> WantedName:
        """What it is known by within a run."""
        return self.case.cohort, self.case.id, self.repeat, self.purpose


class Supplies(Protocol):
    """What reports are made from: the model under test, the store, how cases are asked about."""

    settings: RunSettings

    @property
    def provider(self) -> Provider:
        """The model under test."""

    @property
    def store(self) -> GenerationStore:
        """Where answers are kept."""

    @property
    def view_options(self) -> ViewOptions:
        """How images are made."""

    def language_of(self, case: Case) -> Language:
        """The language that a report of ``case`` is asked for in."""

    def prompt_for(self, language: Language) -> Prompt:
        """The prompt in that language."""

    def slot(self) -> AbstractContextManager[None]:
        """The right to have one more request under way."""


class ReportMaker:
    """Gets reports from the store or the model; what breaks the model breaks all of them.

    May be used from several threads.
    """

    def __init__(self, supplies: Supplies) -> None:
        self._supplies = supplies
        self.broken = ""
        """Why no further report can be generated, in one sentence; empty while they can."""
        self._unkept: StoreError | None = None
        self._preparing = threading.Semaphore(_PREPARING)

    def make(self, wanted: Wanted) -> Attempt:
        """Return the report: found in the store, or generated now.

        Never raises for what the model or the data of this one case did wrong: that is an
        outcome.  Raises ``StoreError`` if answers cannot be kept.
        """
        question = self._asked(wanted)
        if isinstance(question, Attempt):
            return question
        request = question.request
        with self._keeping():
            stored = self._supplies.store.obtain(
                self._key(wanted, request),
                lambda: self._generate(request),
                reusable=is_reusable,
                about=_about(wanted, question),
                judge=partial(outcome_of, question),
            )
        return self._judged(question, stored)

    def make_many(self, wanted: Sequence[Wanted], *, at_most: int) -> dict[WantedName, Attempt]:
        """Make up to ``at_most`` missing reports in one call of the model, the first ones first.

        Returns the reports that there are now, up to the last one that was looked at; one that
        another thread or process is making is not among them.  Raises as :meth:`make`.
        """
        made: dict[WantedName, Attempt] = {}
        missing: dict[str, tuple[Wanted, Question]] = {}
        for one in wanted:
            question = self._asked(one)
            if isinstance(question, Attempt):
                made[one.name] = question
                continue
            key = self._key(one, question.request)
            stored = self._found(key, question)
            if stored is not None:
                made[one.name] = self._judged(question, stored)
                continue
            missing[key] = one, question
            if len(missing) == at_most:
                break
        for key, stored in self._obtain_many(missing).items():
            one, question = missing[key]
            made[one.name] = self._judged(question, stored)
        return made

    def _obtain_many(self, missing: Mapping[str, tuple[Wanted, Question]]) -> Mapping[str, Stored]:
        if not missing:
            return {}

        def generate(keys: Sequence[str]) -> Iterable[tuple[str, Answer]]:
            return zip(keys, self._replies([missing[k][1].request for k in keys]), strict=True)

        with self._keeping():
            return self._supplies.store.obtain_many(
                tuple(missing),
                generate,
                reusable=is_reusable,
                about={key: _about(one, asked) for key, (one, asked) in missing.items()},
                judge={key: partial(outcome_of, asked) for key, (_, asked) in missing.items()},
            )

    def find(self, wanted: Wanted) -> Attempt | None:
        """Return the report if it exists already; nothing is ever generated.

        ``None`` too for a case whose images cannot be made.  Raises ``StoreError`` for a store
        that cannot be read.
        """
        try:
            question = self._question(wanted)
        except (UsageProblem, DataProblem):
            return None
        if self._supplies.provider.kept_elsewhere:
            return attempt_of(question, self._direct(question.request))
        stored = self._found(self._key(wanted, question.request), question)
        return None if stored is None else attempt_of_stored(question, stored)

    def _found(self, key: str, question: Question) -> Stored | None:
        """Look into the store on the same terms as when a report is made."""
        return self._supplies.store.find(
            key, reusable=is_reusable, judge=partial(outcome_of, question)
        )

    def get_ready(self, wanted: Wanted) -> None:
        """Load all that sending and judging a report need, before the first one is sent."""
        from pytest_pet2rep.models.provider import prepare

        with suppress(UsageProblem, DataProblem):
            question = self._question(wanted)
            # The reference: its language and its words are those of the reports to come.
            attempt_of(question, Generation(raw=wanted.case.references[question.language]))
            prepare(self._supplies.provider, question.request)

    def example(self, cases: Iterable[Case]) -> GenerationRequest | None:
        """Return the first request that can be put together, to ask a server what it is like."""
        for case in cases:
            with suppress(DataProblem):
                return self._request(Wanted(case=case))
        return None

    def _asked(self, wanted: Wanted) -> Question | Attempt:
        """Put the question together, or return the attempt where there is nothing to generate."""
        try:
            with self._preparing:
                question = self._question(wanted)
        except UsageProblem as why:
            self.broken = str(why)
            return self._error(wanted, str(why))
        except DataProblem as why:
            return self._error(wanted, str(why))
        if self.broken:
            return self._error(wanted, self.broken)
        if self._supplies.provider.kept_elsewhere:
            return attempt_of(question, self._direct(question.request))
        return question

    def _judged(self, question: Question, stored: Stored) -> Attempt:
        found = attempt_of_stored(question, stored)
        return replace(found, run_wide=bool(self.broken)) if self.broken else found

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        """Nothing more is generated once an answer could not be kept."""
        try:
            yield
        except StoreError as why:
            self._unkept = why
            raise

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
            language=self._supplies.language_of(wanted.case),
            clean=self._supplies.settings.clean,
        )

    def _request(self, wanted: Wanted) -> GenerationRequest:
        from pytest_pet2rep.models.request import build_request, decoding_profile

        settings, case = self._supplies.settings, wanted.case
        if case.language != self._supplies.language_of(case):
            case = replace(case, language=self._supplies.language_of(case))
        decoding = decoding_profile(
            settings.decoding,
            seed=settings.seed,
            max_new_tokens=settings.max_new_tokens,
        )
        return build_request(
            case,
            self._supplies.prompt_for(case.language),
            images=self._images(wanted),
            decoding=decoding,
            repeat=wanted.repeat,
            with_reference=self._supplies.provider.sees_reference,
        )

    def _images(self, wanted: Wanted) -> tuple[SentImage, ...]:
        from pytest_pet2rep.run.case_images import images_of

        if not self._supplies.provider.needs_images:
            return ()
        images = images_of(wanted.case, self._supplies.view_options)
        return images if wanted.images is None else wanted.images(images)

    def _key(self, wanted: Wanted, request: GenerationRequest) -> str:
        from pytest_pet2rep.models.request import request_digest

        identity = self._supplies.provider.identity.text
        return request_digest(request, identity=identity, purpose=wanted.purpose)

    def _generate(self, request: GenerationRequest) -> Generation:
        (answer,) = self._replies([request])
        if isinstance(answer, GenerationFailed):
            raise answer
        return answer

    def _replies(self, requests: Sequence[GenerationRequest]) -> Sequence[Answer]:
        """Ask the model, in one call; one answer per request, in order."""
        if self._unkept is not None:
            raise self._unkept
        if self.broken:
            return [GenerationFailed(self.broken) for _ in requests]
        from pytest_pet2rep.models.provider import prepare

        try:
            with self._preparing:
                for request in requests:
                    prepare(self._supplies.provider, request)
            with self._supplies.slot():
                replies = self._supplies.provider.generate(requests)
        except (UsageProblem, DataProblem) as why:
            self.broken = str(why)  # concerns the model, not this case: not tried case by case
            return [GenerationFailed(self.broken) for _ in requests]
        return [_plausible(*both) for both in zip(replies, requests, strict=True)]

    def _direct(self, request: GenerationRequest) -> Answer:
        """Ask a provider whose texts already lie in a file: nothing to store."""
        try:
            return self._generate(request)
        except GenerationFailed as why:
            return why


def _plausible(reply: Answer, request: GenerationRequest) -> Answer:
    """Turn into a failure what cannot be the report that was asked for.

    That is a text beyond all measure, and one for which the model is known to have taken in other
    images than were sent.
    """
    from pytest_pet2rep.models.provider import with_all_images_seen

    if isinstance(reply, GenerationFailed):
        return reply
    if len(reply.raw) > LONGEST_ANSWER:
        return GenerationFailed(
            f"case {request.case_id}: the model answered {len(reply.raw)} characters; nothing "
            f"longer than {LONGEST_ANSWER} is taken for a report"
        )
    return with_all_images_seen(replace(reply, images_sent=len(request.images)), request.case_id)


def _about(wanted: Wanted, question: Question) -> Mapping[str, Any]:
    """What people who look into the store are told of a report."""
    request = question.request
    prompt = hashlib.sha256(f"{request.system}\0{request.user}".encode()).hexdigest()
    return {
        "case": wanted.case.id,
        "cohort": wanted.case.cohort,
        "repeat": wanted.repeat,
        "purpose": wanted.purpose,
        "language": str(question.language),
        "prompt": prompt[:12],
        "decoding": dict(request.decoding),
    }


def is_reusable(generation: Generation) -> bool:
    """May a later run use this answer?  Never an empty or a cut-off one."""
    return bool(generation.raw.strip()) and generation.finish_reason is not FinishReason.LENGTH

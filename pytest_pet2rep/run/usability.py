"""From a model's answer to an attempt: clean it, check it, say whether it can be scored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import GenerationFailed, GenerationTimeout
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.types import (
    Case,
    FinishReason,
    Flag,
    Generation,
    GenerationRequest,
    Language,
    Outcome,
)

if TYPE_CHECKING:
    from pytest_pet2rep.store.generations import Stored

Answer = Generation | GenerationFailed
"""What a model said, or why it said nothing."""

_REASONS = {
    Outcome.TRUNCATED: "the answer was cut off at the token limit",
    Outcome.REFUSAL: "the model refused to write a report",
    Outcome.EMPTY: "the model returned no report",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What was asked: the case in one language, with the request that went out."""

    case: Case
    request: GenerationRequest
    language: Language
    clean: bool = True


def attempt_of_stored(question: Question, stored: Stored) -> Attempt:
    """Judge an answer that lies in the store."""
    if stored.generation is not None:
        found = attempt_of(question, stored.generation)
        return replace(
            found, where=str(stored.path), made_now=stored.made_now, skipped=stored.skipped
        )
    return Attempt(
        case=question.case.id,
        repeat=question.request.repeat,
        outcome=stored.failure,
        reason=stored.reason,
        where=str(stored.path),
        made_now=stored.made_now,
        skipped=stored.skipped,
    )


def outcome_of(question: Question, generation: Generation) -> str:
    """Name what came of a generation: ``usable``, or the outcome that takes its place."""
    return str(attempt_of(question, generation).outcome or "usable")


def attempt_of(question: Question, answer: Answer) -> Attempt:
    """Judge an answer; never raises for what a model wrote."""
    nothing = Attempt(case=question.case.id, repeat=question.request.repeat)
    if isinstance(answer, GenerationFailed):
        timeout = isinstance(answer, GenerationTimeout)
        outcome = Outcome.TIMEOUT if timeout else Outcome.ERROR
        return replace(nothing, outcome=outcome, reason=str(answer))
    text, finish_reason, unclosed = _cleaned(question, answer)
    flags = _flags(question, text, finish_reason)
    found, reason = _outcome(flags, finish_reason, unclosed)
    return replace(
        nothing,
        text=text,
        generation=answer,
        outcome=found,
        reason=reason,
        where=answer.origin,
        flags=flags,
    )


def _cleaned(question: Question, answer: Generation) -> tuple[str, FinishReason, bool]:
    """Return the text, why it ended, and whether it ended inside its reasoning."""
    if not question.clean:
        return answer.raw, answer.finish_reason, False
    from pytest_pet2rep.models.cleaning import AFTER_END, clean

    cleaned = clean(answer.raw, language=question.language)
    finish_reason = answer.finish_reason
    if any(why == AFTER_END for _, _, why in cleaned.removed):
        # The report came to its own end; what was cut off came after it.
        finish_reason = FinishReason.STOP
    return cleaned.text, finish_reason, cleaned.unclosed_think


def _flags(question: Question, text: str, finish_reason: FinishReason) -> tuple[Flag, ...]:
    from pytest_pet2rep.findings.checks import check_report

    case = question.case
    return check_report(
        text,
        language=question.language,
        template=question.request.template,
        instructions=question.request.user,
        reference=case.references.get(question.language),
        finish_reason=finish_reason,
        prior=case.prior,
        case=case,
    )


def _outcome(
    flags: tuple[Flag, ...], finish_reason: FinishReason, unclosed_think: bool
) -> tuple[Outcome | None, str]:
    """Say why there is no report to score: a cut-off empty text is truncated, not empty."""
    from pytest_pet2rep.findings.checks import unusable

    if unclosed_think:
        return Outcome.TRUNCATED, "the answer ends inside its reasoning: no report was written"
    outcome = unusable(flags)
    if outcome in (None, Outcome.EMPTY) and finish_reason is FinishReason.REFUSED:
        outcome = Outcome.REFUSAL
    return outcome, _REASONS.get(outcome, "") if outcome else ""

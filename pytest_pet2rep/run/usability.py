"""From a model's answer to an attempt: clean it, check it, say whether it can be scored."""

from __future__ import annotations

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


def judge_generation(
    case: Case,
    repeat: int,
    request: GenerationRequest,
    answer: Stored | Generation | GenerationFailed,
    *,
    language: Language,
    clean: bool,
) -> Attempt:
    """Return the attempt that ``answer`` amounts to; never raises for what a model wrote."""
    if isinstance(answer, GenerationFailed):
        timeout = isinstance(answer, GenerationTimeout)
        outcome = Outcome.TIMEOUT if timeout else Outcome.ERROR
        return Attempt(case=case.id, repeat=repeat, outcome=outcome, reason=str(answer))
    if isinstance(answer, Generation):
        return _usable_or_not(case, repeat, request, answer, language, clean, where=answer.origin)
    if answer.generation is None:
        return Attempt(
            case=case.id,
            repeat=repeat,
            outcome=answer.failure,
            reason=answer.reason,
            where=str(answer.path),
            made_now=answer.made_now,
        )
    return _usable_or_not(
        case,
        repeat,
        request,
        answer.generation,
        language,
        clean,
        where=str(answer.path),
        made_now=answer.made_now,
    )


def _usable_or_not(
    case: Case,
    repeat: int,
    request: GenerationRequest,
    generation: Generation,
    language: Language,
    clean: bool,
    *,
    where: str,
    made_now: bool = False,
) -> Attempt:
    text, unclosed = _cleaned(generation.raw, language, clean)
    flags = _flags(text, case, request, generation, language)
    outcome, reason = _outcome(flags, generation, unclosed)
    return Attempt(
        case=case.id,
        repeat=repeat,
        text=text,
        generation=generation,
        outcome=outcome,
        reason=reason,
        where=where,
        flags=flags,
        made_now=made_now,
    )


def _cleaned(raw: str, language: Language, clean: bool) -> tuple[str, bool]:
    if not clean:
        return raw, False
    from pytest_pet2rep.models.cleaning import clean as clean_text

    cleaned = clean_text(raw, language=language)
    return cleaned.text, cleaned.unclosed_think


def _flags(
    text: str,
    case: Case,
    request: GenerationRequest,
    generation: Generation,
    language: Language,
) -> tuple[Flag, ...]:
    from pytest_pet2rep.findings.checks import check_report

    return check_report(
        text,
        language=language,
        template=request.template,
        instructions=request.user,
        reference=case.references.get(language),
        finish_reason=generation.finish_reason,
        prior=case.prior,
        case=case,
    )


def _outcome(
    flags: tuple[Flag, ...], generation: Generation, unclosed_think: bool
) -> tuple[Outcome | None, str]:
    """Say why there is no report to score: a cut-off empty text is truncated, not empty."""
    from pytest_pet2rep.findings.checks import unusable

    if unclosed_think:
        return Outcome.TRUNCATED, "the answer ends inside its reasoning: no report was written"
    outcome = unusable(flags)
    if outcome is None and generation.finish_reason is FinishReason.REFUSED:
        outcome = Outcome.REFUSAL
    return outcome, _REASONS.get(outcome, "") if outcome else ""


_REASONS = {
    Outcome.TRUNCATED: "the answer was cut off at the token limit",
    Outcome.REFUSAL: "the model refused to write a report",
    Outcome.EMPTY: "the model returned no text",
}

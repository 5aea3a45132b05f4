"""Report checks: what is wrong with a report as a whole, each fault with its evidence span.

``REPORT_CHECKS`` names the items of a case and the flags that fail each.  Checks are relative to
the reference: what the reference has too is no fault (an answer that is empty, or that its
provider calls refused or cut off, is one all the same).  They never raise and take time linear in
the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from pytest_pet2rep.types import Case, FinishReason, Flag, Language, Outcome, Reading

REPORT_CHECKS: Mapping[str, tuple[str, ...]] = {
    "not_empty": ("empty",),
    "not_refused": ("refusal",),
    "right_language": ("wrong_language", "mixed_language"),
    "brackets_filled": ("unfilled_template",),
    "no_template_echo": ("template_echo",),
    "no_instruction_echo": ("instruction_echo",),
    "no_patient_data": ("patient_data",),
    "no_invented_prior": ("prior_mentioned",),
    "no_repetition": ("repetition",),
    "not_truncated": ("truncated", "cut_off"),
    "no_conflict": ("conflict",),
}
"""Item -> flags that fail it, in the order in which the items of a case are listed."""

USABILITY: Mapping[str, Outcome] = {
    "truncated": Outcome.TRUNCATED,
    "refusal": Outcome.REFUSAL,
    "empty": Outcome.EMPTY,
}
"""Flag -> outcome of a generation that is thereby unusable; the first that applies counts.

``cut_off``, a text that merely looks as if it broke off, is a fault of a usable report.
"""


def unusable(flags: Iterable[Flag]) -> Outcome | None:
    """Return why a generation with these flags cannot be scored, ``None`` if it can."""
    names = {flag.name for flag in flags}
    return next((outcome for name, outcome in USABILITY.items() if name in names), None)


def check_report(
    text: str,
    *,
    language: Language,
    template: str = "",
    instructions: str = "",
    reference: str | None = None,
    finish_reason: FinishReason = FinishReason.UNKNOWN,
    prior: bool = False,
    case: Case | None = None,
) -> tuple[Flag, ...]:
    """Run every check on the cleaned text of one generation.

    ``template`` is the report skeleton of the prompt in use, with its brackets; ``instructions``
    the whole user message, which may hold the template; ``prior`` says that an earlier
    examination was supplied.  ``case`` holds facts whose mention is no invention (sex, age in
    years, weight in kg, height in cm).  Spans are character offsets into ``text``.
    """
    from pytest_pet2rep.findings.checks import usability

    flags = usability.empty(text)
    flags += usability.truncated(text, finish_reason)
    if flags and flags[0].name == "empty":
        return tuple(flags)
    flags += usability.refusal(text, finish_reason, reference=reference)
    flags += usability.cut_off(text, language, finish_reason, reference=reference)
    flags += _form(text, language, reference)
    flags += _content(text, language, template, instructions, reference, prior, case)
    return tuple(flags)


def _form(text: str, language: Language, reference: str | None) -> list[Flag]:
    from pytest_pet2rep.findings.checks import languages, loops, slots

    flags = languages.wrong_language(text, language, reference=reference)
    if not flags:
        flags = languages.mixed_language(text, language, reference=reference)
    return [
        *flags,
        *slots.unfilled_template(text, reference=reference),
        *loops.repetition(text, reference=reference),
    ]


def _content(
    text: str,
    language: Language,
    template: str,
    instructions: str,
    reference: str | None,
    prior: bool,
    case: Case | None,
) -> list[Flag]:
    from pytest_pet2rep.findings.checks import conflicts, copying, inventions
    from pytest_pet2rep.findings.reader import read

    reading = read(text, language=language)
    known = None if reference is None else _read_reference(reference, language)
    return [
        *copying.template_echo(
            text,
            language=language,
            template=template,
            reading=reading,
            reference=reference,
            reference_reading=known,
        ),
        *copying.instruction_echo(
            text,
            language=language,
            template=template,
            instructions=instructions,
            reference=reference,
        ),
        *inventions.patient_data(text, instructions=instructions, reference=reference, case=case),
        *inventions.prior_mentioned(text, reference=reference, prior=prior),
        *conflicts.conflict(text, reading=reading, reference=reference, reference_reading=known),
    ]


@lru_cache(maxsize=256)
def _read_reference(reference: str, language: Language) -> Reading:
    """Every item of a case asks for the same reference: read it once."""
    from pytest_pet2rep.findings.reader import read

    return read(reference, language=language)

"""Is there a report at all: empty answers, refusals, texts that break off."""

from __future__ import annotations

import re
from functools import cache

from pytest_pet2rep.findings.checks.squeezed import squeeze
from pytest_pet2rep.findings.checks.vocabulary import (
    any_of,
    pattern,
    sentence_end,
    sentences,
    words,
)
from pytest_pet2rep.findings.normalise import fold
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.findings.sections import split_sections
from pytest_pet2rep.types import FinishReason, Flag, Language

_REPORTING_CLAUSES = 3
"""From so many uptake clauses on, a text is a report, whatever else its author says of himself."""
_TERMINATED_SENTENCES = 5
"""From so many punctuated sentences on, a last one without a mark was not meant to be the last."""
_MOST = 0.8
"""Share of the lines before the last that end with a mark where marks are used at all."""
_SAME_END = 20
"""Characters in which the ends of text and reference have to agree to excuse it."""
_TERMINAL = "。.!?;！？；)]】\"'”’*`|>"
_CLAUSE = re.compile(r"[。;,!?\n]|\. ")


def empty(text: str) -> list[Flag]:
    """Flag a text without a letter or digit outside its section headings."""
    spans = split_sections(text).spans
    if any(any(c.isalnum() for c in text[span.start : span.end]) for span in spans):
        return []
    return [Flag(name="empty", start=0, end=len(text), detail="no text")]


def refusal(text: str, finish_reason: FinishReason, *, reference: str | None) -> list[Flag]:
    """Flag an answer that speaks of its author instead of the patient.

    A disclaimer beside a report is no refusal: it takes a refusing phrase of either language, and
    fewer than three clauses on uptake in all other sentences.  A polite phrase (an apology, a word
    about pictures, advice to see a doctor) refuses only where nothing at all is reported beside
    it.  A sentence that the reference has too refuses nothing.
    """
    if finish_reason is FinishReason.REFUSED:
        return [Flag(name="refusal", start=0, end=len(text), detail="the provider says refused")]
    folded, known = fold(text), squeeze(reference or "").text
    first: tuple[int, int] | None = None
    hard, reports, reporting = False, False, 0
    for start, end in sentences(folded):
        sentence = folded[start:end]
        refusing = _found("refusal", sentence)
        if (refusing or _found("polite_refusal", sentence)) and squeeze(sentence).text not in known:
            first = first or (start, end)
            hard |= refusing
            reports |= not refusing and _reports_beside(sentence)
            continue
        reporting += sum(_found("statement", clause) for clause in _CLAUSE.split(sentence))
        reports |= _found("opinion", sentence)
        if reporting >= _REPORTING_CLAUSES:
            return []
    if first is None or (reports and not hard):
        return []
    detail = " ".join(text[slice(*first)].split())
    return [Flag(name="refusal", start=first[0], end=first[1], detail=detail[:80])]


def truncated(text: str, finish_reason: FinishReason) -> list[Flag]:
    """Flag an answer that was cut off at the token limit, as its provider says."""
    if finish_reason is not FinishReason.LENGTH:
        return []
    start = max(0, len(text.rstrip()) - 40)
    return [Flag(name="truncated", start=start, end=len(text), detail="cut off at the token limit")]


def cut_off(
    text: str, language: Language, finish_reason: FinishReason, *, reference: str | None
) -> list[Flag]:
    """Flag a text that ends in the middle of a sentence, unless the reference ends like that.

    Either its last word, number or mark wants more to follow, or, where the provider does not say
    that the model came to its own end, a report of punctuated sentences ends on a word that hardly
    ever stands last.  A last sentence that only lacks its full stop is whole.
    """
    body = text.rstrip()
    tail = fold(body[-200:])
    if reference is not None and fold(reference).rstrip().endswith(tail[-_SAME_END:]):
        return []
    if not tail or (tail[-1] in _TERMINAL and not _opens_bracket(tail)):
        return []
    if not _ending(language, "dangling").search(tail) and not _opens_bracket(tail):
        if finish_reason is not FinishReason.UNKNOWN or not _is_punctuated(body):
            return []
        if not _ending(language, "unfinished").search(tail):
            return []
    start = max(0, len(body) - 40)
    return [Flag(name="cut_off", start=start, end=len(body), detail="ends inside a sentence")]


def _reports_beside(sentence: str) -> bool:
    """Whether another clause of a sentence with a polite phrase states an uptake."""
    clauses = (c for c in _CLAUSE.split(sentence) if _found("statement", c))
    return any(read(c).mentions for c in clauses if not _found("polite_refusal", c))


def _found(words_of: str, passage: str) -> bool:
    return any(pattern(language, words_of).search(passage) for language in Language)


def _is_punctuated(text: str) -> bool:
    """Whether the sentences before the last one end with marks (a list of lines need not)."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    before = [line for line in lines[:-1] if line[-1] not in ":："]
    ended = sum(line[-1] in _TERMINAL for line in before)
    marks = sum(1 for _ in sentence_end().finditer(" ".join(lines)))
    return marks >= _TERMINATED_SENTENCES and ended >= _MOST * len(before)


def _opens_bracket(tail: str) -> bool:
    """Whether the last sentence opens a bracket without closing it."""
    last = re.split(r"[。!?\n]", tail)[-1]
    return any(
        last.count(opened) > last.count(closed) or last.rfind(opened) > last.rfind(closed)
        for opened, closed in ("()", "[]", "【】")
    )


@cache
def _ending(language: Language, key: str) -> re.Pattern[str]:
    return re.compile(any_of(words(language.value)[key]).pattern + r"\Z")

"""Do findings and impression contradict each other."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping

from pytest_pet2rep.findings.checks.vocabulary import pattern, sentences
from pytest_pet2rep.findings.normalise import fold
from pytest_pet2rep.findings.reader import states_of
from pytest_pet2rep.findings.sections import split_sections
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    Flag,
    Language,
    Mention,
    Reading,
    Section,
    States,
    UptakeState,
)

_CLAUSE = re.compile(r"[,;]")
_EDGES = " .:)*-•、0123456789"
"""What may stand around a clause: its number, a bullet, its full stop."""

EVERYWHERE = "everywhere"
"""In place of an organ: the impression denies any abnormal uptake at all."""


def conflict(
    text: str, *, reading: Reading, reference: str | None, reference_reading: Reading | None
) -> list[Flag]:
    """Flag organs of which findings and impression say the opposite.

    The opposite is a state in the one and plain normality or other states only in the other; an
    impression that names fewer states than the findings only sums them up.  An impression that
    denies all abnormal uptake contradicts any increased uptake in the findings.  Conflicts that
    the reference has as well are no fault.
    """
    known = set(_contradictions(reference or "", reference_reading)) if reference_reading else set()
    return [
        Flag(name="conflict", start=start, end=end, detail=organ)
        for organ, (start, end) in _contradictions(text, reading).items()
        if organ not in known
    ]


def _contradictions(text: str, reading: Reading) -> Mapping[str, tuple[int, int]]:
    """Organ -> where the impression contradicts the findings."""
    findings = states_of(reading, Section.FINDINGS)
    impression = [
        m
        for m in reading.mentions
        if m.section is Section.IMPRESSION and not _is_of_the_rest(m, text)
    ]
    found = {
        organ: _first_span(impression, organ)
        for organ, states in _stated(impression).items()
        if organ in findings and _opposite(findings[organ], states)
    }
    increased = any(UptakeState.INCREASED in states for states in findings.values())
    silent = not any(m.state in ABNORMAL_STATES for m in impression)
    if increased and silent and (denial := _denial(text, impression)):
        found[EVERYWHERE] = denial
    return found


def _stated(mentions: list[Mention]) -> dict[str, States]:
    found: dict[str, set[UptakeState]] = {}
    for mention in mentions:
        found.setdefault(mention.organ, set()).add(mention.state)
    return {organ: frozenset(states) for organ, states in sorted(found.items())}


def _is_of_the_rest(mention: Mention, text: str) -> bool:
    """Whether a mention calls normal what is left of an organ beside its lesion."""
    evidence = fold(text[mention.start : mention.end])
    partial = any(pattern(language, "elsewhere").search(evidence) for language in Language)
    return mention.state is UptakeState.NORMAL and partial


def _opposite(one: States, other: States) -> bool:
    a, b = one.intersection(ABNORMAL_STATES), other.intersection(ABNORMAL_STATES)
    return bool(a or b) and not a & b


def _first_span(mentions: list[Mention], organ: str) -> tuple[int, int]:
    first = min((m for m in mentions if m.organ == organ), key=lambda m: m.start)
    return first.start, first.end


def _denial(text: str, impression: list[Mention]) -> tuple[int, int] | None:
    """The sentence of the impression that denies abnormal uptake everywhere, if there is one.

    A sentence with a word of the rest, or with an organ, denies it there only.
    """
    of_organs = sorted(mention.start for mention in impression)
    for span in split_sections(text).of(Section.IMPRESSION):
        body = fold(text[span.start : span.end])
        for start, end in sentences(body):
            sentence = body[start:end]
            partial = any(pattern(lang, "elsewhere").search(sentence) for lang in Language)
            found = span.start + start, span.start + end
            local = bisect_left(of_organs, found[0]) < bisect_left(of_organs, found[1])
            if not (partial or local) and _denies_everywhere(sentence):
                return found
    return None


def _denies_everywhere(sentence: str) -> bool:
    """Whether a sentence denies abnormal uptake in the whole body, or names no part of it."""
    if any(pattern(language, "denial").search(sentence) for language in Language):
        return True
    clauses = [clause for part in _CLAUSE.split(sentence) if (clause := part.strip(_EDGES))]
    bare = [clause for clause in clauses if _is_only(clause, "bare_denial")]
    return bool(bare) and all(c in bare or _is_only(c, "advice") for c in clauses)


def _is_only(clause: str, words_of: str) -> bool:
    return any(pattern(language, words_of).fullmatch(clause) for language in Language)

"""Report text -> uptake statements with evidence, rolled up to organ states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from pytest_pet2rep.anatomy import catalogue, combine
from pytest_pet2rep.findings.lexicon import reading_digest
from pytest_pet2rep.findings.memory import Statement, spans
from pytest_pet2rep.findings.normalise import normalise
from pytest_pet2rep.findings.resolve import outline
from pytest_pet2rep.findings.sections import NO_FINDINGS, SectionSpan, split_sections
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

VERSION = 1
EXTRACTOR = f"rules:{VERSION}.{reading_digest()}"
"""Signature of this extractor: version, and digest of its rules and word lists."""


def read(text: str, *, language: Language | None = None) -> Reading:
    """Read every uptake statement of a report.

    The word lists of both languages apply to every clause, and each clause is read by the word
    order of its own script; ``language`` is accepted for callers that know it and changes
    nothing.  Never raises on any text and takes time linear in its length.  ``states`` of the
    result are those of the findings; of the impression where the text has nothing else.

    Texts of ordinary length are read once and remembered; every call returns ``states`` of its
    own.
    """
    reading = _remembered(text) if len(text) <= _LONGEST_REMEMBERED else read_afresh(text)
    return replace(reading, states=dict(reading.states))


@lru_cache(maxsize=512)
def _remembered(text: str) -> Reading:
    return read_afresh(text)


_LONGEST_REMEMBERED = 20_000
"""Characters; longer texts are no reports of one examination and would fill the memory."""


def read_afresh(text: str) -> Reading:
    """Read a text as ``read`` does, without looking whether it has been read before."""
    sections = split_sections(text)
    mentions: list[Mention] = []
    flags = [Flag(name=name) for name in sections.flags]
    for span in sections.of(Section.BOTH):
        read_in = _read_section(text, span)
        mentions += read_in[0]
        flags += read_in[1]
    reading = Reading(mentions=tuple(mentions), flags=tuple(flags), extractor=EXTRACTOR)
    conflicts = tuple(Flag(name="conflict", detail=organ) for organ in conflicting_organs(reading))
    return replace(
        reading,
        flags=reading.flags + conflicts,
        states=states_of(reading, default_section(reading)),
    )


def _read_section(text: str, span: SectionSpan) -> tuple[list[Mention], list[Flag]]:
    normal = normalise(text[span.start : span.end])
    found = outline(normal.text)

    def place(start: int, end: int) -> tuple[int, int]:
        first, last = normal.original(start, end)
        return span.start + first, span.start + last

    mentions = []
    for statement, start, end in spans(found):
        first, last = place(start, end)
        site, said = statement.site, statement.verdict
        mentions.append(
            Mention(
                organ=site.organ, state=statement.state, side=site.side, part=site.part,
                degree=_degree(statement), certainty=said.certainty, suvmax=statement.suvmax,
                section=span.section, start=first, end=last, rule=said.rule,
            )
        )  # fmt: skip
    flags = [
        Flag(name="prior_mentioned", start=a, end=b)
        for a, b in (place(*p) for p in found.prior[:1])
    ]
    flags += [
        Flag(name="temporal_change_only", start=a, end=b)
        for a, b in (place(*p) for p in found.temporal_only)
    ]
    return mentions, flags


def _degree(statement: Statement) -> str:
    """A normal statement has no degree: "no marked uptake" is not marked."""
    return "" if statement.state is UptakeState.NORMAL else statement.verdict.degree


_ALONE: dict[UptakeState, States] = {state: frozenset({state}) for state in UptakeState}


def default_section(reading: Reading) -> Section:
    """Findings, or the impression where the text has nothing else."""
    alone = any(flag.name == NO_FINDINGS for flag in reading.flags)
    return Section.IMPRESSION if alone else Section.FINDINGS


def states_of(reading: Reading, section: Section) -> dict[str, States]:
    """Fine organ id -> states over one section; organs without a statement have no key.

    For ``BOTH`` the findings decide, organ by organ, where the two sections conflict (policy 13);
    an organ that only the impression mentions takes the states stated there.
    """
    if section is not Section.BOTH:
        return _roll_up(m for m in reading.mentions if m.section is section)
    impression = states_of(reading, Section.IMPRESSION)
    return dict(sorted((impression | states_of(reading, Section.FINDINGS)).items()))


def conflicting_organs(reading: Reading) -> list[str]:
    """Organs whose abnormal states differ between findings and impression, both stated."""
    impression = states_of(reading, Section.IMPRESSION)
    findings = states_of(reading, Section.FINDINGS) if impression else {}
    return [
        organ
        for organ in findings
        if organ in impression
        and findings[organ].intersection(ABNORMAL_STATES)
        != impression[organ].intersection(ABNORMAL_STATES)
    ]


def _roll_up(mentions: Iterable[Mention]) -> dict[str, States]:
    found: dict[str, list[States]] = defaultdict(list)
    organs = catalogue().organs
    for mention in mentions:
        if not organs[mention.organ].secondary:
            found[mention.organ].append(_ALONE[mention.state])
    return {organ: combine(states) for organ, states in sorted(found.items())}

"""Report text -> uptake statements with evidence, rolled up to organ states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pytest_pet2rep.anatomy import combine
from pytest_pet2rep.findings.normalise import normalise
from pytest_pet2rep.findings.resolve import simple_statements
from pytest_pet2rep.findings.sections import NO_FINDINGS, SectionSpan, split_sections
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    Flag,
    Language,
    Mention,
    Reading,
    Section,
    States,
)

EXTRACTOR = "rules:1"
"""Signature of this extractor: version and digest of its word lists."""


def read(text: str, *, language: Language | None = None) -> Reading:
    """Read every uptake statement of a report.

    ``language=None`` chooses the word list by the script of each clause.  Never raises on any
    text and takes time linear in its length.  ``states`` of the result are those of the
    findings; of the impression where the text has nothing else.
    """
    sections = split_sections(text)
    normal = normalise(text)
    mentions = []
    for organ, state, start, end in simple_statements(normal.text):
        begin, stop = normal.original(start, end)
        section = _section_at(sections.spans, begin)
        if section is not Section.TECHNIQUE:
            mentions.append(
                Mention(organ=organ, state=state, section=section, start=begin, end=stop)
            )
    flags = [Flag(name=name) for name in sections.flags]
    reading = Reading(mentions=tuple(mentions), flags=tuple(flags), extractor=EXTRACTOR)
    states = states_of(reading, default_section(reading))
    conflicts = [Flag(name="conflict", detail=organ) for organ in conflicting_organs(reading)]
    return Reading(
        mentions=reading.mentions,
        flags=tuple(flags + conflicts),
        states=states,
        extractor=EXTRACTOR,
    )


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
    findings = states_of(reading, Section.FINDINGS)
    impression = states_of(reading, Section.IMPRESSION)
    return [
        organ
        for organ in findings
        if organ in impression
        and findings[organ].intersection(ABNORMAL_STATES)
        != impression[organ].intersection(ABNORMAL_STATES)
    ]


def _roll_up(mentions: Iterable[Mention]) -> dict[str, States]:
    found: dict[str, list[States]] = defaultdict(list)
    for mention in mentions:
        found[mention.organ].append(frozenset({mention.state}))
    return {organ: combine(states) for organ, states in sorted(found.items())}


def _section_at(spans: Iterable[SectionSpan], position: int) -> Section:
    for span in spans:
        if span.start <= position < span.end:
            return span.section
    return Section.TECHNIQUE

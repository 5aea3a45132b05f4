"""Everything that is to be known of one report beside its reference, computed once.

Reading, expectations and flags are worked out together; each check then only looks them up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_pet2rep.anatomy import Profile, roll_up
from pytest_pet2rep.run.ambiguity import ambiguous_organs
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.run.expectations import expectations_of, fine_expectations
from pytest_pet2rep.types import (
    Case,
    Expectation,
    Language,
    Mention,
    Reading,
    Section,
    States,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadText:
    """A report as it is scored: read once as a whole, scored by one section."""

    whole: str
    scored: str
    """The scored section: what the text metrics see."""
    reading: Reading
    """Of the whole text: offsets of its mentions are offsets into ``whole``."""
    mentions: tuple[Mention, ...]
    """Those of the scored section."""
    states: Mapping[str, States]
    """Fine organ id -> states in the scored section."""
    section: Section
    """The section that is scored: the impression where a text has nothing else."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """One attempt beside its reference."""

    case: Case
    language: Language
    attempt: Attempt
    reference: ReadText
    generated: ReadText
    expected: Mapping[str, Expectation]
    """Organ id of the profile -> expectation."""
    expected_fine: Mapping[str, Expectation]
    """Fine organ id -> expectation; fine organs without one have no key."""
    found: Mapping[str, States]
    """Organ id of the profile -> states read in the generated report (unstated if unusable)."""
    ambiguous: frozenset[str]
    """Organs with uncertain or conflicting mentions only."""


def read_scored(text: str, language: Language, section: Section) -> ReadText:
    """Read ``text``, and pick out the section that is scored."""
    from pytest_pet2rep.findings.petrg import scored_mentions
    from pytest_pet2rep.findings.reader import default_section, read, states_of
    from pytest_pet2rep.findings.sections import section_text

    scored, flags = section_text(text, section)
    reading = read(text, language=language)
    if section is Section.FINDINGS:
        section = default_section(reading)
    return ReadText(
        whole=text,
        scored=scored,
        reading=reading,
        mentions=tuple(scored_mentions(reading, section)),
        states=states_of(reading, section),
        section=section,
        flags=flags,
    )


def assess(
    case: Case, attempt: Attempt, *, language: Language, section: Section, profile: Profile
) -> Assessment:
    """Read reference and generated report, and put expectation and statement side by side."""
    reference = read_scored(case.references[language], language, section)
    generated = read_scored(attempt.text if attempt.usable else "", language, section)
    return Assessment(
        case=case,
        language=language,
        attempt=attempt,
        reference=reference,
        generated=generated,
        expected=expectations_of(case, profile, reference.states),
        expected_fine=fine_expectations(case, reference.states),
        found=roll_up(generated.states, profile),
        ambiguous=ambiguous_organs(generated.mentions, generated.whole, profile),
    )

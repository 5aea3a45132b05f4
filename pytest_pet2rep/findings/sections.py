"""Where technique, findings and impression of a report begin and end.

Report files mark sections with ``影像所见：`` and ``影像诊断：``, or ``Findings:`` and
``Impression:``; generated reports use many variants, all listed in ``lexicon/sections.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pytest_pet2rep.findings.normalise import fold
from pytest_pet2rep.types import Section

NO_FINDINGS = "no_findings"
"""Flag: the text has an impression and nothing else, which is then read as findings."""
NO_IMPRESSION = "no_impression"
"""Flag: the impression was asked for and the text has none."""

_MIN_PREAMBLE = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionSpan:
    """Body of one section, as character offsets into the text (end exclusive)."""

    section: Section
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sections:
    """All sections of one text in reading order; together they hold every body character."""

    spans: tuple[SectionSpan, ...]
    flags: tuple[str, ...] = ()

    def of(self, section: Section) -> tuple[SectionSpan, ...]:
        """The spans of one section; for ``BOTH`` those of findings and impression."""
        wanted = (Section.FINDINGS, Section.IMPRESSION) if section is Section.BOTH else (section,)
        return tuple(span for span in self.spans if span.section in wanted)


def split_sections(text: str) -> Sections:
    """Split ``text`` at its section headings.

    Text without headings is all findings.  What stands before the first heading is technique if
    that heading opens the findings, and findings if it opens the impression.  A text that has
    nothing but an impression gets the flag ``no_findings``.
    """
    headings = list(_find_headings(fold(text)))
    if not headings:
        return Sections(spans=(SectionSpan(section=Section.FINDINGS, start=0, end=len(text)),))
    spans = _preamble(text, headings[0])
    ends = [start for _, start, _ in headings[1:]] + [len(text)]
    spans += [
        SectionSpan(section=section, start=body, end=end)
        for (section, _, body), end in zip(headings, ends, strict=True)
    ]
    named = {span.section for span in spans if text[span.start : span.end].strip()}
    alone = Section.IMPRESSION in named and Section.FINDINGS not in named
    return Sections(spans=tuple(spans), flags=(NO_FINDINGS,) if alone else ())


def section_text(text: str, section: Section) -> tuple[str, tuple[str, ...]]:
    """Return the part of ``text`` that is scored when ``section`` is, and flags about it.

    An impression-only text asked for its findings is returned as it is, flagged ``no_findings``.
    """
    sections = split_sections(text)
    if section is Section.FINDINGS and NO_FINDINGS in sections.flags:
        return _bodies(text, sections.of(Section.IMPRESSION)), (NO_FINDINGS,)
    body = _bodies(text, sections.of(section))
    if section is Section.IMPRESSION and not body:
        return body, (NO_IMPRESSION,)
    return body, sections.flags


def _bodies(text: str, spans: tuple[SectionSpan, ...]) -> str:
    return "\n".join(body for span in spans if (body := text[span.start : span.end].strip()))


def _preamble(text: str, first: tuple[Section, int, int]) -> list[SectionSpan]:
    section, start, _ = first
    if len(text[:start].strip()) < _MIN_PREAMBLE:
        return []
    kind = Section.FINDINGS if section is Section.IMPRESSION else Section.TECHNIQUE
    return [SectionSpan(section=kind, start=0, end=start)]


_BREAK = re.compile(r"^|[\n。.;!?]")


def _find_headings(text: str) -> Iterator[tuple[Section, int, int]]:
    """Section, start and end of each heading, looked for behind every line and sentence."""
    pattern, done = _heading_pattern(), 0
    for place in _BREAK.finditer(text):
        match = pattern.match(text, place.end()) if place.end() >= done else None
        if match is not None:
            done = match.end()
            yield _section_of(match), match.start(), done


def _section_of(match: re.Match[str]) -> Section:
    return _headings()["".join(match.group("label").split())]


@cache
def _headings() -> dict[str, Section]:
    """Heading without spaces -> section."""
    return {"".join(name.split()): section for name, section in _heading_names().items()}


@cache
def _heading_names() -> dict[str, Section]:
    source = resources.files(__package__).joinpath("lexicon/sections.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    return {name: Section(section) for section, names in table.items() for name in names}


@cache
def _heading_pattern() -> re.Pattern[str]:
    """One alternation of all headings; every repetition is bounded, so matching is linear."""
    names = "|".join(
        r"[ \t]{1,3}".join(map(re.escape, name.split()))
        for name in sorted(_heading_names(), key=len, reverse=True)
    )
    number = r"(?:[一二三四五六1-9][、.)][ \t]{0,3})?"
    opened, closed = r"[【\[(*]{0,3}[ \t]{0,3}", r"[ \t]{0,3}[】\])*]{0,3}[ \t]{0,3}"
    return re.compile(
        rf"[ \t#*]{{0,6}}{number}{opened}(?P<label>{names})"
        rf"(?:{closed}(?::\**|(?=\n|$))|[ \t]{{0,3}}[】\]]\**)"
    )

"""A report text cut at its mentions, each with what the extractor read there and why."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.types import Certainty, Mention, Section, Side

if TYPE_CHECKING:
    from pytest_pet2rep.anatomy import Profile


def marked_text(text: str, profile: Profile, section: str) -> dict[str, Any]:
    """Read ``text`` and return its ``pieces`` and ``mentions``.

    A piece is ``[text, mentions]``, or ``[text]`` outside all of them; the first of the mentions
    is the one that the piece stands for (the innermost), and ``starts`` of a mention is the
    number of its first piece, -1 where another one stands in front of it.  Offsets stay on this
    side: pieces show invisible characters as escapes.
    """
    from pytest_pet2rep.findings.reader import default_section, read

    reading = read(text)
    mentions = sorted(reading.mentions, key=lambda m: (m.start, -m.end, m.organ))
    scored = _scored(section, default_section(reading))
    cuts = sorted({0, len(text), *(m.start for m in mentions), *(m.end for m in mentions)})
    pieces: list[list[Any]] = []
    starts = [-1] * len(mentions)
    active: list[int] = []
    upcoming = 0
    for begin, end in pairwise(cuts):
        active = [number for number in active if mentions[number].end > begin]
        while upcoming < len(mentions) and mentions[upcoming].start <= begin:
            if mentions[upcoming].end > begin:
                active.append(upcoming)
            upcoming += 1
        inner = list(reversed(active))
        if inner and starts[inner[0]] < 0 and mentions[inner[0]].start == begin:
            starts[inner[0]] = len(pieces)
        shown = terminal_safe(text[begin:end], line_feeds=True)
        pieces.append([shown, inner] if inner else [shown])
    organ_of = _organ_of(profile)
    return {
        "pieces": pieces,
        "mentions": [
            _plain(mention, organ_of.get(mention.organ, ""), scored, starts[number])
            for number, mention in enumerate(mentions)
        ],
        "extractor": reading.extractor,
    }


def excerpt(text: str, most: int = 400) -> str:
    """Return the beginning of a sentence that stands as evidence, harmless and on one line."""
    return terminal_safe(text[:most]) + ("…" if len(text) > most else "")


def _scored(section: str, alone: Section) -> frozenset[str]:
    """Sections whose mentions decide; a text that has only an impression is scored by it."""
    if section == Section.BOTH:
        return frozenset({str(Section.FINDINGS), str(Section.IMPRESSION)})
    return frozenset({str(alone) if section == Section.FINDINGS else section})


def _organ_of(profile: Profile) -> Mapping[str, str]:
    """Fine organ -> organ of the list; an organ in two regions belongs to the first."""
    found: dict[str, str] = {}
    for organ in profile.organs:
        for fine in organ.fine:
            found.setdefault(fine, organ.id)
    return found


def _plain(mention: Mention, organ: str, scored: frozenset[str], starts: int) -> dict[str, Any]:
    """Return one mention without what is usual: the script of the page fills that in again."""
    facts = {
        "organ": organ,
        "fine": mention.organ if mention.organ != organ else "",
        "side": "" if mention.side is Side.NONE else str(mention.side),
        "part": excerpt(mention.part),
        "degree": mention.degree,
        "certainty": "" if mention.certainty is Certainty.DEFINITE else str(mention.certainty),
        "suvmax": mention.suvmax,
        "section": "" if mention.section is Section.FINDINGS else str(mention.section),
    }
    return {
        "state": str(mention.state),
        "rule": mention.rule,
        "scored": int(bool(organ) and str(mention.section) in scored),
        "starts": starts,
        **{name: value for name, value in facts.items() if value not in ("", None)},
    }

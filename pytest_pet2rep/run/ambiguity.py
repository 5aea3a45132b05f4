"""Organs of which a report has only uncertain or conflicting mentions.

A conflict is a plain statement that an organ is normal beside a plain one that it is not, of the
same side and part, in the same word for the organ.  A lesion beside its background, a remainder
("余肺", "otherwise"), a wall or structure, a clause that names no organ, an exception, a comparison
or a physiological cause is none: when in doubt, an organ is not ambiguous.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_pet2rep.anatomy import Profile
from pytest_pet2rep.run.expectations import sentence_around
from pytest_pet2rep.types import ABNORMAL_STATES, Certainty, Mention, Side, UptakeState

SET_APART = (
    "rest", "whole", "lesion", "focus", "disease", "exemplar", "reference", "contrast", "anaphor",
    "pronoun", "former", "latter", "either", "except_open", "except_close", "except_alone",
    "prior", "temporal", "physiologic", "recommend", "beside", "adjacent",
)  # fmt: skip
"""Word lists of the lexicon: such a word says that a sentence is not about the organ as a whole."""
STRUCTURE, SIDE = "C", "s"
"""Kinds of words that say that an abnormal statement is about a structure, or a side of an organ
that has none, not about the organ as a whole."""
REACH = 200
"""Characters; without a bound one endless sentence would be read again for each of its mentions."""
Place = tuple[str, Side, str]
SENTENCE_ENDS = ".\n"


def ambiguous_organs(mentions: Sequence[Mention], text: str, profile: Profile) -> frozenset[str]:
    """Return the organs of ``profile`` that are ambiguous; ``text`` is what mentions point into."""
    unsure = {m.organ for m in mentions if m.certainty is Certainty.UNCERTAIN}
    sure = {m.organ for m in mentions if m.certainty is not Certainty.UNCERTAIN}
    conflicting = {m.organ for m in _conflicting(mentions, text)}
    return frozenset(
        organ.id
        for organ in profile.organs
        if conflicting.intersection(organ.fine)
        or (unsure.intersection(organ.fine) and not sure.intersection(organ.fine))
    )


def _conflicting(mentions: Sequence[Mention], text: str) -> Iterator[Mention]:
    """Abnormal mentions beside a normal one of the same place, both of them plain."""
    normal: dict[Place, set[str]] = {}
    found = [m for m in mentions if m.state in ABNORMAL_STATES]
    disputed = {_place(m) for m in found if m.certainty is not Certainty.UNCERTAIN}
    for mention in mentions:
        if mention.state is UptakeState.NORMAL and _place(mention) in disputed:
            normal.setdefault(_place(mention), set()).update(_plain_names(mention, text))
    for mention in found:
        names = normal.get(_place(mention), set())
        sure = mention.certainty is not Certainty.UNCERTAIN
        if sure and names and not names.isdisjoint(_plain_names(mention, text)):
            yield mention


def _place(mention: Mention) -> Place:
    return mention.organ, mention.side, mention.part


def _sentence_of(mention: Mention, text: str) -> str:
    """The sentence of a mention; empty if it goes on for longer than ``REACH`` on either side."""
    first, last = max(mention.start - REACH, 0), min(mention.end + REACH, len(text))
    if mention.end - mention.start > REACH:
        return ""
    window = text[first:last]
    start, end = sentence_around(window, mention.start - first, mention.end - first)
    endless = (start == 0 and first > 0) or (end == len(window) and last < len(text))
    return "" if endless else window[start:end]


def _plain_names(mention: Mention, text: str) -> frozenset[str]:
    """The words by which a plain statement names its organ; none where something sets it apart."""
    from pytest_pet2rep.findings.lexicon import kinds
    from pytest_pet2rep.findings.normalise import normalise
    from pytest_pet2rep.findings.tokens import tokenise

    sentence = _sentence_of(mention, text)
    if not sentence:
        return frozenset()
    evidence = normalise(text[mention.start : mention.end]).text
    words = tokenise(evidence)
    around = {token.kind for token in tokenise(normalise(sentence).text)}
    kinds_said = {token.kind for token in words}
    within = STRUCTURE in kinds_said or (SIDE in kinds_said and mention.side is Side.NONE)
    if (within and mention.state in ABNORMAL_STATES) or not around.isdisjoint(
        kinds()[name] for name in SET_APART
    ):
        return frozenset()
    if not kinds_said.isdisjoint(SENTENCE_ENDS):
        return frozenset()
    named = (token for token in words if token.word.organ == mention.organ)
    return frozenset(evidence[token.start : token.end] for token in named)

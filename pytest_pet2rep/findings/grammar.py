"""The uptake grammar: patterns over strings of word kinds (one letter per word).

Letters as in ``lexicon/kinds.toml``.  ``predicates`` finds the uptake phrases of a clause, after
``marking.mark`` has taken up what only looks like uptake.  Every repetition is bounded, so
matching is linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from pytest_pet2rep.findings.tokens import Token

_SKIP = r"[GqMTtVFIQsOapnLcmWyuoPA.#SYgzf]"
_PREDICATE = re.compile(
    rf"(?P<relation>[_\^][GfH+\-]{{1,3}}[.]{{0,3}}Y|(?:[UfHd]{_SKIP}{{0,8}})?!?[GMt]{{0,3}}[><~](?:[.#SGF]{{0,8}}c?[><~])?)"
    rf"|(?P<post>[Ufd]{_SKIP}{{0,10}}![GqMVFtfA!]{{0,4}}(?:[A+\-0ZHKiP](?:[cGA!]{{0,3}}[+\-0ZHKi])*)(?:U(?![GqMTtVF]{{0,4}}[+\-]))?)"
    rf"|(?P<before>(?:[+\-=NP0Z^_HKv][cGqAf]{{0,3}}){{0,3}}[+\-=NP0^_v][GqAfsOapncILim]{{0,8}}[Ud](?![GqMTtVFA]{{0,4}}[+\-])|[+\-]G?f(?=I))"
    rf"|(?P<after>[PA]?[Gfi]{{0,3}}[Ufd](?![cV]G?Z){_SKIP}{{0,12}}[+\-0Z=NvwiPA^_](?:[cGVMAT]{{0,4}}[+\-0Z](?![GfOas]{{0,4}}U))*(?![GfsOap]{{0,4}}U))"
    rf"|(?P<hot>[P\^_]?I?[GA]{{0,2}}[HKZ][GMTtAfL]{{0,4}}(?:[+\-v](?![GfOas]{{0,4}}U))?(?:[cGf]{{0,2}}[HKZ0])*)"
    rf"|(?P<deauville>B)"
    rf"|(?P<abnormal>A[GfsOapncIi]{{0,6}}[Ud])"
    rf"|(?P<temporal>T[GMt]{{0,3}}[+\-])"
    rf"|(?P<trend>[\^_](?![GfHIUC+\-]))"
    rf"|(?P<level>m(?:[UN]|F?[=N])|[.]w)"
    rf"|(?P<bare>[Ud]|(?<=[!G])f(?=[IVFt.,]|$))"
    rf"|(?P<alone>v)"
    rf"|(?P<compared>Y[GMt.#S]{{0,8}}[+\-])"
    rf"|(?P<defect>0)"
    rf"|(?P<elliptic>(?:!{{1,2}}[GMV]{{0,3}})?A?G{{0,3}}[+\-](?:[cGA]{{1,2}}[+\-0]){{0,2}}(?![GqAfsOapncILim]{{0,8}}[UC]))"
    rf"|(?P<physiologic>P{{1,3}})"
    rf"|(?P<hinted>q[GAsOa]{{0,3}}L)"
    rf"|(?P<weak>![GMV]{{0,3}}A(?![GfsOapncIiL.]{{0,8}}[UdHKZ])[GLsOan]{{0,4}}|N)"
)


@dataclass(slots=True, eq=False)
class Predicate:
    """One uptake phrase: ``tokens[first:last]`` of its clause, and which pattern found it."""

    form: str
    first: int
    last: int
    kinds: str
    negations: int = 0
    references: tuple[str, ...] = field(default_factory=tuple)


def predicates(
    tokens: list[Token], kinds: str, relations: dict[int, tuple[str, ...]]
) -> list[Predicate]:
    """The uptake phrases of one clause in order, each with the negations that govern it."""
    found: list[Predicate] = []
    for form, first, last in _phrases(kinds):
        if form == "hinted" and tokens[last - 1].word.value != "focus":
            continue
        predicate = Predicate(form=form, first=first, last=last, kinds=kinds[first:last])
        if relations:
            predicate.references = tuple(
                organ for token in tokens[first:last] for organ in relations.get(token.start, ())
            )
        predicate.negations = _negations(kinds, predicate, found[-1] if found else None, tokens)
        found.append(predicate)
    return found


@lru_cache(maxsize=4096)
def _phrases(kinds: str) -> tuple[tuple[str, int, int], ...]:
    """Form, start and end of every phrase; most clauses share their kinds with many others."""
    if not _CAN_SAY.search(kinds):
        return ()
    return tuple(
        (match.lastgroup or "", match.start(), match.end()) for match in _PREDICATE.finditer(kinds)
    )


_CAN_SAY = re.compile(r"[\^_wUdfmHKZ+0vBPNA><~Yq-]")
_REFUTED_BEHIND = re.compile(r"[^UHKZ!4]{0,12}4(?!.*[UHKZ])")
NOT_IN = re.compile(r"G?F?VI!")
"""The negation behind a phrase that is "seen in neither" of the organs that follow."""
_PASSIVE = re.compile(r"[OasnpIcLtMG]{0,8}F?!G{0,2}V")
_SHARED = re.compile(r"[cGfAOasnpIqL]{0,8}$")
_NEGATED_NOUN = re.compile(r"!.*[CLnJ.][^,]*I[GfAs]*$")


def _negations(
    kinds: str, predicate: Predicate, before: Predicate | None, tokens: list[Token]
) -> int:
    """Negations inside a phrase, in front of it within their scope, and a passive one behind it."""
    count = predicate.kinds.count("!")
    start = before.last if before else 0
    between = kinds[start : predicate.first]
    shared = before is not None and "c" in between and _SHARED.fullmatch(between)
    if before is not None and shared and before.form != "post":
        count += before.negations
    for position in range(predicate.first - 1, start - 1, -1):
        kind = kinds[position]
        if (
            kind in "jyex"
            or (kind == "c" and count)
            or (kind in "F" and _short(tokens, start, position))
        ):
            break
        if kind in "!4" and not _adjectival(kinds, position, predicate, tokens):
            count += 1
    if _PASSIVE.match(kinds, predicate.last) or NOT_IN.match(kinds, predicate.last):
        count += 1
    if _REFUTED_BEHIND.match(kinds, predicate.last):
        count += 1
    return count


def _short(tokens: list[Token], start: int, position: int) -> bool:
    """A finite verb ends the scope of prepositions such as "without"."""
    text = [token for token in tokens[start:position] if token.kind == "!"]
    return bool(text) and all(token.word.value == "short_negation" for token in text)


def _adjectival(kinds: str, position: int, predicate: Predicate, tokens: list[Token]) -> bool:
    """A negation ends at its own noun, as in "no calcification in the avid mass"."""
    if predicate.form != "hot" or not _ATTRIBUTIVE.match(kinds, predicate.last):
        return False
    hot = predicate.first + predicate.kinds.index(predicate.kinds.lstrip("P^_IGA")[:1])
    inside = kinds[position:hot]
    if _NEGATED_NOUN.fullmatch(inside) is not None:
        return True
    own = tokens[position]
    if _MODIFIED.fullmatch(inside) and own.end - own.start == 1:
        return tokens[hot].start > tokens[hot - 1].end
    unknown = _UNKNOWN_NOUN.fullmatch(inside)
    if unknown is None:
        return False
    noun = position + unknown.end("noun")
    return tokens[noun].start - tokens[noun - 1].end > _SHORTEST_NOUN or (
        noun > position + 1 and tokens[position + 1].start - tokens[position].end > _SHORTEST_NOUN
    )


_ATTRIBUTIVE = re.compile(r"[Gs]{0,2}[LnO]")
_UNKNOWN_NOUN = re.compile(r"(?P<noun>!G{0,2}[FV]{0,2})I[GfAs]{0,3}")
_MODIFIED = re.compile(r"!G?[C.]{1,2}")
_SHORTEST_NOUN = 4
"""Characters, with the spaces around it, of a noun between a negation and its preposition."""

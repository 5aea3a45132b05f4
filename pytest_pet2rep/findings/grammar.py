"""The uptake grammar: patterns over strings of word kinds (one letter per word).

Letters as in ``lexicon/kinds.toml``.  ``mark`` takes up what only looks like uptake, so that the
later patterns do not see it: references ("higher than *liver*") and CT phrases ("density
increased").  ``predicates`` then finds the uptake phrases of a clause.  Every repetition is
bounded, so matching is linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from pytest_pet2rep.findings.tokens import Token

TAKEN = "."
"""Kind of a word that a longer phrase has taken up."""

_REFERENCE = re.compile(
    r"(?P<head>[><~YE])(?P<body>(?:UI)?[IGsoQ]{0,3}(?:[sOampnLPWQu.]|N(?=[OamU])|c(?=[sOam])|[IuyUfd](?=[sOamS#])){1,10}[N]?[Ufd]?)I?(?P<value>[S#]?)"
)
_MULTIPLE = re.compile(r"N?(?P<body>[sOamp.N]{1,6})l")
_STANDARD = re.compile(r"[sOampc]{1,5}5")
_OTHER_VALUE = re.compile(r"N?s?(?P<head>[mO])[sOapu]{0,3}[FVIU]{0,2}(?P<value>[S#])")
_CONTRALATERAL = re.compile(r"(?P<head>[YE])(?P<value>[S#])(?:I?s|I[mO])")
_NORMAL_REFERENCE = re.compile(r"[><~][G]?N")
_SIMILAR = re.compile(r"[cY][sG]{0,2}[sOampu]{1,6}[UfdL]{0,2}(?=[MGF]{0,2}[w~])")
_CT_BEFORE = re.compile(r"(?<![UfdHK])[+\-=NAiv0][GscLf]{0,3}[Oas]{0,3}C(?![UfHd])")
_CT_AFTER = re.compile(
    r"C[cCGsMVFLptukiqIuY.]{0,10}!{0,2}[GMA]{0,3}[+\-=NwiAv0](?:[cG]{0,2}[+\-=NwiA])?"
    r"(?![GfAOasciP]{0,6}[UHKdZ])"
)
_CT_BARE = re.compile(r"!?[GA]{0,2}C")

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


def mark(tokens: list[Token]) -> dict[int, tuple[str, ...]]:
    """Take up references and CT phrases in the tokens of a sentence.

    Returns, for each word of relation (by its start), the organs that it refers to.
    """
    kinds = "".join([token.kind for token in tokens])
    relations: dict[int, tuple[str, ...]] = {}
    if "l" in kinds or "5" in kinds:
        _mark_multiples(tokens, kinds, relations)
        kinds = "".join([token.kind for token in tokens])
    if "S" in kinds:
        _mark_other_value(tokens, kinds, relations)
        kinds = "".join([token.kind for token in tokens])
    if _RELATION_WORD.search(kinds):
        _mark_references(tokens, kinds, relations)
    if "b" in kinds and relations:
        _join_relations(tokens)
    if "w" in kinds or "~" in kinds:
        _take_all(_SIMILAR, tokens)
    if "HG" in kinds and ("w" in kinds or relations):
        _level_of_uptake(tokens)
    if "C" in kinds:
        _take_all(_CT_AFTER, tokens, keep="OasnpL")
        _take_all(_CT_BEFORE, tokens, keep="OasnpL")
    if kinds.count("!") > 1 and any(t.word.value == "neither" for t in tokens if t.kind == "!"):
        for token in tokens:
            token.kind = "c" if token.word.value == "nor" else token.kind
    return relations


_RELATION_WORD = re.compile("[><~YE]")


def _mark_references(
    tokens: list[Token], kinds: str, relations: dict[int, tuple[str, ...]]
) -> None:
    for match in _REFERENCE.finditer(kinds):
        body = tokens[match.start("body") : match.end("body")]
        if not any(token.kind in "OamsPNWQ" for token in body):
            continue
        head = tokens[match.start()]
        if head.kind == "E" and "o" in match.group():
            continue
        relations[head.start] = tuple(token.word.organ or token.word.value for token in body)
        _take(body)
        if match.group("value"):
            value = tokens[match.start("value")]
            head.number, value.kind = value.number, TAKEN
        if head.kind == "E":
            head.kind = "Y"
    for match in _CONTRALATERAL.finditer(kinds):
        head, value = tokens[match.start()], tokens[match.start() + 1]
        relations[head.start] = ("reference",)
        head.kind, head.number = "Y", value.number
        _take(tokens[match.start() + 1 : match.end()])
    for match in _NORMAL_REFERENCE.finditer(kinds):
        head = tokens[match.start()]
        if head.start not in relations:
            relations[head.start] = ("normal",)
            tokens[match.end() - 1].kind = TAKEN
    for position, token in enumerate(tokens):
        if token.kind == "Y" and token.number and position and tokens[position - 1].kind == ",":
            tokens[position - 1].kind = TAKEN
        if token.kind in "><~l5" and token.start not in relations:
            token.kind = TAKEN
        elif token.kind == "E":
            token.kind = "T"
        elif token.kind == "Y" and token.start not in relations:
            token.kind = "G"


_COMPARED_LEVEL = re.compile(r"H(?=G[GF]{0,2}(?:[><~]|[.]{1,8}w))")


def _level_of_uptake(tokens: list[Token]) -> None:
    """Read "浓聚程度与肝脏相仿" as the level of uptake, not as uptake that is high."""
    for match in _COMPARED_LEVEL.finditer("".join([token.kind for token in tokens])):
        if tokens[match.end()].word.value == "extent":
            tokens[match.start()].kind = "U"


_BOTH_WAYS = re.compile(r"[><]\.{1,8}(?P<mark>,?b)(?=[GFtV]{0,2}[><])")


def _join_relations(tokens: list[Token]) -> None:
    """Keep "above blood pool but below liver" together: it is one level, and a normal one."""
    match = _BOTH_WAYS.search("".join([token.kind for token in tokens]))
    if match is not None:
        _take(tokens[match.start("mark") : match.end("mark")])


def _mark_multiples(tokens: list[Token], kinds: str, relations: dict[int, tuple[str, ...]]) -> None:
    """Make "肝脏的2倍" above the liver, and "对侧的一半" below the other side."""
    for match in _MULTIPLE.finditer(kinds):
        head, body = tokens[match.end() - 1], tokens[match.start("body") : match.end("body")]
        if any(token.kind in "Oam" for token in body):
            head.kind = "<" if head.word.value == "fraction" else ">"
            relations[head.start] = tuple(token.word.organ or token.word.value for token in body)
            _take(tokens[match.start() : match.end() - 1])
    for match in _STANDARD.finditer(kinds):
        _take(tokens[match.start() : match.end()])


def _mark_other_value(
    tokens: list[Token], kinds: str, relations: dict[int, tuple[str, ...]]
) -> None:
    """The SUV of the tissue around a lesion, behind that of the lesion."""
    for match in _OTHER_VALUE.finditer(kinds):
        separator = match.start() - 1
        head, value = tokens[match.start("head")], tokens[match.end() - 1]
        named = {t.word.organ for t in tokens[: match.start()] if t.kind == "O"}
        if "S" not in kinds[: match.start()] or kinds[separator] not in ",;b":
            continue
        if not _is_tissue(head, named, normal=kinds[match.start()] == "N"):
            continue
        head.kind, head.number = "Y", value.number
        relations[head.start] = ("reference",)
        _take([t for t in tokens[match.start() : match.end()] if t is not head])
        while separator >= 0 and kinds[separator] in ",;b":
            tokens[separator].kind = TAKEN
            separator -= 1


def _is_tissue(head: Token, named: set[str], *, normal: bool) -> bool:
    """Whether a word is the tissue around a lesion of the organs ``named``."""
    if head.kind == "m":
        return head.word.value == "reference"
    return head.word.organ in named and (normal or head.word.part in _TISSUES)


_TISSUES = frozenset(("parenchyma", "cortex"))


def _take(tokens: list[Token]) -> None:
    for token in tokens:
        token.kind = TAKEN


def _take_all(pattern: re.Pattern[str], tokens: list[Token], keep: str = "") -> None:
    kinds = "".join(["H" if token.word.value == "non_avid" else token.kind for token in tokens])
    for match in pattern.finditer(kinds):
        for token in tokens[match.start() : match.end()]:
            if token.kind not in keep:
                token.kind = TAKEN


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

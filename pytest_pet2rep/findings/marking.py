"""What only looks like uptake is taken up before the grammar reads a sentence.

References ("higher than *liver*", "肝脏的2倍", the SUV of the tissue around a lesion), standards of
comparison and CT phrases ("density increased") are marked, so that the patterns of ``grammar`` do
not see them.  Letters as in ``lexicon/kinds.toml``; every repetition is bounded.
"""

from __future__ import annotations

import re

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

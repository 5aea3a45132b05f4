"""Tokens -> sentences -> clauses, the stretches within which uptake grammar works."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_pet2rep.findings.nonstatements import blanks, is_statement
from pytest_pet2rep.findings.sites import Site
from pytest_pet2rep.findings.tokens import Token

_STATES = frozenset("U+-HKZ0=NvPdwAB")
_ANATOMY = frozenset("Oan")
_SAYS = frozenset("FVUHKZN+-")
_LISTED = re.compile(r"(?<=[Oapnu]),(?=[cyIGs]{0,4}[Oapn])")
_JOINED_CLAUSE = re.compile(r"c(?=[GsQLoMyI]*[Oapn][OapnLsGcI]*[Fz3])")
_BARE_UPTAKE = re.compile(r"f{0,2}[Ud](?:If)?I[sOapnc]{1,12}")
_CT_PLACE = re.compile(r"[^,;:b]*C[^,;:b]*I[^,;:b]*$")
"""A CT finding with its place ("clips in the fossa"): the organ behind it begins anew."""
_JOINING = re.compile("[Fz3]")
_SEPARATORS = frozenset(",;:b")
_SEPARATOR = re.compile("[,;:b]")
_MAX_OPEN = 60
_UNDIVIDED = 2
_LONGEST_CLAUSE, _LONGEST_SENTENCE = 400, 1200
"""Tokens; longer stretches, which no report has, are cut so that reading stays linear."""


@dataclass(slots=True, eq=False)
class Clause:
    """Tokens between two separators; ``closed_by`` is the separator behind it.

    ``kinds`` is one letter per token.
    """

    tokens: list[Token]
    closed_by: str = ""
    unfilled: bool = False
    sites: list[Site] = field(default_factory=list)
    """What it speaks of: its own sites, or those before it."""

    kinds: str = ""

    def __post_init__(self) -> None:
        self.kinds = self.kinds or "".join([token.kind for token in self.tokens])


@dataclass(slots=True, eq=False)
class Sentence:
    """One sentence: its clauses, where it stands, and what stood before it."""

    clauses: list[Clause]
    start: int
    end: int
    after_break: bool
    """A line break stands before it."""
    after_gap: bool
    """An empty line stands before it."""
    statement: bool = True
    """False for questions, conditions, instructions, option lists and refusals."""
    tokens: list[Token] = field(default_factory=list)
    blanks: list[int] = field(default_factory=list)
    """Where slots were left open."""


def sentences(text: str, tokens: list[Token]) -> Iterator[Sentence]:
    """Split tokens at full stops and line breaks, and each sentence at commas and contrasts."""
    slots = blanks(text)
    kinds = "".join([token.kind for token in tokens])
    breaks = start = first = 0
    for stop in _STOP.finditer(kinds):
        position = stop.start()
        while position - first > _LONGEST_SENTENCE:
            cut = first + _LONGEST_SENTENCE
            end = tokens[cut - 1].end
            yield _sentence(text, tokens[first:cut], start, end, breaks, slots)
            first, start, breaks = cut, end, 0
        end = tokens[position].end if position < len(tokens) else len(text)
        if position > first:
            yield _sentence(text, tokens[first:position], start, end, breaks, slots)
            breaks = 0
        breaks = breaks + 1 if stop.group() == "\n" else breaks
        start, first = end, position + 1


_STOP = re.compile(r"[.\n]|\Z")


def _sentence(
    text: str, tokens: list[Token], start: int, end: int, breaks: int, slots: list[int]
) -> Sentence:
    said = is_statement(text[start:end].strip(" 。.!\n"))
    stated = [] if said else _what_is_stated(text, tokens, start, end)
    if stated:
        tokens, said = stated, True
    words = _without_brackets(tokens)
    return Sentence(
        clauses=[], start=start, end=end, after_break=breaks > 0, after_gap=breaks > 1,
        statement=said, tokens=words,
        blanks=slots[bisect_left(slots, start) : bisect_left(slots, end)],
    )  # fmt: skip


def _says(kinds: str) -> bool:
    return not _SAYS.isdisjoint(kinds) and _BARE_UPTAKE.fullmatch(kinds) is None


_TURN = re.compile(
    r";|,(?=但|目前|不过|本次|此次|现| ?(?:but|however|currently|at present|today|here)\b)"
)


def _what_is_stated(text: str, tokens: list[Token], start: int, end: int) -> list[Token]:
    """Tokens of those parts of a conditional or a question that state something all the same."""
    borders = [start, *(match.end() for match in _TURN.finditer(text, start, end)), end]
    if len(borders) == _UNDIVIDED:
        return []
    kept: list[Token] = []
    for left, right in itertools.pairwise(borders):
        if is_statement(text[left:right].strip(" 。.!;,\n")):
            kept += [token for token in tokens if left <= token.start < right]
    return kept


def split_clauses(sentence: Sentence) -> list[Clause]:
    """Clauses of a sentence whose tokens the grammar has already marked."""
    tokens = sentence.tokens
    kinds = _join_lists(tokens, "".join([token.kind for token in tokens]))
    kinds = _join_phrases(tokens, kinds)
    found: list[Clause] = []
    start = 0
    for border in _borders(kinds):
        if not (kinds[border] == "c" and not _says(kinds[start:border])):
            _cut(found, tokens, kinds, start, border, kinds[border])
            start = border + 1
    _cut(found, tokens, kinds, start, len(kinds), ".")
    if sentence.blanks:
        _mark_unfilled(sentence, found)
    return found


def _borders(kinds: str) -> list[int]:
    """Separators, and an "and" before a new verb."""
    borders = [match.start() for match in _SEPARATOR.finditer(kinds)]
    if "c" in kinds and _JOINING.search(kinds):
        borders = sorted({*borders, *(m.start() for m in _JOINED_CLAUSE.finditer(kinds))})
    return borders


def _cut(
    found: list[Clause], tokens: list[Token], kinds: str, start: int, end: int, closed_by: str
) -> None:
    while end - start > _LONGEST_CLAUSE:
        last = start + _LONGEST_CLAUSE
        found.append(Clause(tokens=tokens[start:last], closed_by=",", kinds=kinds[start:last]))
        start = last
    if end > start or closed_by == ":":
        found.append(Clause(tokens=tokens[start:end], closed_by=closed_by, kinds=kinds[start:end]))


_FOUND_IN = re.compile(r"[^Oanp,;:b]*[UHKZ+\-0dL][^Oanp,;:b]*(?P<mark>,)[GL]{0,2}I[GsIp]{0,3}[Oan]")
_INSERTED_CONTRAST = re.compile(r"(?<=[Oapn])(?P<mark>b)(?=![FV]?(?:[,;:]|$))")


def _join_phrases(tokens: list[Token], kinds: str) -> str:
    """Make one clause of "uptake is raised, seen in the parotid" and "the tail however not"."""
    found = [_FOUND_IN.match(kinds)] if "I" in kinds else []
    found += [_INSERTED_CONTRAST.search(kinds)] if "b" in kinds and "!" in kinds else []
    for match in found:
        if match is not None:
            tokens[match.start("mark")].kind = "."
    return "".join([token.kind for token in tokens]) if any(found) else kinds


def _join_lists(tokens: list[Token], kinds: str) -> str:
    """A comma between two organs is an "and", unless both sides have an uptake phrase."""
    commas = [match.start() for match in _LISTED.finditer(kinds)] if "," in kinds else []
    if not commas:
        return kinds
    borders = [-1, *(i for i, kind in enumerate(kinds) if kind in _SEPARATORS), len(kinds)]
    says = [
        not _STATES.isdisjoint(kinds[left + 1 : right])
        and _BARE_UPTAKE.fullmatch(kinds, left + 1, right) is None
        for left, right in itertools.pairwise(borders)
    ]
    place = {border: i for i, border in enumerate(borders)}
    for comma in commas:
        behind = place[comma]
        if _CT_PLACE.match(kinds, borders[behind - 1] + 1, comma):
            continue
        if not (says[behind - 1] and says[behind]):
            tokens[comma].kind = "c"
    return "".join([token.kind for token in tokens])


def _mark_unfilled(sentence: Sentence, clauses: list[Clause]) -> None:
    for blank in sentence.blanks:
        before = [c for c in clauses if c.tokens and c.tokens[0].start <= blank]
        if before:
            before[-1].unfilled = True


def _without_brackets(tokens: list[Token]) -> list[Token]:
    """A bracket whose content speaks of uptake is an aside of its own; others are let through."""
    kinds = "".join([token.kind for token in tokens])
    if "(" not in kinds and ")" not in kinds and "[" not in kinds and "]" not in kinds:
        return tokens
    tokens = _headings_in_brackets(tokens)
    if not any(token.kind == "(" for token in tokens):
        return [token for token in tokens if token.kind != ")"]
    kept: list[Token] = []
    aside = False
    for position, token in enumerate(tokens):
        if token.kind == "(":
            inside = []
            for later in tokens[position + 1 : position + _MAX_OPEN]:
                if later.kind == ")":
                    break
                inside.append(later.kind)
            aside = ("X" in inside or bool(_STATES.intersection(inside))) and not _is_reference(
                tokens, position
            )
            if aside:
                kept.append(Token(",", token.start, token.end, token.word))
        elif token.kind == ")":
            if aside:
                kept.append(Token(",", token.start, token.end, token.word))
            aside = False
        else:
            kept.append(token)
    return kept


def _headings_in_brackets(tokens: list[Token]) -> list[Token]:
    """【胸部】 before its findings reads as 胸部：; any other square bracket is let through."""
    kept: list[Token] = []
    opened = -1
    for token in tokens:
        if token.kind == "[":
            opened = len(kept)
        elif token.kind == "]":
            inside = "".join(t.kind for t in kept[opened:]) if opened >= 0 else ""
            if inside and _LABEL.fullmatch(inside):
                kept.append(Token(":", token.start, token.end, token.word))
            opened = -1
        else:
            kept.append(token)
    return kept


_LABEL = re.compile("[Oasncp ]{1,12}")


def _is_reference(tokens: list[Token], position: int) -> bool:
    return position > 0 and tokens[position - 1].kind in "m><~"

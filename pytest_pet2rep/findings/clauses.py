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
_JOINED_CLAUSE = re.compile(r"c(?=[GsQLoMyI]*[Oapn][OapnLsGcI]*F)")
_SEPARATORS = frozenset(",;:b")
_MAX_OPEN = 60
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
        self.kinds = "".join([token.kind for token in self.tokens])


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
    held: list[Token] = []
    slots = blanks(text)
    breaks = 0
    start = 0
    for token in tokens:
        if token.kind not in ".\n":
            held.append(token)
            if len(held) >= _LONGEST_SENTENCE:
                yield _sentence(text, held, start, token.end, breaks, slots)
                held, breaks, start = [], 0, token.end
            continue
        if held:
            yield _sentence(text, held, start, token.end, breaks, slots)
            held, breaks = [], 0
        breaks = breaks + 1 if token.kind == "\n" else breaks
        start = token.end
    if held:
        yield _sentence(text, held, start, len(text), breaks, slots)


def _sentence(
    text: str, tokens: list[Token], start: int, end: int, breaks: int, slots: list[int]
) -> Sentence:
    said = is_statement(text[start:end].strip(" 。.!\n"))
    words = _without_brackets(tokens)
    return Sentence(
        clauses=[], start=start, end=end, after_break=breaks > 0, after_gap=breaks > 1,
        statement=said, tokens=words,
        blanks=slots[bisect_left(slots, start) : bisect_left(slots, end)],
    )  # fmt: skip


def split_clauses(sentence: Sentence) -> list[Clause]:
    """Clauses of a sentence whose tokens the grammar has already marked."""
    found: list[Clause] = []
    held: list[Token] = []
    tokens = sentence.tokens
    _join_lists(tokens, "".join([token.kind for token in tokens]))
    kinds = "".join([token.kind for token in tokens])
    joins = (
        {match.start() for match in _JOINED_CLAUSE.finditer(kinds)} if "F" in kinds else frozenset()
    )
    for position, token in enumerate(tokens):
        joined = position in joins and any(held_token.kind in _SAYS for held_token in held)
        if token.kind in _SEPARATORS or joined:
            found.append(Clause(tokens=held, closed_by=token.kind))
            held = []
        elif len(held) >= _LONGEST_CLAUSE:
            found.append(Clause(tokens=held, closed_by=","))
            held = [token]
        else:
            held.append(token)
    found.append(Clause(tokens=held, closed_by="."))
    _mark_unfilled(sentence, found)
    return [clause for clause in found if clause.tokens or clause.closed_by == ":"]


def _join_lists(tokens: list[Token], kinds: str) -> None:
    """A comma between two organs is an "and", unless both sides have an uptake phrase."""
    commas = [match.start() for match in _LISTED.finditer(kinds)]
    if not commas:
        return
    borders = [-1, *(i for i, kind in enumerate(kinds) if kind in _SEPARATORS), len(kinds)]
    says = [
        not _STATES.isdisjoint(kinds[left + 1 : right])
        for left, right in itertools.pairwise(borders)
    ]
    place = {border: i for i, border in enumerate(borders)}
    for comma in commas:
        behind = place[comma]
        if not (says[behind - 1] and says[behind]):
            tokens[comma].kind = "c"


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
            aside = bool(_STATES.intersection(inside)) and not _is_reference(tokens, position)
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

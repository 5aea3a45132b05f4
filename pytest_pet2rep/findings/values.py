"""SUV numbers that stand alone: compared with a reference, or high enough to speak for themselves.

Policy 14: a bare SUV is no statement.  The exceptions, with their limits, are named here.
"""

from __future__ import annotations

import re

from pytest_pet2rep.findings.clauses import Clause, Sentence
from pytest_pet2rep.findings.memory import Memory, Statement, add_values
from pytest_pet2rep.findings.sites import Site
from pytest_pet2rep.findings.tokens import Token
from pytest_pet2rep.findings.verdicts import (
    HIGH_LESION_SUV,
    HIGH_SUV,
    RAISED_LESION_SUV,
    Verdict,
    compared_suv,
)
from pytest_pet2rep.types import UptakeState

_PLACE = re.compile("[Oanps]")
_LESION = re.compile("[Ln]")

_UPTAKE = re.compile(r"U(?!.*!)")
_SPEAKS = re.compile("[LnUdif]")


def read_values(memory: Memory, sentence: Sentence) -> None:
    """State what the numbers of a sentence say that no phrase of it has said."""
    before = ""
    focal = any(t.word.value == "focus" or t.kind == "f" for t in sentence.tokens)
    for clause in sentence.clauses:
        value = next((token for token in clause.tokens if token.kind == "S"), None)
        if value is not None:
            own = _PLACE.search(clause.kinds) is not None
            kinds = clause.kinds if own else before + clause.kinds
            _read(memory, clause, value, kinds, focal)
        named = _PLACE.search(clause.kinds) is not None
        before = clause.kinds if named else before + clause.kinds


def _read(memory: Memory, clause: Clause, value: Token, kinds: str, focal: bool) -> None:
    compared = next((t for t in clause.tokens if t.kind == "Y" and t.number), None)
    statements = memory.sentence_statements()
    for site in clause.sites:
        if site.aside or any(_said(statement, site) for statement in statements):
            continue
        if compared is not None:
            references = memory.relations.get(compared.start, ())
            same = site.organ in references or "reference" in references
            state = compared_suv(value.number, compared.number, same)
        elif value.number >= _limit(kinds, focal) and _SPEAKS.search(kinds):
            state = UptakeState.INCREASED
        else:
            continue
        made = memory.state([site], Verdict((state,), "P14"), value.start, value.end)
        add_values(made, [value])


def _said(statement: Statement, site: Site) -> bool:
    """A phrase has spoken of the organ; a plain "lower" may be meant within a lesion."""
    rule = statement.verdict.rule
    lower = rule == "P0" and statement.state is UptakeState.DECREASED
    same = statement.site.organ == site.organ and rule != "P14"
    return (statement.site is site or same) and not lower


def _limit(kinds: str, focal: bool) -> float:
    if _UPTAKE.search(kinds):
        return RAISED_LESION_SUV if _LESION.search(kinds) else HIGH_SUV
    return HIGH_SUV if focal or "i" in kinds else HIGH_LESION_SUV

"""Clauses that say something about what was said before: causes, denials, lists that go on."""

from __future__ import annotations

import re
from dataclasses import replace

from pytest_pet2rep.findings.clauses import Clause
from pytest_pet2rep.findings.grammar import Predicate
from pytest_pet2rep.findings.memory import Memory
from pytest_pet2rep.findings.sites import Site
from pytest_pet2rep.findings.verdicts import EXISTENCE, LEVEL, Verdict, disjoined
from pytest_pet2rep.types import Certainty, UptakeState

_YIELDING = (EXISTENCE, LEVEL, "P0.cold")
_NORMAL = (UptakeState.NORMAL,)
_INCREASED = (UptakeState.INCREASED,)
_LIST = re.compile(r"[OapnscuIyS.]*")
_OWN_LEVEL = re.compile("[+HK0Z-]")
_NOT_A_REMARK = re.compile("[!QWJ><]")
_OTHER_CAUSE = re.compile("q.*[JL]")
_DENIED = re.compile(r"[Oanps12][^C]{0,4}![tFVMGcA.]{0,3}$|^c?!{1,2}[sOapncu.]{1,10}F$")


def goes_on(memory: Memory, clause: Clause, sites: list[Site]) -> bool:
    """A list of organs behind the phrase that labels it, or after one that announced it."""
    kinds = clause.kinds
    if memory.announced is not None:
        verdict, token = memory.announced
        memory.state(sites, verdict, token.start, token.end)
        return True
    if not memory.last:
        return False
    meant = any(site is memory.last[-1].site for site in memory.context)
    exemplar = "h" in kinds and meant and memory.last[-1].state is not UptakeState.NORMAL
    if exemplar or (memory.forward and _LIST.fullmatch(kinds)):
        memory.state_again(sites)
        return True
    return False


def remark(memory: Memory, clause: Clause, sites: list[Site], said: list[Predicate]) -> bool:
    """Decide what was said before by a remark such as "..., likely physiologic".

    Returns whether the clause was such a remark (policy 9).
    """
    kinds = clause.kinds
    if "P" not in kinds and not memory.open and not memory.turned:
        return False
    open_cause = "P" in kinds and disjoined(kinds)
    if memory.turned and not sites and "P" not in kinds and _OTHER_CAUSE.search(kinds):
        _turn_back(memory)
        return True
    if sites and not (memory.open and open_cause) and not _names_again(memory, kinds, sites):
        return False
    if memory.open and (open_cause or "r" in kinds):
        return memory.decide_open(_INCREASED, "P9")
    if "P" not in kinds or "r" in kinds or open_cause or _NOT_A_REMARK.search(kinds):
        return open_cause and bool(memory.last)
    if any(_OWN_LEVEL.search(p.kinds) and "P" not in p.kinds for p in said):
        return False
    if not memory.open and not _still_meant(memory):
        return False
    return _turn(memory, Certainty.PROBABLE if "q" in kinds else Certainty.DEFINITE)


def _still_meant(memory: Memory) -> bool:
    """No other organ has been named since the last statement."""
    named = {site.organ for site in memory.context}
    return any(statement.site.organ in named for statement in memory.last)


def _names_again(memory: Memory, kinds: str, sites: list[Site]) -> bool:
    """The remark names the organ again ("considered physiologic bowel uptake")."""
    organs = {statement.site.organ for statement in memory.last}
    return kinds.startswith("q") and "P" in kinds and {site.organ for site in sites} <= organs


def _turn(memory: Memory, certainty: Certainty) -> bool:
    if memory.open:
        return memory.decide_open(_NORMAL, "P9", certainty)
    for statement in memory.last:
        if statement.state is UptakeState.INCREASED:
            memory.turned += [statement] if certainty is Certainty.PROBABLE else []
            statement.state = UptakeState.NORMAL
            statement.verdict = replace(statement.verdict, rule="P9", certainty=certainty)
    return bool(memory.last)


def _turn_back(memory: Memory) -> None:
    """The cause is left open after all ("possibly physiologic, possibly colitis")."""
    for statement in memory.turned:
        statement.state = UptakeState.INCREASED
        statement.verdict = replace(statement.verdict, certainty=Certainty.DEFINITE)
    memory.turned = []


def ellipsis(memory: Memory, clause: Clause, sites: list[Site]) -> None:
    """Deny the phrase before ("..., the left ones are not") or repeat it ("nor the right")."""
    kinds = clause.kinds
    if memory.open and kinds == "!":
        memory.decide_open((UptakeState.ABSENT,), "P1")
        return
    if memory.open and not sites and "V" in kinds:
        memory.decide_open(_INCREASED, EXISTENCE)
    if not memory.last or not sites:
        return
    state = memory.last[-1].state
    if "3" in kinds:
        normal = state in (UptakeState.NORMAL, UptakeState.ABSENT)
        other = Verdict(_INCREASED if normal else _NORMAL, "P5")
        memory.state(sites, other, sites[0].start, sites[-1].end)
    elif "z" in kinds:
        memory.state_again(sites)
    if "!" not in kinds or "3" in kinds:
        return
    if any(token.word.value == "nor" for token in clause.tokens[:2]):
        if state is UptakeState.NORMAL:
            memory.state_again(sites)
    elif state is UptakeState.INCREASED and _DENIED.search(kinds):
        denied = replace(memory.last[-1].verdict, states=_NORMAL, rule="P2", degree="")
        memory.state(sites, denied, sites[0].start, sites[-1].end)


def overrule(memory: Memory) -> None:
    """Drop from a sentence what a plainer word of the same sentence has put right.

    A lesion yields to its being gone, "uptake is seen" to a word on its level, and a "cold"
    nodule to its photopenic defect.
    """
    own = memory.sentence_statements()
    if len(own) < 2 or not any(s.verdict.rule in _YIELDING for s in own):
        return
    absent = {id(s.site) for s in own if s.state is UptakeState.ABSENT}
    last_normal: dict[int, int] = {}
    gone: dict[int, int] = {}
    for statement in own:
        if statement.state is UptakeState.NORMAL:
            last_normal[id(statement.site)] = max(
                statement.start, last_normal.get(id(statement.site), -1)
            )
        if statement.verdict.rule == LEVEL:
            gone[id(statement.site)] = statement.start
    kept = []
    for statement in own:
        site, rule = id(statement.site), statement.verdict.rule
        levelled = rule == EXISTENCE and last_normal.get(site, -1) > statement.start
        former = statement.state is UptakeState.INCREASED and gone.get(site, -1) > statement.start
        if not former and not levelled and not (rule == "P0.cold" and site in absent):
            kept.append(statement)
    memory.found.statements[memory.begun :] = kept

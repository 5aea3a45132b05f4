"""The walk over sentences and clauses that gives every uptake phrase its organs."""

from __future__ import annotations

import re
from dataclasses import replace

from pytest_pet2rep.findings.attach import choose, cut_exceptions
from pytest_pet2rep.findings.clauses import Clause, Sentence, sentences, split_clauses
from pytest_pet2rep.findings.grammar import Predicate, predicates
from pytest_pet2rep.findings.marking import mark
from pytest_pet2rep.findings.memory import Memory, OpenUptake, Outline, add_values
from pytest_pet2rep.findings.remarks import ellipsis, goes_on, overrule, remark
from pytest_pet2rep.findings.sites import Site, sites_of
from pytest_pet2rep.findings.tokens import Token, tokenise
from pytest_pet2rep.findings.values import read_values
from pytest_pet2rep.findings.verdicts import LEVEL, Verdict, verdict
from pytest_pet2rep.types import UptakeState

_CJK = re.compile("[\u4e00-\u9fff]")
_NODE_HEADING = re.compile(r"[GLaW]{0,2}n[GLn]{0,2}")
_ANNOUNCES = re.compile(r"[LGM]{0,3}[DI]$")
_PRIOR_PHRASE = re.compile(r"o[GVFMsOaIn]{0,3}$")
_ONLY_PLACES = re.compile("[Oapsncu]+")
_SHORT_REMARK = 3
_EVENNESS = re.compile("[G=]{1,4}")
_WITH = re.compile(r"VG{0,3}$")
_OF_A_PRIOR = frozenset("Tok^_")
_COMPARATIVES = ("comparative_more", "comparative_less")
_UPTAKE_WORD = re.compile("[UHKfdZ]")


def outline(text: str) -> Outline:
    """Read normalised ``text``, in time linear in its length."""
    memory = Memory()
    for sentence in sentences(text, tokenise(text)):
        if sentence.statement:
            _sentence(text, memory, sentence)
        else:
            memory.last = []
            if text[sentence.end - 1 : sentence.end] == "?":
                _ask(memory, sentence)
    return memory.found


def _sentence(text: str, memory: Memory, sentence: Sentence) -> None:
    memory.begin_sentence(sentence.after_gap, sentence.after_break, _refers_back(sentence))
    _note_prior(memory, sentence)
    falls = len(memory.found.temporal_only)
    memory.relations = mark(sentence.tokens)
    sentence.tokens, exceptions = cut_exceptions(sentence.tokens)
    sentence.clauses = split_clauses(sentence)
    for clause in sentence.clauses:
        _clause(text, memory, clause)
    if [clause for clause in sentence.clauses if "S" in clause.kinds]:
        read_values(memory, sentence)
    for excepted in exceptions:
        _exception(text, memory, excepted)
    overrule(memory)
    if memory.sentence_statements():
        del memory.found.temporal_only[falls:]
    if memory.pending and not sentence.after_break:
        memory.announced = None


def _ask(memory: Memory, sentence: Sentence) -> None:
    """A question states nothing, but the answer behind it speaks of the organs it names."""
    kinds = "".join([token.kind for token in sentence.tokens])
    memory.remember(sites_of(sentence.tokens, kinds, memory.context, memory.named, memory.nodal))


def _refers_back(sentence: Sentence) -> bool:
    """Whether a sentence speaks of the one before it ("This is likely physiologic.")."""
    if not sentence.tokens or sentence.after_gap:
        return False
    kinds = "".join([token.kind for token in sentence.tokens])
    return kinds[0] in "yRP" or "z" in kinds or "3" in kinds


def _note_prior(memory: Memory, sentence: Sentence) -> None:
    for token in sentence.tokens:
        if token.kind in _OF_A_PRIOR and token.word.value not in _COMPARATIVES:
            memory.found.prior.append((token.start, token.end))
            return


def _clause(text: str, memory: Memory, clause: Clause) -> None:
    kinds = clause.kinds
    sites = sites_of(clause.tokens, kinds, memory.context, memory.named, memory.nodal)
    clause.sites = sites or memory.context
    if clause.closed_by == ":" and _NODE_HEADING.fullmatch(kinds):
        memory.nodal = True
    said = [] if clause.unfilled else predicates(clause.tokens, kinds, memory.relations)
    goes = not said and bool(sites) and goes_on(memory, clause, sites)
    if not goes and not remark(memory, clause, sites, said):
        if said:
            _phrases(text, memory, clause, sites, said)
        else:
            ellipsis(memory, clause, sites)
    if "S" in kinds and not sites:
        add_values(memory.last, clause.tokens)
    if not memory.uptake_said:
        memory.uptake_said = _UPTAKE_WORD.search(kinds) is not None
    bare = clause.closed_by == "," and _ONLY_PLACES.fullmatch(kinds) is not None
    headed = bool(sites) and (clause.closed_by == ":" or bare)
    memory.headed = headed or (memory.headed and _EVENNESS.fullmatch(kinds) is not None)
    exemplar = "h" in kinds and memory.pending
    if not exemplar and "1" not in kinds and "2" not in kinds:
        memory.remember(sites)


def _phrases(
    text: str, memory: Memory, clause: Clause, sites: list[Site], said: list[Predicate]
) -> None:
    kinds = clause.kinds
    english = _CJK.search(text, clause.tokens[0].start, clause.tokens[-1].end) is None
    said = [p for p in said if len(said) == 1 or not _is_former(p, kinds)]
    done, subject = -2, list[Site]()
    for number, predicate in enumerate(said):
        following = said[number + 1].first if number + 1 < len(said) else len(kinds)
        decided = _verdict(memory, predicate, clause, sites, len(said))
        if decided is None:
            _leave_open(memory, predicate, clause, sites)
            continue
        chosen, done = choose(predicate, sites, kinds, done, following, english)
        if not chosen and not memory.context:
            chosen = [site for site in sites if site.aside]
        if not chosen and english and _WITH.search(kinds[: predicate.first]):
            chosen = subject
        subject = chosen
        memory.forward = any(site.index >= predicate.last for site in chosen)
        _apply(memory, predicate, decided, chosen, clause, sites)


def _verdict(
    memory: Memory, predicate: Predicate, clause: Clause, sites: list[Site], phrases: int
) -> Verdict | None:
    """The verdict of a phrase, unless its clause makes it mean something else."""
    kinds, form = clause.kinds, predicate.form
    ahead = kinds[: predicate.first]
    if form == "elliptic" and ("C" in kinds or not (memory.uptake_said or memory.headed)):
        return None
    if "r" in ahead and not sites:
        return None
    if _is_former(predicate, kinds) and not ("t" in kinds or "k" in kinds):
        return None
    if (
        form == "defect"
        and not sites
        and len(kinds) <= _SHORT_REMARK
        and memory.uptake_said
        and not predicate.negations
    ):
        return Verdict((UptakeState.ABSENT,), "P0")
    if form == "weak" and phrases > 1 and "t" not in ahead and "N" not in predicate.kinds:
        return None
    if form == "alone" and sites and memory.uptake_said:
        return Verdict((UptakeState.NORMAL,), "P2")
    return verdict(predicate, clause.tokens, kinds)


def _is_former(predicate: Predicate, kinds: str) -> bool:
    """What was said of an earlier examination ("the previously avid node")."""
    return predicate.form in ("hot", "before", "after") and (
        _PRIOR_PHRASE.search(kinds[: predicate.first]) is not None
    )


def _leave_open(memory: Memory, predicate: Predicate, clause: Clause, sites: list[Site]) -> None:
    if predicate.form == "bare" and not predicate.negations and sites:
        token = clause.tokens[predicate.last - 1]
        if token.word.value == "uptake":
            main = [site for site in sites if not site.aside]
            memory.open = OpenUptake(main, token.start, token.end)


def _apply(
    memory: Memory,
    predicate: Predicate,
    decided: Verdict,
    chosen: list[Site],
    clause: Clause,
    sites: list[Site],
) -> None:
    if predicate.form == "weak" and _now(memory, clause, sites):
        decided = replace(decided, rule=LEVEL)
    first, last = clause.tokens[predicate.first], clause.tokens[predicate.last - 1]
    memory.usual.update(decided.states)
    if chosen and clause.kinds.startswith("c") and memory.begun == len(memory.found.statements):
        chosen = memory.unsaid() + chosen
    if not chosen and decided.rule == LEVEL:
        chosen = [site for site in sites if not site.aside]
    if not chosen and not any(not site.aside for site in sites):
        if not sites and _announces(memory, predicate, clause):
            memory.announced = (decided, first)
            return
        chosen = _gathered(memory, predicate, clause)
    if not chosen:
        return
    memory.announced = None
    if "g" in clause.kinds and len(decided.states) == len(chosen) > 1:
        made = []
        for site, state in zip(chosen, decided.states, strict=True):
            each = replace(decided, states=(state,))
            made += memory.state([site], each, first.start, last.end, predicate)
    else:
        made = memory.state(chosen, decided, first.start, last.end, predicate)
    add_values(made, clause.tokens[predicate.last :])
    if decided.temporal:
        memory.found.temporal_only.append((first.start, last.end))


def _announces(memory: Memory, predicate: Predicate, clause: Clause) -> bool:
    """A phrase without organs before a colon or "as follows" announces a list (policy 7)."""
    behind = clause.kinds[predicate.last :]
    opens = clause.closed_by == ":" or _ANNOUNCES.match(behind) is not None
    return opens and predicate.form != "weak" and not memory.headed


def _gathered(memory: Memory, predicate: Predicate, clause: Clause) -> list[Site]:
    """Sites of a phrase without an organ: the nearest before it, or all that it gathers (6)."""
    kinds = clause.kinds
    if "W" in kinds:
        return []
    if "Q" in kinds:
        return memory.unsaid()
    if "R" in kinds:
        return _distinct(memory.paragraph or memory.context)
    to_level = clause.tokens[predicate.first].word.value == "level" or _now(memory, clause, [])
    if predicate.form == "weak" and not memory.headed and not to_level:
        return []
    meant = memory.context or (memory.named if kinds.startswith("y") else [])
    return ("M" in kinds and memory.unsaid()) or meant


def _now(memory: Memory, clause: Clause, sites: list[Site]) -> bool:
    """Whether "it is now normal" is said of what this sentence has called otherwise before."""
    return not sites and "t" in clause.kinds and bool(memory.sentence_statements())


def _distinct(sites: list[Site]) -> list[Site]:
    kept: dict[tuple[str, str, str], Site] = {}
    for site in sites:
        kept.setdefault((site.organ, site.side, site.part), site)
    return list(kept.values())


def _exception(text: str, memory: Memory, tokens: list[Token]) -> None:
    """What is excepted has its own phrase, or the opposite of the main one (policy 5)."""
    clause = Clause(tokens=tokens, closed_by=",")
    kinds = clause.kinds
    if "P" in kinds:
        return
    usual = {s.state for s in memory.sentence_statements()} or set(memory.usual)
    nodal = any(site.nodes and site.organ == site.nodes for site in memory.context)
    sites = sites_of(tokens, kinds, memory.context, memory.named, nodal)
    said = predicates(tokens, kinds, memory.relations)
    if any(verdict(predicate, tokens, kinds) for predicate in said):
        _phrases(text, memory, clause, sites, said)
    elif usual and sites:
        normal = usual <= {UptakeState.NORMAL, UptakeState.ABSENT}
        opposite = UptakeState.INCREASED if normal else UptakeState.NORMAL
        made = memory.state(sites, Verdict((opposite,), "P5"), tokens[0].start, tokens[-1].end)
        add_values(made, tokens)

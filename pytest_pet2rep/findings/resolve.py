"""The walk over sentences and clauses that gives every uptake phrase its organs.

State is carried along: the sites named last (for phrases without an organ), the sites of the
sentence that have no statement yet ("both", "均"), a phrase that announces a list, and uptake
that was mentioned without a word on its level.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pytest_pet2rep.findings.attach import choose, cut_exceptions
from pytest_pet2rep.findings.clauses import Clause, Sentence, sentences, split_clauses
from pytest_pet2rep.findings.grammar import Predicate, mark, predicates
from pytest_pet2rep.findings.sites import Site, sites_of
from pytest_pet2rep.findings.tokens import Token, tokenise
from pytest_pet2rep.findings.verdicts import (
    EXISTENCE,
    HIGH_LESION_SUV,
    HIGH_SUV,
    RAISED_LESION_SUV,
    Verdict,
    compared_suv,
    disjoined,
    relative_states,
    verdict,
)
from pytest_pet2rep.types import Certainty, UptakeState

_CJK = re.compile("[\u4e00-\u9fff]")
_LIST = re.compile(r"[OapnscuIyS.]*")
_NODE_HEADING = re.compile(r"[GLaW]{0,2}n[GLn]{0,2}")
_NORMAL = (UptakeState.NORMAL,)
_INCREASED = (UptakeState.INCREASED,)


@dataclass(slots=True, eq=False)
class Statement:
    """One uptake state of one site, with its evidence in the normalised text."""

    site: Site
    state: UptakeState
    verdict: Verdict
    start: int
    end: int
    form: str = ""
    suvmax: float | None = None


@dataclass(slots=True, eq=False)
class Outline:
    """Everything that was read in one text."""

    statements: list[Statement] = field(default_factory=list)
    prior: list[tuple[int, int]] = field(default_factory=list)
    """Where an earlier examination is spoken of."""
    temporal_only: list[tuple[int, int]] = field(default_factory=list)
    """Where the uptake is only said to have fallen since then."""


def outline(text: str) -> Outline:
    """Read normalised ``text``."""
    walk = _Walk(text)
    for sentence in sentences(text, tokenise(text)):
        walk.sentence(sentence)
    return walk.found


def spans(found: Outline) -> Iterator[tuple[Statement, int, int]]:
    """Each statement with its evidence: the smallest span that holds organ and phrase."""
    for statement in found.statements:
        site = statement.site
        yield statement, min(site.start, statement.start), max(site.end, statement.end)


@dataclass(slots=True, eq=False)
class _Undecided:
    """Uptake of some sites that was mentioned without a level."""

    sites: list[Site]
    start: int
    end: int


class _Walk:
    """The state of the walk over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Outline()
        self.context: list[Site] = []
        """Sites named last."""
        self.named: list[Site] = []
        """The same with those that only help to locate."""
        self.paragraph: list[Site] = []
        self.pending: list[Site] = []
        """Sites of this sentence."""
        self.announced: tuple[Verdict, Token] | None = None
        self.last: list[Statement] = []
        self.relations: dict[int, tuple[str, ...]] = {}
        self.headed = False
        """The clause before was a heading of organs ("Liver:")."""
        self.uptake_said = False
        """This sentence has a word for uptake already."""
        self.undecided: _Undecided | None = None
        self.begun = 0
        """Number of statements when this sentence began."""
        self.forward = False
        """The last phrase labels what follows it, so that a list behind it goes on."""
        self.nodal = False
        """Under a heading of lymph nodes."""
        self.turned: list[Statement] = []
        """Statements that a remark on physiology has just turned into normal."""

    def sentence(self, sentence: Sentence) -> None:
        if sentence.after_gap:
            self.context, self.paragraph, self.announced, self.nodal = [], [], None, False
        if not sentence.statement:
            self.last = []
            return
        self.relations = mark(sentence.tokens)
        self._note_prior(sentence)
        sentence.tokens, exceptions = cut_exceptions(sentence.tokens)
        sentence.clauses = split_clauses(self.text, sentence)
        self.pending, self.uptake_said, self.undecided, self.turned = [], False, None, []
        self.forward = False
        self.nodal = self.nodal and sentence.after_break
        if not _refers_back(sentence):
            self.last = []
        before = self.begun = len(self.found.statements)
        for clause in sentence.clauses:
            self._clause(clause)
        main = self.found.statements[before:]
        self._lone_values(sentence, main)
        for excepted in exceptions:
            self._exception(excepted, main)
        self._overrule(before)
        if sentence.tokens and sentence.tokens[-1].kind != ":":
            self.announced = None if self.pending and not sentence.after_break else self.announced

    # clauses -------------------------------------------------------------------------------

    def _clause(self, clause: Clause) -> None:
        sites = sites_of(clause.tokens, self.context, self.named, self.nodal)
        if clause.closed_by == ":" and _NODE_HEADING.fullmatch(clause.kinds):
            self.nodal = True
        said = [] if clause.unfilled else predicates(clause.tokens, self.relations)
        kinds = clause.kinds
        if not said and sites and self.announced is not None:
            verdict_, token = self.announced
            self._state(sites, verdict_, token.start, token.end)
        elif not said and sites and self.forward and _LIST.fullmatch(kinds) and self.last:
            model = self.last[-1]
            self._state(sites, model.verdict, model.start, model.end)
        elif not said and sites and "h" in kinds and self.last and self.last[-1].state is not UptakeState.NORMAL:
            model = self.last[-1]
            self._state(sites, model.verdict, model.start, model.end)
        elif self._remark(clause, sites, said):
            pass
        elif not said:
            self._ellipsis(clause, sites)
        else:
            self._phrases(clause, sites, said)
        self.uptake_said = self.uptake_said or bool(re.search("[UHKfdZ]", kinds))
        self.headed = clause.closed_by == ":" and bool(sites)
        clause.sites = sites or self.context
        if not re.search("[12]", kinds) and not ("h" in kinds and self.pending):
            self._remember(sites)

    def _remember(self, sites: list[Site]) -> None:
        main = [site for site in sites if not site.aside]
        if main:
            self.context, self.named = main, sites
            self.paragraph += main
            self.pending += main

    def _phrases(self, clause: Clause, sites: list[Site], said: list[Predicate]) -> None:
        kinds = clause.kinds
        start, end = clause.tokens[0].start, clause.tokens[-1].end
        english = _CJK.search(self.text, start, end) is None
        done = -2
        for number, predicate in enumerate(said):
            following = said[number + 1].first if number + 1 < len(said) else len(kinds)
            decided = self._verdict(predicate, clause, sites, said)
            if decided is None:
                self._undecide(predicate, clause, sites)
                continue
            chosen, done = choose(predicate, sites, kinds, done, following, english)
            if not chosen and not self.context:
                chosen = [site for site in sites if site.aside]
            self.forward = any(site.index >= predicate.last for site in chosen)
            self._apply(predicate, decided, chosen, clause, sites)

    def _verdict(
        self, predicate: Predicate, clause: Clause, sites: list[Site], said: list[Predicate]
    ) -> Verdict | None:
        kinds = clause.kinds
        ahead = kinds[: predicate.first]
        form = predicate.form
        if form == "elliptic" and not (self.uptake_said and "C" not in kinds):
            return None
        if "r" in ahead and not sites:
            return None
        before_now = re.search(r"o[GVFMsOaIn]{0,3}$", ahead) is not None
        if before_now and form in ("hot", "before", "after"):
            if len(said) > 1 or not re.search("[tk]", kinds):
                return None
        if form == "weak" and len(said) > 1 and not (re.search("t", ahead) or "N" in predicate.kinds):
            return None
        return verdict(predicate, clause.tokens)

    def _undecide(self, predicate: Predicate, clause: Clause, sites: list[Site]) -> None:
        """Remember uptake without a level: what follows may decide."""
        if predicate.form == "bare" and not predicate.negations:
            token = clause.tokens[predicate.last - 1]
            if token.word.value == "uptake" and sites:
                self.undecided = _Undecided([s for s in sites if not s.aside], token.start, token.end)

    def _apply(
        self, predicate: Predicate, decided: Verdict, chosen: list[Site], clause: Clause,
        sites: list[Site],
    ) -> None:  # fmt: skip
        first, last = clause.tokens[predicate.first], clause.tokens[predicate.last - 1]
        kinds = clause.kinds
        if chosen and kinds.startswith("c") and self.begun == len(self.found.statements):
            chosen = self._unsaid() + chosen
        if not chosen:
            behind = kinds[predicate.last :]
            announces = clause.closed_by == ":" or re.match("[LGM]{0,3}[DI]$", behind) is not None
            if announces and not sites and predicate.form != "weak" and not self.headed:
                self.announced = (decided, first)
                return
            if any(not site.aside for site in sites) or "W" in kinds:
                return
            chosen = self._unsaid() if "Q" in kinds else self._orphan(predicate, clause)
        self.announced = None
        if "g" in kinds and len(decided.states) == len(chosen) > 1:
            made = []
            for site, state in zip(chosen, decided.states, strict=True):
                each = replace(decided, states=(state,))
                made += self._state([site], each, first.start, last.end, predicate)
        else:
            made = self._state(chosen, decided, first.start, last.end, predicate)
        _add_values(made, clause.tokens[predicate.last :])
        if decided.temporal:
            self.found.temporal_only.append((first.start, last.end))

    def _orphan(self, predicate: Predicate, clause: Clause) -> list[Site]:
        """Sites of a phrase without an organ: the nearest before it, or all that it gathers."""
        kinds = clause.kinds
        first = clause.tokens[predicate.first].word.value
        if "R" in kinds:
            return _distinct(self.paragraph or self.context)
        if predicate.form == "weak" and not self.headed and first != "level":
            return []
        return ("M" in kinds and self._unsaid()) or self.context

    def _unsaid(self) -> list[Site]:
        """Sites of this sentence without a statement."""
        said = {id(statement.site) for statement in self.found.statements[self.begun :]}
        return [site for site in self.pending if id(site) not in said]

    def _state(
        self, sites: list[Site], decided: Verdict, start: int, end: int,
        predicate: Predicate | None = None,
    ) -> list[Statement]:  # fmt: skip
        form = predicate.form if predicate else ""
        refs = predicate.references if predicate else ()
        made = [
            Statement(site, state, decided, start, end, form)
            for site in sites
            if site.organ
            for state in relative_states(decided.states, form, refs, site.organ)
        ]
        self.found.statements += made
        if made:
            self.last, self.undecided = made, None
        return made

    # remarks -------------------------------------------------------------------------------

    def _remark(self, clause: Clause, sites: list[Site], said: list[Predicate]) -> bool:
        """ "..., likely physiologic", "..., requires evaluation": decides what was said before."""
        kinds = clause.kinds
        if self.turned and not sites and re.search("q.*[JL]", kinds) and "P" not in kinds:
            self._turn_back()
            return True
        same = {site.organ for site in sites} <= {st.site.organ for st in self.last}
        again = same and kinds.startswith("q") and "P" in kinds
        if sites and not again and not (self.undecided and "P" in kinds and disjoined(kinds)):
            return False
        if self.undecided and (disjoined(kinds) or "r" in kinds):
            return self._decide_open(_INCREASED, "P9")
        if "P" not in kinds or re.search("[!QWJ><]", kinds) or disjoined(kinds):
            return "P" in kinds and disjoined(kinds) and bool(self.last)
        if any(re.search("[+HK0Z-]", p.kinds) and "P" not in p.kinds for p in said):
            return False
        certainty = Certainty.PROBABLE if "q" in kinds else Certainty.DEFINITE
        if self.undecided:
            return self._decide_open(_NORMAL, "P9", certainty)
        for statement in self.last:
            if statement.state is UptakeState.INCREASED:
                self.turned += [statement] if certainty is Certainty.PROBABLE else []
                statement.state = UptakeState.NORMAL
                statement.verdict = replace(statement.verdict, rule="P9", certainty=certainty)
        return bool(self.last)

    def _turn_back(self) -> None:
        """ "Possibly physiologic, possibly colitis": the cause is left open after all."""
        for statement in self.turned:
            statement.state = UptakeState.INCREASED
            statement.verdict = replace(statement.verdict, certainty=Certainty.DEFINITE)
        self.turned = []

    def _decide_open(
        self, states: tuple[UptakeState, ...], rule: str, certainty: Certainty = Certainty.DEFINITE
    ) -> bool:
        still = self.undecided
        if still is None:
            return False
        self._state(still.sites, Verdict(states, rule, certainty=certainty), still.start, still.end)
        return True

    def _ellipsis(self, clause: Clause, sites: list[Site]) -> None:
        """ "..., the left ones are not": the phrase before, denied."""
        kinds = clause.kinds
        nor = any(token.word.value == "nor" for token in clause.tokens[:2])
        if self.undecided and re.search("V", kinds) and not sites:
            self._decide_open(_INCREASED, EXISTENCE)
        if self.last and sites and nor and self.last[-1].state is UptakeState.NORMAL:
            self._state(sites, self.last[-1].verdict, sites[0].start, sites[-1].end)
            return
        if not self.last or not sites or not re.search(r"[Oanps][^C]{0,4}![tFVMGc.]{0,2}$", kinds):
            return
        if self.last[-1].state is UptakeState.INCREASED:
            denied = replace(self.last[-1].verdict, states=_NORMAL, rule="P2", degree="")
            self._state(sites, denied, sites[0].start, sites[-1].end)

    def _exception(self, tokens: list[Token], main: list[Statement]) -> None:
        """What is excepted has its own phrase, or the opposite of the main one (policy 5)."""
        clause = Clause(tokens=tokens, closed_by=",")
        sites = sites_of(tokens, self.context, self.named)
        said = predicates(tokens, self.relations)
        if "P" in clause.kinds:
            return
        if any(verdict(predicate, tokens) for predicate in said):
            self._phrases(clause, sites, said)
            return
        usual = {statement.state for statement in main}
        if not usual or not sites:
            return
        normal = usual <= {UptakeState.NORMAL, UptakeState.ABSENT}
        opposite = Verdict(_INCREASED if normal else _NORMAL, "P5")
        made = self._state(sites, opposite, tokens[0].start, tokens[-1].end)
        _add_values(made, tokens)

    def _overrule(self, first: int) -> None:
        """A word on the level overrides "uptake is seen"; nothing overrides a photopenic "cold"."""
        own = self.found.statements[first:]
        dropped = []
        for statement in own:
            rivals = [s for s in own if s.site is statement.site and s is not statement]
            normal = any(s.state is UptakeState.NORMAL and s.start > statement.start for s in rivals)
            absent = any(s.state is UptakeState.ABSENT for s in rivals)
            if statement.verdict.rule == EXISTENCE and normal:
                dropped.append(statement)
            elif statement.verdict.rule == "P0.cold" and absent:
                dropped.append(statement)
        if dropped:
            kept = [s for s in own if not any(s is d for d in dropped)]
            self.found.statements[first:] = kept

    # numbers -------------------------------------------------------------------------------

    def _lone_values(self, sentence: Sentence, main: list[Statement]) -> None:
        """SUV against a reference, and a high SUV without another word (policy 14)."""
        before = ""
        for clause in sentence.clauses:
            values = [token for token in clause.tokens if token.kind == "S"]
            own = bool(re.search("[Oanps]", clause.kinds))
            sites = [s for s in clause.sites if not s.aside]
            said = [st for st in main for site in sites if st.site.organ == site.organ]
            open_ = all(st.verdict.rule == "P0" and st.state is UptakeState.DECREASED for st in said)
            if values and open_:
                self._value(clause, values[0], sites, clause.kinds if own else before + clause.kinds)
            before = clause.kinds

    def _value(self, clause: Clause, value: Token, sites: list[Site], kinds: str) -> None:
        compared = [token for token in clause.tokens if token.kind == "Y" and token.number]
        limit = _limit(kinds)
        for site in sites:
            if compared:
                refs = self.relations.get(compared[0].start, ())
                same = site.organ in refs or "reference" in refs
                state = compared_suv(value.number, compared[0].number, same)
            elif value.number >= limit and re.search("[LnUdi]", kinds):
                state = UptakeState.INCREASED
            else:
                continue
            made = self._state([site], Verdict((state,), "P14"), value.start, value.end)
            _add_values(made, [value])

    def _note_prior(self, sentence: Sentence) -> None:
        for token in sentence.tokens:
            if token.kind in "Tok^_":
                self.found.prior.append((token.start, token.end))
                return


def _refers_back(sentence: Sentence) -> bool:
    """ "This is likely physiologic." speaks of the statement before it."""
    return bool(sentence.tokens) and sentence.tokens[0].kind in "yRP" and not sentence.after_gap


def _limit(kinds: str) -> float:
    """From which SUV on a number speaks for itself, by the words around it."""
    if re.search(r"U(?!.*[!])", kinds):
        return RAISED_LESION_SUV if re.search("[Ln]", kinds) else HIGH_SUV
    return HIGH_SUV if "i" in kinds else HIGH_LESION_SUV


def _distinct(sites: list[Site]) -> list[Site]:
    kept: dict[tuple[str, str, str], Site] = {}
    for site in sites:
        kept.setdefault((site.organ, site.side, site.part), site)
    return list(kept.values())


def _add_values(statements: list[Statement], tokens: list[Token]) -> None:
    values = [token for token in tokens if token.kind == "S"]
    for statement in statements:
        if values and statement.suvmax is None:
            statement.suvmax = values[0].number

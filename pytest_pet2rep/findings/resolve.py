"""Which organs an uptake phrase speaks of: the walk over sentences and clauses.

State is carried along: the sites named last (for phrases without an organ), the sites of the
sentence that have no statement yet ("both", "均"), and a phrase that announces a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pytest_pet2rep.findings.clauses import Clause, Sentence, sentences, split_clauses
from pytest_pet2rep.findings.grammar import TAKEN, Predicate, mark, predicates
from pytest_pet2rep.findings.sites import Site, sites_of
from pytest_pet2rep.findings.tokens import Token, tokenise
from pytest_pet2rep.findings.verdicts import HIGH_SUV, Verdict, compared_suv, verdict
from pytest_pet2rep.types import Certainty, UptakeState

_ONLY_SITES = re.compile(r"[OapnscuRMGIyQW]*")
_LIST_SITES = re.compile(r"[OapnscuGIy]*")
_CJK = re.compile("[\u4e00-\u9fff]")
_ATTRIBUTIVE = re.compile(r"[GsLfpcA]{0,5}[Oanp]")
_PREPOSED = re.compile(r"[LGfUncsdAn]{0,6}[ID]")


@dataclass(slots=True, eq=False)
class Statement:
    """One uptake state of one site, with its evidence in the normalised text."""

    site: Site
    state: UptakeState
    verdict: Verdict
    start: int
    end: int
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


class _Walk:
    """The state of the walk over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Outline()
        self.context: list[Site] = []
        self.paragraph: list[Site] = []
        self.pending: list[Site] = []
        self.announced: tuple[Verdict, Token] | None = None
        self.last: list[Statement] = []
        self.relations: dict[int, tuple[str, ...]] = {}
        self.headed = False
        """The clause before was a heading of organs ("Liver:")."""

    def sentence(self, sentence: Sentence) -> None:
        if sentence.after_gap:
            self.context, self.paragraph, self.announced = [], [], None
        if not sentence.statement:
            self.last = []
            return
        self.relations = mark(sentence.tokens)
        self._note_prior(sentence)
        sentence.tokens, exceptions = _cut_exceptions(sentence.tokens)
        sentence.clauses = split_clauses(self.text, sentence)
        self.pending, self.last = [], []
        before = len(self.found.statements)
        self._clauses(sentence.clauses)
        main = self.found.statements[before:]
        self._lone_values(sentence, main)
        for excepted in exceptions:
            self._exception(excepted, main)
        if not sentence.clauses or sentence.clauses[-1].closed_by != ":":
            self.announced = self.announced if sentence.tokens and self._open_list() else None

    def _open_list(self) -> bool:
        return self.announced is not None and not self.pending

    # clauses -------------------------------------------------------------------------------

    def _clauses(self, clauses: list[Clause]) -> None:
        carried: list[Site] = []
        for position, clause in enumerate(clauses):
            rest = clauses[position + 1 :]
            sites = carried + sites_of(clause.tokens, self.context)
            carried = []
            said = [] if clause.unfilled else self._predicates(clause)
            if not said and sites and self._continues(clause, rest):
                self._extend(sites)
            elif not said and sites and clause.closed_by == "," and rest and _lists(clause):
                carried = [replace(site, index=-1) for site in sites]
            else:
                self._clause(clause, sites, said)
            self.headed = clause.closed_by == ":" and bool(sites)
            self._remember(sites)

    def _predicates(self, clause: Clause) -> list[Predicate]:
        return predicates(clause.tokens, self.relations)

    def _remember(self, sites: list[Site]) -> None:
        main = [site for site in sites if not site.aside]
        if main:
            self.context = main
            self.paragraph += main
            self.pending += main

    def _continues(self, clause: Clause, rest: list[Clause]) -> bool:
        """A list of organs that goes on behind the phrase that labels it."""
        if self.announced is not None:
            return not any(self._predicates(later) for later in rest[:1]) or not rest
        forward = bool(self.last) and self.last[-1].start <= self.last[-1].site.start
        only = all(_lists(later) for later in (clause, *rest))
        return forward and only and self.last[-1].verdict.rule != ""

    def _extend(self, sites: list[Site]) -> None:
        if self.announced is not None:
            said, token = self.announced
            self._state(sites, said, token.start, token.end)
        elif self.last:
            model = self.last[-1]
            self._state(sites, model.verdict, model.start, model.end)

    def _clause(self, clause: Clause, sites: list[Site], said: list[Predicate]) -> None:
        kinds = clause.kinds
        if self._physiologic_remark(kinds, sites, said):
            return
        if not said:
            self._ellipsis(kinds, sites)
            return
        english = self._english(clause)
        done = -2
        for number, predicate in enumerate(said):
            following = said[number + 1].first if number + 1 < len(said) else len(kinds)
            decided = self._verdict(predicate, clause, said)
            if decided is None:
                continue
            chosen, done = _choose(predicate, sites, kinds, done, following, english)
            if not chosen and any(site.aside for site in sites) and not self.context:
                chosen = [site for site in sites if site.aside]
            self._apply(predicate, decided, chosen, clause, bool(sites))

    def _verdict(
        self, predicate: Predicate, clause: Clause, said: list[Predicate]
    ) -> Verdict | None:
        kinds = clause.kinds
        ahead = kinds[: predicate.first]
        if re.search(r"o[GVFMsOaIn]{0,3}$", ahead) and predicate.form in ("hot", "before", "after"):
            if len(said) > 1 or not re.search("[tk]", kinds):
                return None
        decided = verdict(predicate, clause.tokens)
        if decided is not None and predicate.form == "weak" and len(said) > 1:
            return decided if re.search("t", ahead) or "N" in predicate.kinds else None
        return decided

    def _apply(
        self, predicate: Predicate, decided: Verdict, chosen: list[Site], clause: Clause, own: bool
    ) -> None:
        first, last = clause.tokens[predicate.first], clause.tokens[predicate.last - 1]
        kinds = clause.kinds
        if not chosen:
            announces = clause.closed_by == ":" or re.match("[LG]{0,2}[DI]$", kinds[predicate.last :])
            if announces and not own and predicate.form != "weak":
                self.announced = (decided, first)
                return
            if own or re.search("[QW]", kinds):
                return
            chosen = self._orphan(predicate, kinds)
        self.announced = None
        statements = self._state(chosen, decided, first.start, last.end, predicate)
        _add_values(statements, clause.tokens[predicate.last :])
        if decided.temporal:
            self.found.temporal_only.append((first.start, last.end))

    def _orphan(self, predicate: Predicate, kinds: str) -> list[Site]:
        """Sites of a phrase without an organ: the nearest before it, or all that it gathers."""
        if "R" in kinds:
            return _distinct(self.paragraph or self.context)
        if predicate.form in ("weak", "alone") and not self.headed:
            return []
        unsaid = [s for s in self.pending if not any(s is st.site for st in self.found.statements)]
        if "M" in kinds and unsaid:
            return unsaid
        return self.context

    def _state(
        self, sites: list[Site], decided: Verdict, start: int, end: int,
        predicate: Predicate | None = None,
    ) -> list[Statement]:  # fmt: skip
        made: list[Statement] = []
        for site in sites:
            if not site.organ:
                continue
            states = _relative(decided.states, predicate, site)
            for state in states:
                made.append(Statement(site=site, state=state, verdict=decided, start=start, end=end))
        self.found.statements += made
        if made:
            self.last = made
        return made

    # remarks -------------------------------------------------------------------------------

    def _physiologic_remark(self, kinds: str, sites: list[Site], said: list[Predicate]) -> bool:
        """ "..., likely physiologic": turns what was said before into normal (policy 9)."""
        if "P" not in kinds or sites or not self.last or re.search("[!QWJ><]", kinds):
            return False
        if any(re.search("[+HK0Z-]", predicate.kinds) and "P" not in predicate.kinds for predicate in said):
            return False
        certainty = Certainty.PROBABLE if "q" in kinds else Certainty.DEFINITE
        for statement in self.last:
            if statement.state is UptakeState.INCREASED:
                statement.state = UptakeState.NORMAL
                statement.verdict = replace(statement.verdict, rule="P9", certainty=certainty)
        return True

    def _ellipsis(self, kinds: str, sites: list[Site]) -> None:
        """ "..., the left ones are not": the phrase before, denied."""
        if not self.last or not sites or not re.search(r"[Oanps][^C]{0,4}![tFVMGc.]{0,2}$", kinds):
            return
        if self.last[-1].state is UptakeState.INCREASED:
            denied = replace(self.last[-1].verdict, states=(UptakeState.NORMAL,), rule="P2", degree="")
            self._state(sites, denied, sites[0].start, sites[-1].end)

    def _exception(self, tokens: list[Token], main: list[Statement]) -> None:
        """What is excepted has its own phrase, or the opposite of the main one (policy 5)."""
        clause = Clause(tokens=tokens, closed_by=",")
        sites = sites_of(tokens, self.context)
        said = self._predicates(clause)
        if not sites or "P" in clause.kinds:
            return
        if any(verdict(predicate, tokens) for predicate in said):
            self._clause(clause, sites, said)
            return
        usual = {statement.state for statement in main}
        if not usual:
            return
        normal = usual <= {UptakeState.NORMAL, UptakeState.ABSENT}
        state = UptakeState.INCREASED if normal else UptakeState.NORMAL
        opposite = Verdict((state,), "P5")
        made = self._state(sites, opposite, tokens[0].start, tokens[-1].end)
        _add_values(made, tokens)

    def _lone_values(self, sentence: Sentence, main: list[Statement]) -> None:
        """SUV against a reference, and a high SUV of a lesion without another word (policy 14)."""
        before = ""
        for clause in sentence.clauses:
            values = [token for token in clause.tokens if token.kind == "S"]
            if not values:
                before = clause.kinds
                continue
            own = [s for s in sites_of(clause.tokens, []) if not s.aside]
            sites = own or self.context
            said = [st for st in main for site in sites if st.site.organ == site.organ]
            if any(st.verdict.rule != "P0" or st.state is not UptakeState.DECREASED for st in said):
                continue
            self._value(clause, values[0], sites, before if not own else "")
            before = clause.kinds

    def _value(self, clause: Clause, value: Token, sites: list[Site], before: str) -> None:
        compared = [token for token in clause.tokens if token.kind == "Y" and token.number]
        for site in sites:
            if compared:
                refs = self.relations.get(compared[0].start, ())
                same = site.organ in refs or "reference" in refs
                state = compared_suv(value.number, compared[0].number, same)
            elif value.number >= HIGH_SUV and re.search("[LnU]", before + clause.kinds):
                state = UptakeState.INCREASED
            else:
                continue
            made = self._state([site], Verdict((state,), "P14"), value.start, value.end)
            _add_values(made, [value])

    def _note_prior(self, sentence: Sentence) -> None:
        for token in sentence.tokens:
            if token.kind in "Tok" or (token.kind in "^_" and token.word.value in ("more", "less")):
                self.found.prior.append((token.start, token.end))
                return

    def _english(self, clause: Clause) -> bool:
        start, end = clause.tokens[0].start, clause.tokens[-1].end
        return _CJK.search(self.text, start, end) is None


def _choose(
    predicate: Predicate, sites: list[Site], kinds: str, done: int, following: int, english: bool
) -> tuple[list[Site], int]:
    """Sites of a phrase among those of its clause, and how far the clause is then used up."""
    inside = [s for s in sites if predicate.first <= s.index < predicate.last]
    before = [s for s in sites if done < s.index < predicate.first and not s.aside]
    behind = [s for s in sites if predicate.last <= s.index < following]
    ahead = kinds[predicate.last : following]
    end = predicate.last - 1
    if english:
        attributive = _ATTRIBUTIVE.match(ahead) if predicate.form in ("hot", "before", "after") else None
        if predicate.form == "after":
            attributive = None
        preposed = _PREPOSED.match(ahead)
        close = behind if attributive else [s for s in behind if not s.aside]
        if predicate.form == "weak" and not preposed:
            close = [] if before or inside else close
        if inside and predicate.form in ("after", "post", "relation"):
            return _main(before + inside), end
        if (attributive or preposed) and close:
            return inside + close, following - 1
        if inside:
            return inside, end
        if before:
            return before, end
        return [s for s in behind if not s.aside], following - 1
    if before or inside:
        return _main(before + inside), end
    behind = [s for s in behind if not s.aside]
    return behind, (following - 1 if behind else end)


def _main(sites: list[Site]) -> list[Site]:
    return [site for site in sites if not site.aside] or sites


def _lists(clause: Clause) -> bool:
    return _LIST_SITES.fullmatch(clause.kinds.replace(TAKEN, "")) is not None


def _distinct(sites: list[Site]) -> list[Site]:
    kept: dict[tuple[str, str, str], Site] = {}
    for site in sites:
        kept.setdefault((site.organ, site.side, site.part), site)
    return list(kept.values())


_RELATIVE_ORGANS = ("liver", "blood_pool", "mediastinum", "spleen", "heart")


def _relative(
    states: tuple[UptakeState, ...], predicate: Predicate | None, site: Site
) -> tuple[UptakeState, ...]:
    """Below the liver is low for the liver itself; for another organ it is no finding."""
    if predicate is None or predicate.form != "relation" or UptakeState.DECREASED not in states:
        return states
    named = [ref for ref in predicate.references if ref in _RELATIVE_ORGANS]
    if named and site.organ not in named:
        return (UptakeState.NORMAL,)
    return states


def _add_values(statements: list[Statement], tokens: list[Token]) -> None:
    values = [token for token in tokens if token.kind == "S"]
    for statement in statements:
        if values and statement.suvmax is None:
            statement.suvmax = values[0].number
            statement.end = max(statement.end, statement.end)


def _cut_exceptions(tokens: list[Token]) -> tuple[list[Token], list[list[Token]]]:
    """Take "except ..." out of a sentence."""
    kinds = "".join(token.kind for token in tokens)
    cut: list[list[Token]] = []
    kept: list[Token] = []
    position = 0
    while position < len(tokens):
        if kinds[position] == "x":
            end = _exception_end(kinds, position)
            cut.append(tokens[position + 1 : end])
            position = end + (1 if kinds[end : end + 1] == "X" else 0)
        elif kinds[position] == "X" and tokens[position].word.value == "except_alone":
            taken: list[Token] = []
            while kept and kept[-1].kind not in ",;:b":
                taken.append(kept.pop())
            cut.append(taken[::-1] + _value_behind(tokens, position))
            position += 1
        else:
            kept.append(tokens[position])
            position += 1
    return kept, [part for part in cut if part]


def _exception_end(kinds: str, start: int) -> int:
    closing = kinds.find("X", start)
    comma = next((i for i in range(start + 1, len(kinds)) if kinds[i] in ",;:b"), len(kinds))
    return closing if 0 <= closing <= comma + 12 and closing >= 0 else comma


def _value_behind(tokens: list[Token], position: int) -> list[Token]:
    for token in tokens[position + 1 :]:
        if token.kind == "S":
            return [token]
        if token.kind in "Oan":
            break
    return []


def spans(found: Outline) -> Iterator[tuple[Statement, int, int]]:
    """Each statement with its evidence: the smallest span that holds organ and phrase."""
    for statement in found.statements:
        site = statement.site
        yield statement, min(site.start, statement.start), max(site.end, statement.end)

"""What the walk over a text has read so far and keeps in mind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pytest_pet2rep.findings.grammar import Predicate
from pytest_pet2rep.findings.sites import Site
from pytest_pet2rep.findings.tokens import Token
from pytest_pet2rep.findings.verdicts import Verdict, relative_states
from pytest_pet2rep.types import Certainty, UptakeState

_MOST_SITES = 120
"""More organs than a paragraph names; bounds the work of "the above organs"."""


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


@dataclass(slots=True, eq=False)
class OpenUptake:
    """Uptake of some sites that was mentioned without a level; what follows may decide."""

    sites: list[Site]
    start: int
    end: int


@dataclass(slots=True, eq=False)
class Memory:
    """The state carried from clause to clause."""

    found: Outline = field(default_factory=Outline)
    context: list[Site] = field(default_factory=list)
    """Sites named last: what a phrase without an organ speaks of."""
    named: list[Site] = field(default_factory=list)
    """The same with those that only help to locate ("the former", "the latter")."""
    paragraph: list[Site] = field(default_factory=list)
    """All sites since the last empty line ("the above organs")."""
    pending: list[Site] = field(default_factory=list)
    """All sites of this sentence ("both", "均")."""
    begun: int = 0
    """Number of statements when this sentence began."""
    relations: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Word of relation (by its start) -> what it refers to."""
    announced: tuple[Verdict, Token] | None = None
    """A phrase that announces a list of organs ("Increased uptake in:")."""
    last: list[Statement] = field(default_factory=list)
    """What was stated last in this sentence."""
    turned: list[Statement] = field(default_factory=list)
    """Statements that "possibly physiologic" has just turned into normal."""
    open: OpenUptake | None = None
    usual: set[UptakeState] = field(default_factory=set)
    """States that this sentence has decided on, with or without an organ."""
    forward: bool = False
    """The last phrase labels what follows it, so that a list behind it goes on."""
    headed: bool = False
    """The clause before was a heading of organs ("Liver:")."""
    nodal: bool = False
    """Under a heading of lymph nodes, where areas mean their nodes."""
    uptake_said: bool = False
    """This sentence has a word for uptake already."""

    def begin_sentence(self, after_gap: bool, after_break: bool, refers_back: bool) -> None:
        """Forget what does not outlive a sentence, and after an empty line also the organs."""
        if after_gap:
            self.context, self.named, self.paragraph = [], [], []
            self.announced, self.nodal = None, False
        self.nodal = self.nodal and after_break
        self.pending, self.turned, self.open = [], [], None
        self.usual = set()
        self.uptake_said = self.forward = self.headed = False
        self.begun = len(self.found.statements)
        if not refers_back:
            self.last = []

    def remember(self, sites: list[Site]) -> None:
        """Take the sites of a clause as those spoken of."""
        main = [site for site in sites if not site.aside]
        if sites and not main:
            self.named = sites
        if main:
            self.context, self.named = main, sites
            self.paragraph += main
            if len(self.paragraph) > 2 * _MOST_SITES:
                del self.paragraph[:-_MOST_SITES]
            self.pending += main

    def unsaid(self) -> list[Site]:
        """Sites of this sentence without a statement."""
        said = {id(statement.site) for statement in self.sentence_statements()}
        return [site for site in self.pending if id(site) not in said]

    def sentence_statements(self) -> list[Statement]:
        """Statements of this sentence."""
        return self.found.statements[self.begun :]

    def state(
        self,
        sites: list[Site],
        verdict: Verdict,
        start: int,
        end: int,
        predicate: Predicate | None = None,
    ) -> list[Statement]:
        """Record a verdict for every site that has an organ."""
        form = predicate.form if predicate else ""
        references = predicate.references if predicate else ()
        made = [
            Statement(site, state, verdict, start, end)
            for site in sites
            if site.organ
            for state in relative_states(verdict.states, form, references, site.organ)
        ]
        self.found.statements += made
        if made:
            self.last, self.open = made, None
        return made

    def state_again(self, sites: list[Site]) -> None:
        """Record for more sites what was stated last."""
        model = self.last[-1]
        again = Verdict((model.state,), model.verdict.rule, model.verdict.degree)
        self.state(sites, again, model.start, model.end)

    def decide_open(
        self, states: tuple[UptakeState, ...], rule: str, certainty: Certainty = Certainty.DEFINITE
    ) -> bool:
        """Decide uptake that was mentioned without a level; False if there is none."""
        still = self.open
        if still is None:
            return False
        verdict = Verdict(states, rule, certainty=certainty)
        self.state(still.sites, verdict, still.start, still.end)
        return True


def add_values(statements: list[Statement], tokens: list[Token]) -> None:
    """Give statements the first SUVmax among ``tokens``, unless they have one."""
    value = next((token.number for token in tokens if token.kind == "S"), None)
    for statement in statements:
        if statement.suvmax is None:
            statement.suvmax = value


def spans(found: Outline) -> Iterator[tuple[Statement, int, int]]:
    """Each statement with its evidence: the smallest span that holds organ and phrase."""
    for statement in found.statements:
        site = statement.site
        yield statement, min(site.start, statement.start), max(site.end, statement.end)

"""Which organs a clause names, with side and part: "right upper lobe" is one site of the lungs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pytest_pet2rep.anatomy import SharedPart, catalogue
from pytest_pet2rep.findings.tokens import Token
from pytest_pet2rep.types import Side

_SEPARATED = re.compile("[c,I]")
_LOCATES_MORE = re.compile("u{1,2}s?[Oa]")
_ORGAN_AHEAD = re.compile(r"[I][sGp]{0,3}[Oa]|[sp]?O")
_SHOWN = re.compile("V[^L]*$")
_BESIDE = re.compile("[usGJVf.]*")
_LESION_AHEAD = re.compile("[GJ]*L")

_MIDLINE = frozenset(
    ["mediastinum", "retroperitoneum", "peritoneum", "liver", "spleen", "pancreas", "stomach"]
)
_LOBED = frozenset(["lungs", "liver", "bone", "esophagus", "intestine", "ureters", "pancreas"])
"""Organs that lend themselves to a bare "upper lobe", "segment" or "adnexa" (of a vertebra)."""
_LOBES = ("upper lobe", "middle lobe", "lower lobe")
_AROUND = re.compile("[umj]")
_PELVIC_BOWEL = frozenset(("rectum", "sigmoid colon"))
_NAMES = re.compile("[Oasnp12]")
_DEMARCATED = re.compile(r"c[sOampnuLG.]{1,6}e")


@dataclass(slots=True, eq=False)
class Site:
    """One named place: organ, side, parts, the words that name it, and how it is meant.

    ``index`` is the position of its first word among the tokens of its clause, -1 for a site
    carried over from an earlier clause.  An ``aside`` only helps to locate something else.
    """

    organ: str
    index: int
    start: int
    end: int
    side: Side = Side.NONE
    parts: tuple[str, ...] = ()
    nodes: str = ""
    aside: bool = False

    @property
    def part(self) -> str:
        return ", ".join(_with_side(part, self) for part in self.parts)


def _with_side(part: str, site: Site) -> str:
    sided = site.organ == "lungs" and part in _LOBES and site.side in (Side.LEFT, Side.RIGHT)
    return f"{site.side.value} {part}" if sided else part


def sites_of(
    tokens: list[Token], kinds: str, context: list[Site], named: list[Site], nodal: bool = False
) -> list[Site]:
    """All sites of a clause in order.

    ``context`` lends its organ to a bare side or part; "the former" and "the latter" are the
    first and the last of ``named``.  Under a heading of nodes (``nodal``) areas mean their nodes.
    """
    if not _NAMES.search(kinds):
        return []
    collector = _Collector(tokens, kinds, context, named)
    for index, token in enumerate(tokens):
        collector.take(index, token)
    collector.finish()
    if nodal:
        for site in collector.sites:
            site.organ = site.nodes or site.organ
    return collector.sites


class _Collector:
    """Builds the sites of one clause word by word."""

    def __init__(
        self, tokens: list[Token], kinds: str, context: list[Site], named: list[Site]
    ) -> None:
        self.tokens = tokens
        self.kinds = kinds
        self.context = context
        self.earlier = named
        self.sites: list[Site] = []
        self.side: Side = Side.NONE
        self.fresh_side = False
        self.waiting: list[Token] = []
        self.aside = False
        self.node_words: list[int] = []
        self.demarcated: set[int] = set()
        if "e" in kinds:
            for match in _DEMARCATED.finditer(kinds):
                self.demarcated.update(range(match.start(), match.end()))

    def take(self, index: int, token: Token) -> None:
        kind = token.kind
        if kind == "s":
            self._side(index, token)
        elif kind in "Oa":
            self._named(index, token)
        elif kind == "p":
            self._part(index, token)
        elif kind == "n":
            self.node_words.append(index)
            self._node(index, token)
        elif kind in "12" and self.earlier:
            named = self.earlier[0 if kind == "1" else -1]
            self.sites.append(
                replace(named, index=index, start=token.start, end=token.end, aside=False)
            )
        elif kind == "j":
            self.aside = True
        elif kind in "UHKdfVFbC+-L0":
            self.aside = False

    def _side(self, index: int, token: Token) -> None:
        side = Side(token.word.value)
        follows = self.kinds[index + 1 : index + 2]
        behind = bool(self.sites) and self.sites[-1].index == index - 1
        if behind and follows not in tuple("Oapn"):
            self.sites[-1].side = side
            return
        self.side, self.fresh_side = side, True

    def _named(self, index: int, token: Token) -> None:
        word = token.word
        side = self._side_for(word.organ)
        last = self.sites[-1] if self.sites else None
        parts = tuple(w.word.part for w in self.waiting) + ((word.part,) if word.part else ())
        adjacent = last is not None and not _SEPARATED.search(self.kinds[last.index + 1 : index])
        if last is not None and adjacent and last.organ == word.organ and not self.fresh_side:
            last.parts += tuple(p for p in parts if p not in last.parts)
            last.end = token.end
            last.side = last.side if last.side is not Side.NONE else _side_in(word.part)
        else:
            site = Site(
                organ=word.organ, index=index, start=token.start, end=token.end, side=side,
                parts=parts, nodes=word.nodes,
                aside=self.aside
                or index in self.demarcated
                or _LOCATES_MORE.match(self.kinds, index + 1) is not None,
            )  # fmt: skip
            if site.side is Side.NONE:
                site.side = _side_in(word.part)
            site.start = self._start(index, token)
            self.sites.append(site)
        self.waiting, self.fresh_side = [], False

    def _start(self, index: int, token: Token) -> int:
        """Where the words for a place begin: with its parts and the side directly before them."""
        first = index - len(self.waiting)
        start = self.waiting[0].start if self.waiting else token.start
        if first > 0 and self.kinds[first - 1] == "s" and self.fresh_side:
            return self.tokens[first - 1].start
        return start

    def _side_for(self, organ: str) -> Side:
        if self.fresh_side:
            return self.side
        return Side.NONE if organ in _MIDLINE else self.side

    def _part(self, index: int, token: Token) -> None:
        part = token.word.part
        shared = catalogue().shared_parts[part]
        last = self.sites[-1] if self.sites else None
        if last is not None and shared.of and last.organ not in shared.of:
            last = None
        if last is None and _LOCATES_MORE.match(self.kinds[index + 1 :]):
            self.fresh_side = False
            return
        if not self.sites and _ORGAN_AHEAD.match(self.kinds[index + 1 :]):
            self.waiting.append(token)
            return
        if last is not None and (not self.fresh_side or last.side is self.side):
            last.parts += (part,) if part not in last.parts else ()
            last.end = token.end
        elif last is not None:
            self.sites.append(_at(last, token, index, self.side, part))
        else:
            self._lent(index, token, shared)
        self.fresh_side = False

    def _lent(self, index: int, token: Token, shared: SharedPart) -> None:
        """A part without an organ in its clause: of the organ before, else of its usual one."""
        part = token.word.part
        lender = next(
            (s for s in reversed(self.context) if not shared.of or s.organ in shared.of), None
        )
        if shared.default and (lender is None or lender.organ not in _LOBED):
            self.sites.append(
                Site(organ=shared.default, index=index, start=token.start, end=token.end,
                     side=self.side, parts=(part,) if shared.default == "lungs" else (),
                     aside=self.aside)
            )  # fmt: skip
        elif lender is not None:
            side = self.side if self.fresh_side else _side_in(part)
            self.sites.append(_at(lender, token, index, side, part))

    def _node(self, index: int, token: Token) -> None:
        """A word for node turns the areas around it into their node stations."""
        turned = False
        for site in self.sites:
            if site.nodes and not self._own_lesion(site, index):
                site.organ, turned = site.nodes, True
        if turned and _SHOWN.search(self.kinds[:index]):
            for site in self.sites:
                site.organ = catalogue().organ_nodes.get(site.organ, "") or site.organ
        last = self.sites[-1] if self.sites else None
        if (
            not turned
            and last is not None
            and _BESIDE.fullmatch(self.kinds[last.index + 1 : index])
        ):
            station = catalogue().organ_nodes.get(last.organ, "")
            if station:
                last.organ, last.nodes, last.end = station, station, token.end
                turned = True
        if not turned and not self._areas_follow(index):
            self._bare_node(index, token)
        self.fresh_side = False

    def _areas_follow(self, index: int) -> bool:
        return "a" in self.kinds[index + 1 :]

    def _own_lesion(self, site: Site, index: int) -> bool:
        return (
            _LESION_AHEAD.match(self.kinds[site.index + 1 : index]) is not None
            and "c" in self.kinds[site.index + 1 : index]
        )

    def _bare_node(self, index: int, token: Token) -> None:
        """Nodes without an area are those spoken of before, beside an organ, or of no station."""
        beside = self._station_beside(index)
        if beside:
            self.sites.append(
                Site(
                    organ=beside,
                    index=index,
                    start=token.start,
                    end=token.end,
                    nodes=beside,
                )
            )
            return
        earlier = [site for site in self.context if site.nodes]
        if earlier:
            side = self.side if self.fresh_side else Side.NONE
            for site in earlier:
                self.sites.append(
                    replace(site, organ=site.nodes, index=index, start=token.start, end=token.end,
                            aside=False, side=side if side is not Side.NONE else site.side)
                )  # fmt: skip
        else:
            self.sites.append(
                Site(organ="lymph_nodes", index=index, start=token.start, end=token.end,
                     side=self.side if self.fresh_side else Side.NONE, nodes="lymph_nodes")
            )  # fmt: skip

    def _station_beside(self, index: int) -> str:
        """The station of "nodes around it": that of the organ spoken of."""
        if self.sites or not self.context or not _AROUND.search(self.kinds[:index]):
            return ""
        last = self.context[-1]
        if last.organ == "intestine" and _PELVIC_BOWEL.intersection(last.parts):
            return "pelvic_nodes"
        return catalogue().organ_nodes.get(last.organ, "")

    def finish(self) -> None:
        if self.node_words:
            first = self.node_words[0]
            for site in self.sites:
                if site.nodes and site.index > first:
                    site.organ = site.nodes
        if not self.sites and self.fresh_side and self.context:
            last = next(i for i in range(len(self.tokens) - 1, -1, -1) if self.kinds[i] == "s")
            self.sites.append(_at(self.context[-1], self.tokens[last], last, self.side, ""))
        self.sites = [site for site in self.sites if site.organ or site.nodes]


def _at(site: Site, token: Token, index: int, side: Side, part: str) -> Site:
    return replace(
        site, index=index, start=token.start, end=token.end, aside=False,
        side=side if side is not Side.NONE else site.side, parts=(part,) if part else site.parts,
    )  # fmt: skip


def _side_in(part: str) -> Side:
    if part.startswith("left"):
        return Side.LEFT
    return Side.RIGHT if part.startswith("right") else Side.NONE

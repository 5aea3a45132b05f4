"""How well the extractor reads the side of what it reads as abnormal.

Counted are the (text, organ, abnormal state) that labels and reading have in common; left and
right together are bilateral, and a side that is stated once is the side of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_pet2rep.findings.petrg import scored_mentions
from pytest_pet2rep.findings.reader import default_section
from pytest_pet2rep.run.audit.sets import LabelledText
from pytest_pet2rep.types import ABNORMAL_STATES, Reading, Side, UptakeState

Found = tuple[str, UptakeState]
"""Fine organ id and abnormal state."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SideVerdict:
    """The side of one abnormal finding, as labelled and as read."""

    id: str
    language: str
    organ: str
    state: UptakeState
    expected: Side
    read: Side

    @property
    def right(self) -> bool:
        return self.expected is self.read


def side_verdicts(read: Sequence[tuple[LabelledText, Reading]]) -> tuple[SideVerdict, ...]:
    """Compare the sides of all texts, in their order."""
    return tuple(verdict for row, reading in read for verdict in _verdicts(row, reading))


def _verdicts(row: LabelledText, reading: Reading) -> Iterable[SideVerdict]:
    labelled = _by_finding(row.sides)
    found = _by_finding(
        ((mention.organ, mention.state), mention.side)
        for mention in scored_mentions(reading, default_section(reading))
    )
    for organ, state in sorted(labelled.keys() & found.keys()):
        yield SideVerdict(
            id=row.id,
            language=str(row.language),
            organ=organ,
            state=state,
            expected=labelled[organ, state],
            read=found[organ, state],
        )


def _by_finding(sides: Iterable[tuple[Found, Side]]) -> Mapping[Found, Side]:
    stated: dict[Found, set[Side]] = {}
    for finding, side in sides:
        if finding[1] in ABNORMAL_STATES:
            stated.setdefault(finding, set()).add(side)
    return {finding: _together(found) for finding, found in stated.items()}


def _together(sides: set[Side]) -> Side:
    stated = sides - {Side.NONE}
    if len(stated) > 1:
        return Side.BILATERAL
    return next(iter(stated), Side.NONE)

"""What is expected of a report: what the case file says, completed from the reference report.

Explicit expectations win organ by organ (fine organs); every other organ is read out of the
section of the reference that is scored, and marked ``extracted``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from pytest_pet2rep.anatomy import Profile, combine
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    UNSTATED,
    Case,
    Expectation,
    ExpectationSource,
    Mention,
    Side,
    States,
    UptakeState,
)


def expectations_of(
    case: Case, profile: Profile, extracted: Mapping[str, States]
) -> dict[str, Expectation]:
    """Return the expectation of every organ of ``profile``, in its order.

    ``extracted`` holds the states read in the scored section of the reference (fine organs).
    """
    fine = fine_expectations(case, extracted)
    return {
        organ.id: _rolled_up(organ.id, [fine[f] for f in organ.fine if f in fine])
        for organ in profile.organs
    }


def fine_expectations(case: Case, extracted: Mapping[str, States]) -> dict[str, Expectation]:
    """Return the expectation of every fine organ that the case file or the reference states."""
    fine = {
        organ: Expectation(organ=organ, states=states, source=ExpectationSource.EXTRACTED)
        for organ, states in extracted.items()
    }
    return fine | {expectation.organ: expectation for expectation in case.expectations}


def _rolled_up(organ: str, parts: list[Expectation]) -> Expectation:
    """Combine the expectations of the fine organs of one organ of the profile.

    Side and diameter are those of the increased parts alone, which are what they are asked for:
    no side where the parts disagree, and the largest diameter of what can be seen.
    """
    states = combine(part.states for part in parts)
    if not parts or states == UNSTATED:
        source = parts[0].source if parts else ExpectationSource.EXTRACTED
        return Expectation(organ=organ, states=UNSTATED, source=source)
    decisive = [part for part in parts if part.states & states]
    hot = [part for part in decisive if UptakeState.INCREASED in part.states]
    seen = [part for part in hot if part.visible is not False] or hot
    sides = {part.side for part in hot}
    return Expectation(
        organ=organ,
        states=states,
        source=_weakest_source(decisive),
        reviewer=decisive[0].reviewer,
        side=sides.pop() if len(sides) == 1 else Side.NONE,
        part=decisive[0].part,
        visible=visible(decisive, states),
        slices=tuple(sorted({s for part in decisive for s in part.slices})),
        diameter_mm=max((p.diameter_mm for p in seen if p.diameter_mm), default=None),
    )


def visible(parts: Sequence[Expectation], states: States) -> bool | None:
    """Say whether every one of ``states`` can be seen in one of the parts that carry it.

    ``False`` as soon as one state shows in none of its parts, so that a slice of what is visible
    never holds an invisible expected state; ``None`` where that is unknown.
    """
    by_state = [_seen({p.visible for p in parts if state in p.states}) for state in states]
    return False if False in by_state else (None if None in by_state else True)


def _seen(found: Set[bool | None]) -> bool | None:
    return True if True in found else (None if None in found else False)


def _weakest_source(parts: list[Expectation]) -> ExpectationSource:
    """An organ counts as explicit or reviewed only if every deciding part is."""
    order = [ExpectationSource.EXTRACTED, ExpectationSource.REVIEWED, ExpectationSource.EXPLICIT]
    return min((part.source for part in parts), key=order.index)


def evidence_of(
    mentions: Sequence[Mention], organs: tuple[str, ...], text: str, width: int = 160
) -> str:
    """Return the sentence of the first decisive mention of ``organs`` (abnormal before normal)."""
    mentions = [mention for mention in mentions if mention.organ in organs]
    if not mentions:
        return ""
    first = min(mentions, key=lambda m: (m.state not in ABNORMAL_STATES, m.start))
    start, end = sentence_around(text, first.start, first.end)
    return " ".join(text[start:end].split())[:width]


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span to the sentence around it."""
    stops = "。；;\n"
    while start > 0 and text[start - 1] not in stops and text[start - 2 : start] != ". ":
        start -= 1
    while end < len(text) and text[end] not in stops and text[end : end + 2] != ". ":
        end += 1
    return start, end

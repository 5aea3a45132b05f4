"""What becomes of one organ: the table "Hit and miss" of the reference documentation, as code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pytest_pet2rep.anatomy import combine
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    UNSTATED,
    UNUSABLE,
    Kind,
    Outcome,
    States,
    UptakeState,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """The outcome for one organ of one case; ``failed`` means that it fails in ``strict`` mode."""

    outcome: Outcome
    kind: Kind = Kind.NONE
    failed: bool = False


def judge(
    expected: States,
    generated: States,
    *,
    ambiguous: bool = False,
    usable: Outcome | None = None,
    silence: str = "count",
) -> Judgement:
    """Judge what a report says of one organ against what it should say.

    ``ambiguous`` says that the report has only uncertain or conflicting mentions of the organ:
    kind and ``failed`` then follow the surface reading, and the outcome is ``ambiguous``.
    ``usable`` is the outcome of a case without a usable generation (one of ``UNUSABLE``); it is
    carried through, every such item fails, and it is a miss of an expected abnormal state.
    ``silence="fail"`` makes an organ that the reference calls normal and the report leaves out a
    failure; ``"count"`` only counts it.

    Raises ``ValueError`` for an outcome in ``usable`` that is not in ``UNUSABLE``.
    """
    expected, generated = combine([expected]), combine([generated])
    wanted = abnormal(expected)
    if usable is not None:
        if usable not in UNUSABLE:
            raise ValueError(f"{usable!r} is no outcome of a case without a usable generation")
        return Judgement(outcome=usable, kind=Kind.MISSED if wanted else Kind.NONE, failed=True)
    surface = _surface(expected, generated, silence)
    if ambiguous and generated != UNSTATED:
        return Judgement(outcome=Outcome.AMBIGUOUS, kind=surface.kind, failed=surface.failed)
    return surface


def abnormal(states: States) -> States:
    """Return the abnormal states among ``states``; empty for a normal or unstated organ."""
    return states.intersection(ABNORMAL_STATES)


@cache
def states_named(names: tuple[str, ...]) -> States:
    """Return the states that a record names; raises ``ValueError`` for an unknown name."""
    return frozenset(map(UptakeState, names))


def _surface(expected: States, generated: States, silence: str) -> Judgement:
    wanted, found = abnormal(expected), abnormal(generated)
    if found:
        return _judge_found(wanted, found)
    if wanted:
        if generated == UNSTATED:
            return Judgement(outcome=Outcome.UNSTATED, failed=True)
        return _miss(Kind.MISSED)
    if expected == UNSTATED:
        return Judgement(outcome=Outcome.HIT, kind=Kind.NOTHING_INVENTED)
    if generated == UNSTATED:
        return Judgement(outcome=Outcome.UNSTATED, failed=silence == "fail")
    return Judgement(outcome=Outcome.HIT)


def _judge_found(wanted: States, found: States) -> Judgement:
    if found == wanted:
        return Judgement(outcome=Outcome.HIT)
    if not wanted:
        return _miss(Kind.FALSE_ALARM)
    return _miss(Kind.PARTIAL if wanted & found else Kind.WRONG_STATE)


def _miss(kind: Kind) -> Judgement:
    return Judgement(outcome=Outcome.MISS, kind=kind, failed=True)

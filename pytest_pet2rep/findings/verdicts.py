"""What one uptake phrase says: its states, degree and certainty, and the policy that decided."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_pet2rep.findings.grammar import Predicate
from pytest_pet2rep.findings.tokens import Token
from pytest_pet2rep.types import Certainty, UptakeState

_LOW = re.compile("[-0ZK]")
_UPTAKE = re.compile("[U+HP]")
_REASON = re.compile(r"[^UHKZ!bQ]{0,6}P")
_FALLEN = re.compile("[-0Z]")
_CHANGE = re.compile(r"[\^_]")
_SINCE = re.compile(r"T[^+\-]{0,3}[+\-]")
_SINCE_BEHIND = re.compile(r"[GOasnpILcf.]{0,6}T")
_QUALIFIED = re.compile(r"G[fG]{0,3}$")
_FINDING = re.compile("[A+0ZHKP^-]")
_UPTAKE_WORD = re.compile("[fU]")
_NIL = re.compile("[0Z]")
_DOWN = re.compile("[-K]")
_UP = re.compile("[+H^]")
_EVEN = re.compile("[=Nw]")
_DOUBTED_UPTAKE = re.compile(r"q[GAsOapfIi]{0,4}$")
_VALUE_BEHIND = re.compile(r"[GIsOapnLc]{0,5}S")
_SHOWN_BEFORE = re.compile(r"V[fGsOapq]{0,3}$|G[fsOapni]{0,3}$")
_SHOWN_BEHIND = re.compile(r"f?L|G|F?VI|[IsOapn]{1,5}FG{0,2}[cq]{0,2}[Gq]")
_SUGGESTS = re.compile(r"[GfI]{0,3}[qr][GfI]{0,2}[JL]")
_DOUBTED = re.compile(r"q[^J,]{0,8}$")
_DOUBT_BEHIND = re.compile(r"[LVFG]{0,2}q(?!.{0,3}[JLP])")

HIGH_SUV = 5.0
"""Uptake stated with at least this SUVmax and nothing else reads as increased.

A choice of ours (policy 14 leaves bare numbers without a label): no organ but brain, heart and
the urinary tract reaches it physiologically at 60 minutes.
"""
RAISED_LESION_SUV = 2.5
"""The same for uptake of a lesion or node: the customary cut-off for suspicion."""
HIGH_LESION_SUV = 10.0
"""The same for a lesion of which the report gives no more than the number."""
_SUV_RISE, _SUV_FALL, _SUV_NIL = 1.0, 0.8, 0.25

_DISJUNCTION = re.compile(r"[JL][^,]{0,3}c[^,]{0,4}P|P[^,]{0,4}c[^,]{0,3}[JL]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """States of one phrase; ``temporal`` marks a fall since an earlier examination (no level)."""

    states: tuple[UptakeState, ...]
    rule: str
    degree: str = ""
    certainty: Certainty = Certainty.DEFINITE
    temporal: bool = False


def verdict(predicate: Predicate, tokens: list[Token], kinds: str) -> Verdict | None:
    """Decide one phrase of a clause; ``None`` if it states nothing."""
    negated = predicate.negations % 2 == 1
    decided = _decide(predicate, tokens, kinds, negated)
    if decided is None:
        return None
    states, rule = decided
    temporal = rule == "P12" and not states
    certainty = _certainty(predicate, kinds, rule)
    return Verdict(states, rule, _degree(predicate, tokens), certainty, temporal)


Decision = tuple[tuple[UptakeState, ...], str]
LEVEL = "P12.level"
"""Rule of uptake that has come down to background or is no longer seen."""
EXISTENCE = "P0.existence"
"""Rule of uptake that is only said to be there; a later word on its level overrides it."""
_INCREASED = (UptakeState.INCREASED,)
_DECREASED = (UptakeState.DECREASED,)
_ABSENT = (UptakeState.ABSENT,)
_NORMAL = (UptakeState.NORMAL,)


def _decide(
    predicate: Predicate, tokens: list[Token], kinds: str, negated: bool
) -> Decision | None:
    said = predicate.kinds
    own = tokens[predicate.first : predicate.last]
    if predicate.form == "deauville":
        score = own[0].number
        return (_INCREASED if score >= 4 else _NORMAL), "P14"
    if predicate.form == "relation":
        return _relation(predicate, negated)
    if predicate.form == "trend" and own[0].word.value not in ("more_intense", "less_intense"):
        return None
    if "P" in kinds and not negated:
        if disjoined(kinds) and not _LOW.search(said):
            return (_INCREASED, "P9") if _UPTAKE.search(said) and "U" in kinds else None
        if _is_physiologic(predicate, kinds):
            return _NORMAL, "P9"
    if _is_temporal(predicate, kinds):
        rising = "+" in said or "^" in said
        if rising and not negated:
            return _INCREASED, "P12"
        return (_NORMAL, "P2") if negated else ((), "P12")
    if predicate.form == "hinted":
        return None if negated else (_INCREASED, "P10")
    if negated:
        return _negated(predicate, tokens, kinds)
    return _affirmed(predicate, own, tokens, kinds)


def _relation(predicate: Predicate, negated: bool) -> Decision:
    above = ">" in predicate.kinds or "^" in predicate.kinds
    below = "<" in predicate.kinds or "_" in predicate.kinds
    if (above and below) or "~" in predicate.kinds or negated:
        return _NORMAL, "P14"
    return (_INCREASED, "P14") if above else (_DECREASED, "P14")


def _is_physiologic(predicate: Predicate, kinds: str) -> bool:
    if "P" in predicate.kinds and "A" not in predicate.kinds:
        return True
    reason = _REASON.match(kinds[predicate.last :]) is not None
    return reason and not _FALLEN.search(predicate.kinds)


def disjoined(kinds: str) -> bool:
    """The cause is left open, as in "inflammatory or physiologic" (policy 9)."""
    return _DISJUNCTION.search(kinds) is not None


def _is_temporal(predicate: Predicate, kinds: str) -> bool:
    if _CHANGE.search(predicate.kinds) or predicate.form == "temporal":
        return True
    if "T" not in kinds:
        return False
    if _SINCE.search(predicate.kinds):
        return True
    falls = "-" in predicate.kinds
    compared = _SINCE_BEHIND.match(kinds[predicate.last :]) is not None
    interval = kinds[: predicate.first].endswith("T")
    return falls and (compared or interval)


def _negated(predicate: Predicate, tokens: list[Token], kinds: str) -> Decision | None:
    said = predicate.kinds
    if predicate.form == "bare":
        if said == "f" and tokens[predicate.first].word.value != "substance":
            return None
        weak = _QUALIFIED.search(kinds[: predicate.first]) is not None
        weak = weak or _SUGGESTS.match(kinds, predicate.last) is not None
        scope = tokens[: predicate.first]
        if any(t.word.kind == "A" or t.word.value == "abnormal_structure" for t in scope):
            return _NORMAL, "P1"
        return (_NORMAL, "P2") if weak else (_ABSENT, "P1")
    if _FINDING.search(said):
        return _NORMAL, "P1" if "A" in said else "P2"
    return None


def _affirmed(
    predicate: Predicate, own: list[Token], tokens: list[Token], kinds: str
) -> Decision | None:
    said = predicate.kinds
    if predicate.form == "post":
        return _denied_denial(said), "P4"
    if predicate.form == "level":
        return _NORMAL, "P14"
    if predicate.form == "alone" and own[0].word.value != "non_avid":
        return None
    if predicate.form == "defect" and not _UPTAKE_WORD.search(kinds):
        return None
    if predicate.form == "bare" and predicate.negations:
        return _NORMAL, "P4"
    if "v" in said:
        return _NORMAL, "P2"
    states: list[UptakeState] = []
    if _NIL.search(said):
        states.append(UptakeState.ABSENT)
    if _DOWN.search(said) and not ("H" in said and "-" not in said):
        states.append(UptakeState.DECREASED)
    if _UP.search(said) and not (states and "H" not in said and "+" not in said):
        states.append(UptakeState.INCREASED)
    if "g" in kinds:
        states = [_BY_KIND[kind] for kind in said if kind in _BY_KIND]
    if states:
        cold = any(token.word.value == "cold_spot" for token in own)
        return tuple(states), "P0.cold" if cold else "P0"
    if _EVEN.search(said):
        levelled = any(token.word.value == "level" for token in own)
        return _NORMAL, LEVEL if levelled else "P0"
    if "A" in said and predicate.form in ("abnormal", "after"):
        return _INCREASED, "P0"
    return _existence(predicate, tokens, kinds) if predicate.form == "bare" else None


def _denied_denial(said: str) -> tuple[UptakeState, ...]:
    if _UP.search(said) or "A" in said:
        return _INCREASED
    return _DECREASED if _DOWN.search(said) else _NORMAL


_BY_KIND = {
    "+": UptakeState.INCREASED, "H": UptakeState.INCREASED, "-": UptakeState.DECREASED,
    "K": UptakeState.DECREASED, "0": UptakeState.ABSENT, "Z": UptakeState.ABSENT,
    "N": UptakeState.NORMAL, "=": UptakeState.NORMAL,
}  # fmt: skip


def _existence(predicate: Predicate, tokens: list[Token], kinds: str) -> Decision | None:
    """Uptake that is said to be there, without a direction, is increased uptake."""
    token = tokens[predicate.last - 1]
    before, behind = kinds[: predicate.first], kinds[predicate.last :]
    if token.kind == "d":
        graded = predicate.first > 0 and tokens[predicate.first - 1].word.value in _DEGREES
        return (_INCREASED, EXISTENCE) if graded else None
    if token.word.value != "uptake":
        return None
    if _DOUBTED_UPTAKE.search(before):
        return _INCREASED, "P10"
    shown = _SHOWN_BEFORE.search(before) or _SHOWN_BEHIND.match(behind)
    if shown:
        return _INCREASED, EXISTENCE
    high = _VALUE_BEHIND.match(behind)
    if high and tokens[predicate.last + high.end() - 1].number >= HIGH_SUV:
        return _INCREASED, "P14"
    return None


def _certainty(predicate: Predicate, kinds: str, rule: str) -> Certainty:
    before = kinds[: predicate.first]
    if rule == "P9":
        return Certainty.PROBABLE if "q" in kinds else Certainty.DEFINITE
    if "q" not in kinds:
        return Certainty.DEFINITE
    inside = "q" in predicate.kinds
    doubted = _DOUBTED.search(before) is not None
    behind = _DOUBT_BEHIND.match(kinds[predicate.last :]) is not None
    return Certainty.UNCERTAIN if inside or doubted or behind else Certainty.DEFINITE


_DEGREES = frozenset(("mild", "moderate", "marked"))


def _degree(predicate: Predicate, tokens: list[Token]) -> str:
    near = tokens[max(0, predicate.first - 2) : predicate.last + 1]
    named = [token.word.value for token in near if token.word.value in _DEGREES]
    return named[0] if named else ""


_RELATIVE_ORGANS = frozenset(("liver", "blood_pool", "mediastinum", "spleen", "heart"))


def relative_states(
    states: tuple[UptakeState, ...], form: str, references: tuple[str, ...], organ: str
) -> tuple[UptakeState, ...]:
    """Below the liver is low for the liver itself; for another organ it is no finding."""
    if form != "relation" or UptakeState.DECREASED not in states:
        return states
    named = _RELATIVE_ORGANS.intersection(references)
    return _NORMAL if named and organ not in named else states


def compared_suv(value: float, reference: float, same_organ: bool) -> UptakeState:
    """State of a lesion of SUV ``value`` against a reference tissue (policy 14)."""
    ratio = value / reference if reference > 0 else 0.0
    if ratio > _SUV_RISE:
        return UptakeState.INCREASED
    if same_organ and ratio <= _SUV_NIL:
        return UptakeState.ABSENT
    return UptakeState.DECREASED if same_organ and ratio < _SUV_FALL else UptakeState.NORMAL

"""How far two readers of the same texts agree: Cohen's kappa per organ, and every disagreement.

Kappa (Cohen 1960) is (p_o - p_e) / (1 - p_e): observed agreement p_o, corrected for the agreement
p_e that two readers with these shares of each category reach by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from pytest_pet2rep.anatomy import Profile
from pytest_pet2rep.types import ABNORMAL_STATES, States

UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadTwice:
    """One text and what both readers made of it, over the organs of one organ list."""

    id: str
    ours: Mapping[str, States]
    theirs: Mapping[str, States] | None
    """``None``: the second reader gave no usable answer."""
    evidence: Mapping[str, str]
    """Organ -> the sentence that our reading rests on."""
    problem: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """Agreement over the texts that both read; ``kappa`` is ``None`` where it is undefined.

    It is undefined without texts, and where both readers only ever name one and the same
    category.  ``with_unreadable`` counts an unreadable text as a category of its own, hence as a
    disagreement.
    """

    n: int
    agreed: int
    kappa: float | None
    kappa_with_unreadable: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganAgreement:
    """Agreement on one organ; an empty ``organ`` is all of them together."""

    organ: str
    abnormal: Agreement
    """Abnormal against not."""
    states: Agreement
    """Over the sets of states, ``normal`` and ``unstated`` apart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """One organ of one text that was read differently."""

    id: str
    organ: str
    ours: States
    theirs: States
    evidence: str

    @property
    def on_abnormal(self) -> bool:
        """One reader says abnormal and the other does not."""
        return _is_abnormal(self.ours) != _is_abnormal(self.theirs)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreementReport:
    """Everything about two readers of the same texts."""

    texts: int
    unreadable: tuple[tuple[str, str], ...]
    """(id, why) of texts without a usable answer of the second reader."""
    all: OrganAgreement
    organs: tuple[OrganAgreement, ...]
    disagreements: tuple[Disagreement, ...]


def agreement(read: Sequence[ReadTwice], profile: Profile) -> AgreementReport:
    """Compare two readers over the organs of ``profile``."""
    organs = [organ.id for organ in profile.organs]
    return AgreementReport(
        texts=len(read),
        unreadable=tuple((r.id, r.problem) for r in read if r.theirs is None),
        all=_organ_agreement("", read, organs),
        organs=tuple(_organ_agreement(organ, read, [organ]) for organ in organs),
        disagreements=tuple(
            Disagreement(
                id=r.id,
                organ=organ,
                ours=r.ours[organ],
                theirs=r.theirs[organ],
                evidence=r.evidence.get(organ, ""),
            )
            for r in read
            if r.theirs is not None
            for organ in organs
            if r.ours[organ] != r.theirs[organ]
        ),
    )


def cohen_kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of (first, second) categories; ``None`` where it is undefined."""
    n = len(pairs)
    if not n:
        return None
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = sum(a == b for a, b in pairs) / n
    by_chance = sum(first[category] * second[category] for category in first) / n**2
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def _organ_agreement(name: str, read: Sequence[ReadTwice], organs: Sequence[str]) -> OrganAgreement:
    pairs = [
        (r.ours[organ], None if r.theirs is None else r.theirs[organ])
        for r in read
        for organ in organs
    ]
    return OrganAgreement(
        organ=name,
        abnormal=_agreement(
            [(_is_abnormal(a), None if b is None else _is_abnormal(b)) for a, b in pairs]
        ),
        states=_agreement(pairs),
    )


def _agreement(pairs: Sequence[tuple[Hashable, Hashable | None]]) -> Agreement:
    """``None`` as the second category: unreadable."""
    readable = [(a, b) for a, b in pairs if b is not None]
    counted = [(a, UNREADABLE if b is None else b) for a, b in pairs]
    return Agreement(
        n=len(readable),
        agreed=sum(a == b for a, b in readable),
        kappa=cohen_kappa(readable),
        kappa_with_unreadable=cohen_kappa(counted),
    )


def _is_abnormal(states: States) -> bool:
    return bool(states.intersection(ABNORMAL_STATES))

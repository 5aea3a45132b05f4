"""Lesion by lesion: are organ, side, part and state right, and the SUVmax where both give one.

A lesion is one abnormal mention.  Two lesions match if a key is equal; as equality is transitive,
the number of one-to-one matches is the sum over keys of the smaller count, which no other
assignment can beat.  Where partners are needed (side, SUVmax), lesions of one organ and state are
paired in three rounds, by the full key, then without the part, then without side and part.  In each
round those that state an SUVmax come first, in its ascending order (for equal numbers of values no
other pairing has a smaller sum of differences), then the rest in the order of the text: the order
of sentences never decides whether SUVmax values agree.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import Counts, Ratio
from pytest_pet2rep.metrics.efficacy_scores import harmonic_mean
from pytest_pet2rep.types import ABNORMAL_STATES, Level, Mention, Score, Side

SUV_TOLERANCE = 0.25
"""Largest relative difference of SUVmax that counts as agreement."""
_NANO = 10**9
"""Relative differences are kept as whole numbers of 1e-9, so that sums are exact."""

Key = tuple[str, ...]


def organ_state(lesion: Mention) -> Key:
    """Organ and state."""
    return lesion.organ, lesion.state.value


def organ_side_state(lesion: Mention) -> Key:
    """Organ, side and state."""
    return *organ_state(lesion), lesion.side.value


def organ_side_part_state(lesion: Mention) -> Key:
    """Organ, side, part and state: the full key."""
    return *organ_side_state(lesion), " ".join(lesion.part.casefold().split())


KEYS: Mapping[str, Callable[[Mention], Key]] = {
    "lesion": organ_side_part_state,
    "lesion_side": organ_side_state,
    "lesion_organ": organ_state,
}
"""Prefix of the score names -> key that has to be equal, the strictest first."""


def lesion_counts(
    reference: Iterable[Mention], generated: Iterable[Mention] | None
) -> dict[str, Any]:
    """Count the lesions of one case; give the mentions of the scored section only.

    ``generated`` is ``None`` without a usable report: every lesion is then missed.
    ``suv_invented`` counts SUVmax values of the report that are more than 25 % off, or that stand
    at a lesion for which the reference gives none.
    """
    expected, found = _lesions(reference), _lesions(generated or ())
    pairs = list(pair_lesions(expected, found))
    sided = [(r.side, g.side) for r, g in pairs if Side.NONE not in (r.side, g.side)]
    differences = [d for r, g in pairs if (d := _suv_difference(r, g)) is not None]
    stated = sum(lesion.suvmax is not None for lesion in found)
    within = sum(d <= SUV_TOLERANCE for d in differences)
    return {
        "cases": 1,
        "reference": len(expected),
        "generated": len(found),
        "matched": {name: _matches(key, expected, found) for name, key in KEYS.items()},
        "sided": len(sided),
        "same_side": sum(one is other for one, other in sided),
        "side_left_out": sum(r.side is not Side.NONE and g.side is Side.NONE for r, g in pairs),
        "suv_pairs": len(differences),
        "suv_within": within,
        "suv_invented": stated - within,
        "suv_difference_nano": sum(round(d * _NANO) for d in differences),
    }


def pair_lesions(
    reference: Sequence[Mention], generated: Sequence[Mention]
) -> Iterator[tuple[Mention, Mention]]:
    """Yield as many (reference, generated) pairs of equal organ and state as there can be."""
    expected, found = sorted(reference, key=_by_suvmax), sorted(generated, key=_by_suvmax)
    for key in KEYS.values():
        waiting: dict[Key, deque[int]] = defaultdict(deque)
        for at, lesion in enumerate(found):
            waiting[key(lesion)].append(at)
        left, used = [], set()
        for lesion in expected:
            if candidates := waiting.get(key(lesion)):
                at = candidates.popleft()
                used.add(at)
                yield lesion, found[at]
            else:
                left.append(lesion)
        expected = left
        found = [lesion for at, lesion in enumerate(found) if at not in used]


def lesion_signature(basis: Basis) -> str:
    """Spell out what the lesion scores depend on; lesions are those of fine organs."""
    return f"lesions|{basis.signature(organs=False)}|tolerance:{SUV_TOLERANCE:g}"


def lesion_scores(counts: Counts, *, signature: str) -> tuple[Score, ...]:
    """Return precision, recall and F1 per key, laterality accuracy and SUVmax agreement.

    ``n`` is the denominator: lesions of the report, of the reference, of both, sided pairs, pairs
    with SUVmax.  ``suv_relative_difference`` is the mean distance, relative to the reference.
    """
    scores: list[Score] = []
    for name in KEYS:
        scores += _matching_scores(name, counts, signature)
    sides = Ratio(events=counts.get("same_side", 0), of=counts.get("sided", 0))
    within = Ratio(events=counts.get("suv_within", 0), of=counts.get("suv_pairs", 0))
    total = counts.get("suv_difference_nano", 0) / _NANO
    mean = total / within.of if within.of else None
    no_sides, no_suv = "no pair of lesions with a side in both", "no pair with SUVmax in both"
    return (
        *scores,
        _score("laterality_accuracy", sides.value, sides.of, signature, no_sides),
        _score("suv_within_25", within.value, within.of, signature, no_suv),
        _score("suv_relative_difference", mean, within.of, signature, no_suv, higher=False),
    )


def _matching_scores(name: str, counts: Counts, signature: str) -> list[Score]:
    matched = counts.get("matched", {}).get(name, 0)
    expected, found = counts.get("reference", 0), counts.get("generated", 0)
    # With lesions to find, a report without any has a precision of 0, not an undefined one.
    precision = matched / found if found else (0.0 if expected else None)
    recall = matched / expected if expected else None
    f1 = None
    if precision is not None and recall is not None:
        f1 = harmonic_mean(precision, recall)
    none = "no lesion in the references"
    return [
        _score(f"{name}_precision", precision if expected else None, found, signature, none),
        _score(f"{name}_recall", recall, expected, signature, none),
        _score(f"{name}_f1", f1, expected + found, signature, none),
    ]


def _score(
    name: str, value: float | None, n: int, signature: str, reason: str, *, higher: bool = True
) -> Score:
    return Score(
        name=name,
        value=value,
        signature=signature,
        n=n,
        level=Level.CORPUS,
        higher_is_better=higher,
        reason="" if value is not None else reason,
    )


def _lesions(mentions: Iterable[Mention]) -> list[Mention]:
    return sorted((m for m in mentions if m.state in ABNORMAL_STATES), key=lambda m: m.start)


def _by_suvmax(lesion: Mention) -> tuple[bool, float, int]:
    return lesion.suvmax is None, lesion.suvmax or 0.0, lesion.start


def _matches(
    key: Callable[[Mention], Key], expected: Sequence[Mention], found: Sequence[Mention]
) -> int:
    return (Counter(map(key, expected)) & Counter(map(key, found))).total()


def _suv_difference(reference: Mention, generated: Mention) -> float | None:
    """Relative difference of SUVmax, ``None`` unless both state one (and the reference not 0)."""
    if not reference.suvmax or generated.suvmax is None:
        return None
    return abs(generated.suvmax - reference.suvmax) / reference.suvmax

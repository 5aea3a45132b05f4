"""Clinical efficacy (organ uptake assessment) from (case, organ) pairs: rows to counts to a table.

Convention of the PET2Rep authors (arXiv 2508.04062): multi-label over the three abnormal states,
unweighted mean over them; F1 is the harmonic mean of mean precision and mean recall, which is how
the published rows compute.  Scores made from the table live in ``efficacy_scores``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pytest_pet2rep.anatomy import combine
from pytest_pet2rep.metrics.counts import Counts
from pytest_pet2rep.metrics.judgement import abnormal, states_named
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    UNSTATED,
    UNUSABLE,
    Record,
    States,
    UptakeState,
)

NO_REPORT = "no_report"
"""Stands in the counts where a case has no usable generation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EfficacyRow:
    """One (case, organ) pair of the organ list, whether the reference mentions it or not."""

    case: str
    organ: str
    expected: States
    generated: States | None
    """``None`` where the case has no usable generation: a miss of every expected state."""
    visible: bool | None = None
    """The expected abnormal state can be seen in the pixels sent; ``None`` where unknown."""
    source: str = ""
    """``explicit``, ``extracted`` or ``reviewed``, as in ``ExpectationSource``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassCounts:
    """True positives, false positives and false negatives of one state, in pairs."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    @property
    def support(self) -> int:
        """Pairs in which the reference has the state."""
        return self.tp + self.fn

    @property
    def predicted(self) -> int:
        """Pairs in which the report has the state."""
        return self.tp + self.fp

    @property
    def precision(self) -> float:
        """TP / (TP + FP); 0 where nothing was predicted."""
        return self.tp / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """TP / (TP + FN); 0 where nothing was to be found."""
        return self.tp / self.support if self.support else 0.0

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN); 0 where nothing was predicted or to be found."""
        both = self.support + self.predicted
        return 2 * self.tp / both if both else 0.0


Classes = Mapping[UptakeState, ClassCounts]
Confusion = Mapping[UptakeState, Mapping[UptakeState, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class EfficacyTable:
    """Everything that stands beside the headline values."""

    cases: int
    unusable: int
    """Cases without a usable generation."""
    pairs: int
    per_class: Classes
    per_organ: Mapping[str, Classes]
    confusion: Mapping[str, Confusion]
    """Organ -> expected state -> generated state -> pairs; see ``confusion_cells``."""
    normal_pairs: int
    """Pairs without an expected abnormal state (stated normal or unstated by the reference)."""
    false_alarms: int
    """Of these, the pairs in which the report has an abnormal state."""
    stated_reference: int
    """Pairs that the reference states (coverage of the reference = this / ``pairs``)."""
    stated_generated: int
    """Pairs that the report states (coverage of the generation = this / ``pairs``)."""
    stated_both: int
    unstated_reference: int
    """Pairs that the reference leaves unstated and in which the report invented nothing."""

    @property
    def micro(self) -> ClassCounts:
        """The counts of the three states together."""
        return pooled(self.per_class.values())


def row_of(record: Record) -> EfficacyRow:
    """Turn the record of one uptake item into a row; repeats of a case count as cases."""
    return EfficacyRow(
        case=f"{record.cohort}/{record.case}#{record.repeat}",
        organ=record.organ,
        expected=states_named(record.expected),
        generated=None if record.outcome in UNUSABLE else states_named(record.generated),
        visible=record.visible,
        source=record.source,
    )


def efficacy_counts(rows: Iterable[EfficacyRow]) -> dict[str, Any]:
    """Count the pairs of one case (or of many): organ -> ``expected>generated`` -> pairs.

    The result is plain JSON and adds up under ``add_counts``: ``{"cases": 1, "unusable": 0,
    "organs": {"liver": {"decreased+increased>normal": 1}}}``.
    """
    cases: set[str] = set()
    unusable: set[str] = set()
    organs: dict[str, Counter[str]] = {}
    for row in rows:
        cases.add(row.case)
        if row.generated is None:
            unusable.add(row.case)
        organs.setdefault(row.organ, Counter())[_pair_key(row)] += 1
    return {
        "cases": len(cases),
        "unusable": len(unusable),
        "organs": {organ: dict(sorted(found.items())) for organ, found in sorted(organs.items())},
    }


def efficacy_table(counts: Counts) -> EfficacyTable:
    """Read the table off (added) counts."""
    per_organ: dict[str, Classes] = {}
    confusion: dict[str, Confusion] = {}
    tally: Counter[str] = Counter()
    for organ, found in counts.get("organs", {}).items():
        pairs = [(*_states_of(key), n) for key, n in found.items()]
        per_organ[organ] = {
            state: pooled(_class_counts(state, a, g, n) for a, g, n in pairs)
            for state in ABNORMAL_STATES
        }
        confusion[organ] = _confusion(pairs)
        for expected, generated, n in pairs:
            for name in _facts(expected, generated):
                tally[name] += n
    return EfficacyTable(
        cases=counts.get("cases", 0),
        unusable=counts.get("unusable", 0),
        per_class={
            state: pooled(classes[state] for classes in per_organ.values())
            for state in ABNORMAL_STATES
        },
        per_organ=per_organ,
        confusion=confusion,
        **{name: tally[name] for name in _FACTS},
    )


def class_vector(counts: Counts) -> tuple[int, ...]:
    """Return TP, FP, FN of each state in the order of ``ABNORMAL_STATES``: nine numbers.

    They add up over cases element by element, which is all that a bootstrap needs; values come
    from ``efficacy_scores.ce_values``.
    """
    sums = [0] * (3 * len(ABNORMAL_STATES))
    for found in counts.get("organs", {}).values():
        for key, n in found.items():
            expected, generated = _states_of(key)
            for at, state in enumerate(ABNORMAL_STATES):
                wanted, said = state in expected, state in generated
                if wanted or said:
                    sums[3 * at + (0 if wanted and said else 1 if said else 2)] += n
    return tuple(sums)


def classes_of(vector: Sequence[int]) -> dict[UptakeState, ClassCounts]:
    """Take a (summed) ``class_vector`` apart."""
    return {
        state: ClassCounts(tp=vector[3 * at], fp=vector[3 * at + 1], fn=vector[3 * at + 2])
        for at, state in enumerate(ABNORMAL_STATES)
    }


def pooled(parts: Iterable[ClassCounts]) -> ClassCounts:
    """Add the counts of several classes or organs."""
    tp = fp = fn = 0
    for part in parts:
        tp, fp, fn = tp + part.tp, fp + part.fp, fn + part.fn
    return ClassCounts(tp=tp, fp=fp, fn=fn)


def confusion_cells(expected: States, generated: States) -> Iterator[tuple[UptakeState, ...]]:
    """Yield the (expected, generated) cells of one pair, so that the margins stay true counts.

    States that both have are on the diagonal; what is left over is paired one to one in the order
    of ``ABNORMAL_STATES``; a state without a partner stands against ``normal`` if the other side
    says so, else against ``unstated`` (the other side has no word on such a state).  Every
    abnormal row thus sums to the support of its state, and every abnormal column to its
    predictions.
    """
    wanted, found = abnormal(expected), abnormal(generated)
    for state in _in_order(wanted & found):
        yield state, state
    missing, surplus = _in_order(wanted - found), _in_order(found - wanted)
    for state, instead in zip(missing, surplus, strict=False):
        yield state, instead
    for state in missing[len(surplus) :]:
        yield state, _plain(generated)
    for state in surplus[len(missing) :]:
        yield _plain(expected), state
    if not wanted and not found:
        yield _plain(expected), _plain(generated)


_FACTS = (
    "pairs",
    "normal_pairs",
    "false_alarms",
    "stated_reference",
    "stated_generated",
    "stated_both",
    "unstated_reference",
)


def _facts(expected: States, generated: States) -> Iterator[str]:
    yield "pairs"
    if not abnormal(expected):
        yield "normal_pairs"
        if abnormal(generated):
            yield "false_alarms"
        elif expected == UNSTATED:
            yield "unstated_reference"
    if expected != UNSTATED:
        yield "stated_reference"
    if generated != UNSTATED:
        yield "stated_generated"
        if expected != UNSTATED:
            yield "stated_both"


def _class_counts(state: UptakeState, expected: States, generated: States, n: int) -> ClassCounts:
    wanted, found = state in expected, state in generated
    return ClassCounts(
        tp=n * (wanted and found), fp=n * (found and not wanted), fn=n * (wanted and not found)
    )


def _confusion(pairs: Iterable[tuple[States, States, int]]) -> Confusion:
    cells = {row: dict.fromkeys(UptakeState, 0) for row in UptakeState}
    for expected, generated, n in pairs:
        for row, column in confusion_cells(expected, generated):
            cells[row][column] += n
    return cells


def _pair_key(row: EfficacyRow) -> str:
    generated = NO_REPORT if row.generated is None else _joined(row.generated)
    return f"{_joined(row.expected)}>{generated}"


@cache
def _joined(states: States) -> str:
    return "+".join(sorted(combine([states])))


@cache
def _states_of(key: str) -> tuple[States, States]:
    expected, generated = key.split(">")
    return _split(expected), UNSTATED if generated == NO_REPORT else _split(generated)


def _split(joined: str) -> States:
    return frozenset(map(UptakeState, joined.split("+")))


def _in_order(states: States) -> list[UptakeState]:
    return [state for state in ABNORMAL_STATES if state in states]


def _plain(states: States) -> UptakeState:
    return UptakeState.NORMAL if UptakeState.NORMAL in states else UptakeState.UNSTATED

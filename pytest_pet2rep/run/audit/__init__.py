"""How well the extractor reads, against labels set by hand: labelled texts in, figures out.

A sentence is right when its states equal one of the accepted answers exactly, organ for organ;
one for which nothing is labelled is right when nothing is read.  A whole report is scored organ
by organ against the accepted answer that it is nearest to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_pet2rep.run.audit.sets import Answer, Half, LabelledText
from pytest_pet2rep.run.audit.sides import SideVerdict, side_verdicts
from pytest_pet2rep.types import Reading, States, UptakeState

LABELLED_STATES = tuple(state for state in UptakeState if state is not UptakeState.UNSTATED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proportion:
    """``right`` of ``n``, with the exact two-sided 95 % limits of Clopper and Pearson.

    The limits suppose that the ``n`` are independent; they are ``None`` where ``n`` is 0.
    """

    right: int
    n: int
    low: float | None
    high: float | None

    @property
    def value(self) -> float | None:
        return self.right / self.n if self.n else None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadingError:
    """One label that was not read as a person labelled it."""

    id: str
    organ: str
    """Empty for a sentence, which is right or wrong as a whole."""
    text: str
    expected: Answer
    read: Answer
    phenomena: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SentenceAudit:
    """Sentences read exactly right, over all and by slice.

    ``slices`` maps a dimension (``language``, ``difficulty``, ``language and difficulty``,
    ``labels``, ``phenomenon``) to its values; a sentence counts for each of its phenomena.
    """

    all: Proportion
    slices: Mapping[str, Mapping[str, Proportion]]


@dataclass(frozen=True, kw_only=True, slots=True)
class StateAudit:
    """One state over all (report, organ) pairs of whole reports."""

    precision: Proportion
    """Of the pairs in which it was read, those in which it is labelled."""
    recall: Proportion
    """Of the pairs in which it is labelled, those in which it was read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportAudit:
    """Whole reports, organ by organ; organs that neither labels nor reading name do not count.

    Pairs of one report are not independent, so the limits of ``organs`` and ``states``, which
    are not clustered by report, are too narrow; those of ``flawless`` are exact.
    """

    organs: Proportion
    flawless: Proportion
    """Reports without a single wrong organ."""
    states: Mapping[UptakeState, StateAudit]


@dataclass(frozen=True, kw_only=True, slots=True)
class HalfAudit:
    """Everything measured on one half of the labelled sets."""

    half: Half
    sentences: SentenceAudit
    reports: ReportAudit
    sides: Mapping[str, Proportion]
    """``all``, ``en``, ``zh`` -> sides of abnormal findings read as labelled."""
    errors: tuple[ReadingError, ...]
    side_errors: tuple[SideVerdict, ...]


def audit(
    half: Half, rows: Sequence[LabelledText], read_text: Callable[[str], Reading]
) -> HalfAudit:
    """Read every text of ``rows`` with ``read_text`` and compare with its labels."""
    readings = [(row, read_text(row.text)) for row in rows]
    sides = side_verdicts(readings)
    read = [(row, reading.states) for row, reading in readings]
    sentences = [(row, states) for row, states in read if not row.is_report]
    reports = [(row, states) for row, states in read if row.is_report]
    return HalfAudit(
        half=half,
        sentences=_audit_sentences(sentences),
        reports=_audit_reports(reports),
        sides={
            "all": proportion(side.right for side in sides),
            **{
                language: proportion(side.right for side in sides if side.language == language)
                for language in sorted({side.language for side in sides})
            },
        },
        side_errors=tuple(side for side in sides if not side.right),
        errors=(
            *(error for row, states in sentences for error in _sentence_errors(row, states)),
            *(error for row, states in reports for error in _report_errors(row, states)),
        ),
    )


def proportion(verdicts: Iterable[bool]) -> Proportion:
    """Count what is true, with exact limits (``scipy.stats.binomtest``)."""
    from scipy.stats import binomtest

    judged = list(verdicts)
    right, n = sum(judged), len(judged)
    if not n:
        return Proportion(right=0, n=0, low=None, high=None)
    limits = binomtest(right, n).proportion_ci(0.95, method="exact")
    return Proportion(right=right, n=n, low=float(limits.low), high=float(limits.high))


def _audit_sentences(read: Sequence[tuple[LabelledText, Answer]]) -> SentenceAudit:
    verdicts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for row, states in read:
        for dimension, value in _slices_of(row):
            verdicts[dimension][value].append(_is_right(row, states))
    return SentenceAudit(
        all=proportion(_is_right(row, states) for row, states in read),
        slices={
            dimension: {value: proportion(values[value]) for value in sorted(values)}
            for dimension, values in sorted(verdicts.items())
        },
    )


def _slices_of(row: LabelledText) -> Iterable[tuple[str, str]]:
    yield "language", str(row.language)
    yield "difficulty", row.difficulty
    yield "language and difficulty", f"{row.language} {row.difficulty}"
    yield "labels", "some" if row.answers[0] else "none"
    for phenomenon in row.phenomena:
        yield "phenomenon", phenomenon


def _is_right(row: LabelledText, states: Answer) -> bool:
    return dict(states) in [dict(answer) for answer in row.answers]


def _sentence_errors(row: LabelledText, states: Answer) -> Iterable[ReadingError]:
    if not _is_right(row, states):
        yield ReadingError(
            id=row.id,
            organ="",
            text=row.text,
            expected=row.answers[0],
            read=states,
            phenomena=row.phenomena,
        )


def _audit_reports(read: Sequence[tuple[LabelledText, Answer]]) -> ReportAudit:
    pairs = [pair for row, states in read for pair in _organ_pairs(row, states)]
    return ReportAudit(
        organs=proportion(expected == found for _, expected, found in pairs),
        flawless=proportion(
            all(expected == found for _, expected, found in _organ_pairs(row, states))
            for row, states in read
        ),
        states={
            state: StateAudit(
                precision=proportion(state in e for _, e, found in pairs if state in found),
                recall=proportion(state in found for _, e, found in pairs if state in e),
            )
            for state in LABELLED_STATES
        },
    )


def _organ_pairs(row: LabelledText, states: Answer) -> list[tuple[str, States, States]]:
    """(organ, labelled, read) of every organ that either names; the empty set: not named."""
    nothing: States = frozenset()

    def against(answer: Answer) -> list[tuple[str, States, States]]:
        return [
            (organ, answer.get(organ, nothing), states.get(organ, nothing))
            for organ in sorted({*answer, *states})
        ]

    def wrong(pairs: list[tuple[str, States, States]]) -> int:
        return sum(expected != found for _, expected, found in pairs)

    return min((against(answer) for answer in row.answers), key=wrong)


def _report_errors(row: LabelledText, states: Answer) -> Iterable[ReadingError]:
    for organ, expected, found in _organ_pairs(row, states):
        if expected != found:
            yield ReadingError(
                id=row.id,
                organ=organ,
                text=row.text,
                expected={organ: expected} if expected else {},
                read={organ: found} if found else {},
            )

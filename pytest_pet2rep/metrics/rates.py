"""Rates over (case, organ) pairs and over cases: misses, false alarms, coverage, failures.

Every rate keeps the whole cohort as its denominator: a case without a usable report misses every
expected state, states nothing and raises no false alarm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_pet2rep.anatomy import combine
from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import Counts, Ratio
from pytest_pet2rep.metrics.judgement import abnormal
from pytest_pet2rep.types import (
    UNSTATED,
    UNUSABLE,
    Level,
    Outcome,
    Record,
    Score,
    States,
    UptakeState,
)


def rate_counts(records: Iterable[Record]) -> dict[str, Any]:
    """Count the uptake records of one case (or of many, repeats counting as cases).

    Records of items that did not run are left out: they are holes, not results.
    """
    tally: Counter[str] = Counter()
    outcomes: dict[tuple[str, str, int], Outcome | None] = {}
    for record in records:
        if record.outcome is Outcome.NOT_RUN:
            continue
        case = (record.cohort, record.case, record.repeat)
        unusable = record.outcome in UNUSABLE
        outcomes[case] = record.outcome if unusable else None
        tally.update(_facts(record, unusable))
    ended = Counter(str(outcome or "usable") for outcome in outcomes.values())
    return {"cases": len(outcomes), "outcomes": dict(sorted(ended.items())), **_sorted(tally)}


def miss_rate(counts: Counts) -> Ratio:
    """Expected abnormal (organ, state) pairs that the report does not have, of all such pairs."""
    return Ratio(events=counts.get("missed_states", 0), of=counts.get("expected_states", 0))


def false_alarm_rate(counts: Counts) -> Ratio:
    """Organs with an abnormal state in the report, of those without one in the reference.

    Organs that the reference leaves unstated are in the denominator: inventing there counts.
    """
    return Ratio(events=counts.get("false_alarms", 0), of=counts.get("normal_pairs", 0))


def coverage(counts: Counts) -> Ratio:
    """Organs that the report states, of those that the reference states."""
    return Ratio(events=counts.get("stated_both", 0), of=counts.get("stated_reference", 0))


def error_rate(counts: Counts) -> Ratio:
    """Cases whose generation ended in an error or ran out of time, of all cases."""
    return _ended(counts, Outcome.ERROR, Outcome.TIMEOUT)


def refusal_rate(counts: Counts) -> Ratio:
    """Cases in which the model refused to write a report, of all cases."""
    return _ended(counts, Outcome.REFUSAL)


RATES: Mapping[str, tuple[Callable[[Counts], Ratio], bool]] = {
    "miss_rate": (miss_rate, False),
    "false_alarm_rate": (false_alarm_rate, False),
    "coverage": (coverage, True),
    "error_rate": (error_rate, False),
    "refusal_rate": (refusal_rate, False),
}
"""Name -> (how to read it off the counts, whether higher is better)."""

_WITHOUT = {
    "miss_rate": "no expected abnormal state",
    "false_alarm_rate": "no organ without an expected abnormal state",
    "coverage": "no organ stated by a reference",
}


def rate_signature(basis: Basis) -> str:
    """Spell out what the rates depend on beside the reports."""
    return f"rates|{basis.signature()}|failed:miss"


def rate_scores(counts: Counts, *, signature: str) -> tuple[Score, ...]:
    """Return every rate of ``RATES``; ``n`` is its denominator, for exact binomial limits."""
    scores = []
    for name, (rate, higher_is_better) in RATES.items():
        ratio = rate(counts)
        reason = "" if ratio.of else _WITHOUT.get(name, "no cases")
        scores.append(
            Score(
                name=name,
                value=ratio.value,
                signature=signature,
                n=ratio.of,
                level=Level.RATE,
                higher_is_better=higher_is_better,
                reason=reason if counts.get("cases") else "no cases",
            )
        )
    return tuple(scores)


def _facts(record: Record, unusable: bool) -> dict[str, int]:
    expected = _states(record.expected)
    generated = UNSTATED if unusable else _states(record.generated)
    wanted, found = abnormal(expected), abnormal(generated)
    stated = expected != UNSTATED
    return {
        "expected_states": len(wanted),
        "missed_states": len(wanted - found),
        "normal_pairs": not wanted,
        "false_alarms": bool(found) and not wanted,
        "stated_reference": stated,
        "stated_both": stated and generated != UNSTATED,
    }


def _states(names: Iterable[str]) -> States:
    return combine([frozenset(map(UptakeState, names))])


def _ended(counts: Counts, *outcomes: Outcome) -> Ratio:
    found = counts.get("outcomes", {})
    return Ratio(
        events=sum(found.get(str(outcome), 0) for outcome in outcomes), of=counts.get("cases", 0)
    )


def _sorted(tally: Counter[str]) -> dict[str, int]:
    return {name: int(n) for name, n in sorted(tally.items())}

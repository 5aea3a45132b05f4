"""``--pet2rep-fail-on-error``: how many cases may end in an error or a timeout in a green run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.types import Outcome, Record

RUN_BROKE = (Outcome.ERROR, Outcome.TIMEOUT)
"""Outcomes of a case that say that the run broke, not that the model is bad."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorBudget:
    """The most that is tolerated; with neither number set, any amount is."""

    text: str
    """As the user wrote it."""
    share: float | None = None
    """Of the cases, 0..1."""
    count: int | None = None
    """Cases."""

    def exceeded(self, broken: int, cases: int) -> bool:
        """Say whether ``broken`` of ``cases`` cases are more than the budget allows."""
        if self.count is not None:
            return broken > self.count
        return self.share is not None and broken > self.share * cases + 1e-9


ANY = ErrorBudget(text="any", count=0)
"""One case that breaks fails the run."""
NONE = ErrorBudget(text="none")
"""However many break, they do not fail the run (they stay misses in every score)."""


def error_budget(text: str) -> ErrorBudget:
    """Read ``any``, ``none``, a share (``2%``, ``0.02``) or a count of cases (``5``).

    Raises ``UsageProblem`` for anything else.
    """
    word = text.strip().lower()
    if word in ("any", "none"):
        return ANY if word == "any" else NONE
    number, percent, rest = word.partition("%")
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not rest and percent and 0 <= value <= 100:
        return ErrorBudget(text=text, share=round(value / 100, 12))
    if not percent and 0 < value < 1:
        return ErrorBudget(text=text, share=value)
    if not percent and 0 <= value < 1e9 and value == int(value):
        return ErrorBudget(text=text, count=int(value))
    raise UsageProblem(
        f"--pet2rep-fail-on-error={text}: write any, none, a share of the cases (2%, 0.02) or a "
        f"count of cases (5)"
    )


def broken_cases(records: Iterable[Record]) -> int:
    """Count the cases (repeats apart) with an item that ended in an error or a timeout."""
    return len({(r.cohort, r.case, r.repeat) for r in records if r.outcome in RUN_BROKE})


def broken_note(records: Sequence[Record]) -> str:
    """Say how many cases say nothing of the model; empty where none does."""
    broken = broken_cases(records)
    if not broken:
        return ""
    cases = len({(record.cohort, record.case, record.repeat) for record in records})
    return (
        f"{broken} of {cases} cases ended in an error or a timeout and count as misses: a run that "
        f"only breaks less looks better against it"
    )

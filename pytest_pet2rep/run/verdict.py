"""What a run amounts to: exit code, word and reason, from facts alone.

The one place that knows the precedence of docs/reference/exit-codes.md; whoever runs items (the
plugin) or reads stored ones (``pet2rep gate``, ``pet2rep merge``) gathers the facts and asks here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_pet2rep.run.error_budget import ANY, ErrorBudget

NOT_MEASURED = 20
"""Exit code of a run whose gates could not be judged on everything that they are about."""


class Verdict(StrEnum):
    """What became of a gate, or of a run."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not_measured"
    DEFERRED = "deferred"
    """A shard: its gates are judged when all shards are merged."""
    ENDED = "ended"
    """pytest ended for a reason of its own (codes 2, 3, 4, 5): nothing is said of the model."""

    @property
    def words(self) -> str:
        """As a person reads it."""
        return self.value.replace("_", " ")


class Undecided(StrEnum):
    """What an undecided gate does to the run."""

    FAIL = "fail"
    WARN = "warn"
    PASS = "pass"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFacts:
    """Everything that decides the exit code."""

    status: int = 0
    """At what pytest itself arrived; 0 or 1 where there is no pytest."""
    run_wide_error: str = ""
    """An error that every case met (a model that cannot be loaded): a mistake of the user."""
    broken_elsewhere: Sequence[str] = ()
    """Tests, fixtures and files outside the items that failed, by node id."""
    gates: Sequence[Verdict] = ()
    gates_set: bool = False
    undecided: Undecided = Undecided.FAIL
    deferred: bool = False
    """This is a shard: gates are judged after the merge."""
    planned: int = 0
    """Items planned at collection."""
    holes: int = 0
    """Planned items without a record."""
    left_out: int = 0
    """Items of the cohort that were not planned: a limit, a selection."""
    part: str = ""
    """Which part of the cohort the run is, where it is known to be one."""
    failed_items: int = 0
    """Items that failed for what the model did (none in ``report`` mode)."""
    broken_cases: int = 0
    """Cases that ended in an error or a timeout."""
    cases: int = 0
    budget: ErrorBudget = ANY
    unwritten: str = ""
    """What could not be written, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunVerdict:
    """Exit code and why; ``line`` is the last line that a person sees."""

    code: int
    verdict: Verdict
    reason: str

    @property
    def line(self) -> str:
        """Code, word and reason in one line."""
        return f"pet2rep: exit {self.code} ({self.verdict.words}): {self.reason}"


_OWN = {
    2: "the run was interrupted",
    3: "an internal error, see above",
    4: "a usage error, see above",
    5: "no item was collected",
}


def run_verdict(facts: RunFacts) -> RunVerdict:
    """Return the first row of the table of exit codes that applies."""
    rows = (_ended, _run_wide, _broken_elsewhere, _incomplete, _gates, _items, _unwritten)
    for row in rows:
        found = row(facts)
        if found is not None:
            return found
    return _green(facts)


def _ended(facts: RunFacts) -> RunVerdict | None:
    if facts.status in (0, 1):
        return None
    reason = _OWN.get(facts.status, f"pytest ended with {facts.status}")
    if facts.holes and facts.status == 2:
        reason += f"; {_holes(facts)}"
    return RunVerdict(code=facts.status, verdict=Verdict.ENDED, reason=reason)


def _run_wide(facts: RunFacts) -> RunVerdict | None:
    if not facts.run_wide_error:
        return None
    return RunVerdict(code=4, verdict=Verdict.ENDED, reason=facts.run_wide_error)


def _broken_elsewhere(facts: RunFacts) -> RunVerdict | None:
    names = facts.broken_elsewhere
    if not names:
        return None
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return _fail(f"outside the benchmark's items this failed: {names[0]}{more}")


def _incomplete(facts: RunFacts) -> RunVerdict | None:
    """With a gate set, a missing record is never green, however good the others are."""
    if not facts.gates_set:
        return None
    missing = []
    if facts.holes:
        missing.append(_holes(facts))
    if facts.left_out:
        missing.append(f"{facts.left_out} items of the cohort were left out (partial run)")
    elif facts.part:
        missing.append(facts.part)
    if not missing:
        return None
    return _not_measured(f"gates not measured: {', '.join(missing)}")


def _gates(facts: RunFacts) -> RunVerdict | None:
    if not facts.gates_set or facts.deferred:
        return None
    counts = Counter(facts.gates)
    if counts[Verdict.NOT_MEASURED]:
        return _not_measured(_counted(facts))
    if counts[Verdict.FAIL]:
        return _fail(_counted(facts))
    if counts[Verdict.UNDECIDED] and facts.undecided is Undecided.FAIL:
        return RunVerdict(
            code=1,
            verdict=Verdict.UNDECIDED,
            reason=f"{_counted(facts)} (--pet2rep-undecided=fail)",
        )
    return None


def _items(facts: RunFacts) -> RunVerdict | None:
    reasons = []
    if facts.holes:
        reasons.append(_holes(facts))
    deferred = facts.deferred and facts.gates_set
    if not deferred and facts.budget.exceeded(facts.broken_cases, facts.cases):
        allowed = "" if facts.budget == ANY else f" (more than {facts.budget.text})"
        reasons.append(f"{_broken(facts)}{allowed}")
    if facts.failed_items and not deferred:
        reasons.append(f"{facts.failed_items} of {facts.planned} items failed")
    return _fail(", ".join(reasons)) if reasons else None


def _unwritten(facts: RunFacts) -> RunVerdict | None:
    return _fail(facts.unwritten) if facts.unwritten else None


def _green(facts: RunFacts) -> RunVerdict:
    if facts.gates_set and facts.deferred:
        counted = f"; {_broken(facts)}, which is counted there" if facts.broken_cases else ""
        reason = f"gates deferred to merge{counted}"
        return RunVerdict(code=0, verdict=Verdict.DEFERRED, reason=reason)
    undecided = Verdict.UNDECIDED in facts.gates and facts.undecided is Undecided.WARN
    reason = _counted(facts) if facts.gates_set else f"{facts.planned} items, none failed"
    if facts.broken_cases:
        reason += f"; {_broken(facts)}, which is allowed"
    verdict = Verdict.UNDECIDED if undecided else Verdict.PASS
    return RunVerdict(code=0, verdict=verdict, reason=reason)


def _counted(facts: RunFacts) -> str:
    """Count the gates by verdict, the bad ones first."""
    counts = Counter(facts.gates)
    words = {
        Verdict.NOT_MEASURED: "not measured",
        Verdict.FAIL: "failed",
        Verdict.UNDECIDED: "undecided",
        Verdict.PASS: "passed",
        Verdict.DEFERRED: "deferred",
    }
    parts = [f"{counts[verdict]} {word}" for verdict, word in words.items() if counts[verdict]]
    gates = "gate" if len(facts.gates) == 1 else "gates"
    return f"{len(facts.gates)} {gates}: " + ", ".join(parts)


def _holes(facts: RunFacts) -> str:
    return f"{facts.holes} of {facts.planned} planned items have no result"


def _broken(facts: RunFacts) -> str:
    return f"{facts.broken_cases} of {facts.cases} cases ended in an error or a timeout"


def _fail(reason: str) -> RunVerdict:
    return RunVerdict(code=1, verdict=Verdict.FAIL, reason=reason)


def _not_measured(reason: str) -> RunVerdict:
    return RunVerdict(code=NOT_MEASURED, verdict=Verdict.NOT_MEASURED, reason=reason)

"""A score as a function of sums over cases: all that resampling needs to know of a metric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]

FEWEST_EVENTS = 30
"""Fewer expected events of a class than this make an interval over it unreliable."""
FEWEST_CASES = 5
"""With fewer cases than this, or fewer that differ between two runs, nothing is resampled."""


class StatisticKind(StrEnum):
    """How a gate judges a quantity."""

    ESTIMATE = "estimate"
    """On the one-sided bound: the cases stand for others."""
    OPERATIONAL = "operational"
    """On the observed value: a fact of this run."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Statistic:
    """One metric over one slice, ready for resampling.

    A case is the cluster: its row of ``sums`` adds up all its organs and all its repeats, so that
    whatever happens inside a case is never taken for independent evidence.
    """

    name: str
    """As a gate writes it, with its slice: ``ce_recall[organ=liver]``."""
    cases: tuple[str, ...]
    """Case ids, in the order of the rows of ``sums``."""
    sums: Numbers
    """Sufficient statistics, shape (cases, k)."""
    value: Callable[[Numbers], Numbers]
    """Added sums, shape (..., k) -> scores, shape (...); NaN where the score is undefined."""
    higher_is_better: bool = True
    signature: str = ""
    kind: StatisticKind = StatisticKind.ESTIMATE
    supports: Numbers | None = None
    """Expected events of every class that enters, shape (cases, classes), repeats not counted anew;
    ``None``: no class enters."""
    rate: bool = False
    """``sums`` begin with (events, of) and the score is their ratio: binomial limits exist."""
    bounds: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest value that the score can have (``inf`` where there is none)."""
    repeats: Numbers | None = None
    """Sums of every repeat, shape (cases, repeats, k), where all cases have equally many."""

    differs: npt.NDArray[np.bool_] | None = None
    """For a difference of two runs: the cases in which they differ, shape (cases,)."""

    @property
    def observed(self) -> float:
        """The score of the run; NaN where it is unscored."""
        return float(self.value(self.sums.sum(axis=0))) if len(self.sums) else float("nan")

    @property
    def events(self) -> int | None:
        """Expected events of the least supported class that enters; ``None``: no class enters."""
        if self.supports is None or not self.supports.shape[1]:
            return None
        return round(float(self.supports.sum(axis=0).min()))

    @property
    def carriers(self) -> int:
        """Cases that have an event of that class; all cases where no class enters."""
        if self.supports is None or not self.supports.shape[1]:
            return len(self.cases)
        least = self.supports.sum(axis=0).argmin()
        return int((self.supports[:, least] > 0).sum())

    def over(self, cases: Sequence[str]) -> Statistic:
        """Return the same statistic over some of its cases, in the order given."""
        at = {case: row for row, case in enumerate(self.cases)}
        rows = np.array([at[case] for case in cases], dtype=np.int64)
        return replace(
            self,
            cases=tuple(cases),
            sums=self.sums[rows],
            supports=None if self.supports is None else self.supports[rows],
            repeats=None if self.repeats is None else self.repeats[rows],
        )


def difference(this: Statistic, baseline: Statistic) -> Statistic:
    """Return this run's score minus the baseline's over the cases that both have, sorted by id.

    Both are resampled with the same cases, so what a case does to both cancels out.
    """
    common = sorted(set(this.cases) & set(baseline.cases))
    a, b = this.over(common), baseline.over(common)
    width = a.sums.shape[1]
    supports = [s.supports for s in (a, b) if s.supports is not None]
    reach = max(s.bounds[1] - s.bounds[0] for s in (a, b))
    same = a.sums.shape == b.sums.shape
    return Statistic(
        name=f"{this.name} - baseline",
        cases=tuple(common),
        sums=np.concatenate([a.sums, b.sums], axis=1),
        value=lambda sums: a.value(sums[..., :width]) - b.value(sums[..., width:]),
        higher_is_better=this.higher_is_better,
        signature=this.signature,
        kind=this.kind,
        supports=np.concatenate(supports, axis=1) if supports else None,
        bounds=(-reach, reach),
        repeats=_side_by_side(a.repeats, b.repeats),
        differs=(a.sums != b.sums).any(axis=1) if same else np.ones(len(common), dtype=bool),
    )


def _side_by_side(a: Numbers | None, b: Numbers | None) -> Numbers | None:
    """Repeats are drawn in pairs, by number: both runs must have equally many."""
    if a is None or b is None or a.shape[:2] != b.shape[:2]:
        return None
    return np.concatenate([a, b], axis=2)

"""A score as a function of sums over cases: all that resampling needs to know of a metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]

FEWEST_EVENTS = 30
"""Fewer expected events of a class than this make an interval over it unreliable."""
FEWEST_CASES = 10
"""Fewer cases that move a score than this, and a bootstrap has nothing to resample."""


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
    events: int | None = None
    """Expected events of the least supported class that enters; ``None``: no class enters."""
    carriers: int | None = None
    """Cases that have an event of that class; ``None``: every case carries the score."""
    rate: bool = False
    """``sums`` are (events, of) and the score is their ratio: exact binomial limits exist."""
    bounds: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest value that the score can have (``inf`` where there is none)."""
    repeats: Numbers | None = None
    """Sums of every repeat, shape (cases, repeats, k), where all cases have equally many."""

    @property
    def observed(self) -> float:
        """The score of the run; NaN where it is unscored."""
        return float(self.value(self.sums.sum(axis=0))) if len(self.sums) else float("nan")

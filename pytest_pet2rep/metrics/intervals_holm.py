"""Holm's step-down adjustment over a family of gates (Scand J Stat 1979;6:65-70)."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return adjusted p-values in the order given: rejecting those <= alpha keeps the family's.

    The k-th smallest of m is multiplied by m - k + 1, made monotone and cut at 1.
    """
    count = len(p_values)
    adjusted, largest = [0.0] * count, 0.0
    for rank, at in enumerate(sorted(range(count), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (count - rank) * p_values[at]))
        adjusted[at] = largest
    return tuple(adjusted)

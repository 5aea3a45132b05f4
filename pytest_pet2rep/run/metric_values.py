"""How the value of a metric is written: times 100, but clinical risk as the weight that it is."""

from __future__ import annotations

from pytest_pet2rep.render.numbers import UNSCORED, score, signed


def is_share(metric: str) -> bool:
    """Say whether ``metric`` is shown times 100; the weights of clinical risk are summed up."""
    return not metric.startswith("risk_per_case")


def value_text(metric: str, value: float | None) -> str:
    """Write a value of ``metric``; ``None`` is ``–``."""
    if value is None:
        return UNSCORED
    return score(value) if is_share(metric) else f"{value:.2f}"


def difference_text(metric: str, value: float | None) -> str:
    """Write a difference of two values of ``metric`` with its sign; ``None`` is ``–``."""
    if value is None:
        return UNSCORED
    return signed(value) if is_share(metric) else f"{value:+.2f}"

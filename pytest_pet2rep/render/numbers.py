"""How every number is written for a person; pure, and the same in each output.

Values are 0..1 inside the project and shown times 100 here.  A number that was rounded never
reads as a perfect or an empty one: 0.9996 is ``>99.9`` and 0.0004 is ``<0.1``.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

UNSCORED = "–"
"""Stands where there is no number; it is not zero."""

_EXACT = 1e-9
"""Nearer than this to 0 or 1 is rounding of the arithmetic, not a shortfall."""

_TENTH = Decimal("0.1")


def score(value: float | None) -> str:
    """Write a score or rate (0..1) times 100 with one decimal; ``None`` is ``–``.

    Raises ``ValueError`` for NaN and infinity: what cannot be computed is ``None``.
    """
    if value is None:
        return UNSCORED
    if not math.isfinite(value):
        raise ValueError(f"a score is a finite number or None, not {value}")
    points = (Decimal(repr(float(value))) * 100).quantize(_TENTH, ROUND_HALF_UP)
    if points == 0:
        return "0.0" if abs(value) <= _EXACT else ("<0.1" if value > 0 else ">-0.1")
    if points == 100 and abs(value - 1) > _EXACT:
        return ">99.9" if value < 1 else ">100.0"
    return str(points)


def signed(difference: float | None) -> str:
    """Write a difference of scores times 100 with its sign: ``+3.1``, ``-0.4``, ``0.0``."""
    text = score(difference)
    return f"+{text}" if difference is not None and difference > _EXACT else text


def unscored(reason: str) -> str:
    """Say that there is no number, and why."""
    return f"{UNSCORED} ({reason})" if reason else UNSCORED


def share(part: int, whole: int) -> str:
    """Write ``part`` of ``whole`` with its percentage: ``12/19 (63.2 %)``; ``–`` of nothing."""
    if whole == 0:
        return UNSCORED
    return f"{part}/{whole} ({score(part / whole)} %)"


def rate(part: int, whole: int) -> str:
    """Write only the percentage of ``part`` in ``whole``; ``–`` where there is nothing to count."""
    return score(part / whole) if whole else UNSCORED


def count(number: int, noun: str = "", plural: str = "") -> str:
    """Write a count, with its noun: ``1 case``, ``1,200 cases``; ``plural`` if not by an ``s``."""
    text = f"{number:,}"
    if not noun:
        return text
    return f"{text} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """Write a time: ``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 03 min``."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"

"""Loops: a model that says the same again and again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from operator import eq

from pytest_pet2rep.findings.checks.squeezed import squeeze
from pytest_pet2rep.types import Flag

_LONGEST_CYCLE = 40
"""Sentences or clauses in the longest cycle that is looked for."""
_LEAST_LETTERS = 12
"""Letters and digits that a loop repeats at least, beyond its first round."""
_STUTTER = re.compile(r"(?=[^\s])([^\n]{1,16}?)\1{7,}")
_BREAKS = re.compile(r"[。；;，,！!？?\n、]+|\.(?=\s|$)")


def repetition(text: str, *, reference: str | None) -> list[Flag]:
    """Flag loops: a cycle of clauses, word for word, or a stutter of a few characters.

    A single clause or pair of clauses must come at least four times in a row, a longer cycle (up
    to 40 clauses) three times.  Clauses that differ in one word (twenty organs, each without
    abnormal uptake) are no loop, nor is what the reference repeats as well.
    """
    return [
        Flag(name="repetition", start=start, end=end, detail=text[start:end][:80])
        for start, end in _merged([*_cycles(text), *_stutters(text)])
        if text[start:end] not in (reference or "")
    ]


def _stutters(text: str) -> Iterator[tuple[int, int]]:
    for match in _STUTTER.finditer(text):
        if sum(c.isalnum() for c in match.group()) >= 2 * _LEAST_LETTERS:
            yield match.span()


def _cycles(text: str) -> Iterator[tuple[int, int]]:
    spans, clauses = _clauses(text)
    for period in range(1, _LONGEST_CYCLE + 1):
        # One byte per clause: 1 where it equals the clause one period earlier.
        same = bytes(map(eq, clauses[period:], clauses))
        for run in _run_of(period * (3 if period <= 2 else 2)).finditer(same):
            first, last = run.start(), run.end() + period - 1
            if sum(map(len, clauses[first + period : last + 1])) >= _LEAST_LETTERS:
                yield spans[first][0], spans[last][1]


@cache
def _run_of(least: int) -> re.Pattern[bytes]:
    return re.compile(rb"\x01{%d,}" % least)


def _clauses(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Return span and squeezed text of every clause that has a letter or digit."""
    squeezed = squeeze(text)
    spans: list[tuple[int, int]] = []
    clauses: list[str] = []
    start = at = 0
    for end, following in _ends(text):
        first = at
        while at < len(squeezed.offsets) and squeezed.offsets[at] < end:
            at += 1
        if at > first:
            spans.append((start, end))
            clauses.append(squeezed.text[first:at])
        start = following
    return spans, clauses


def _ends(text: str) -> Iterator[tuple[int, int]]:
    for match in _BREAKS.finditer(text):
        yield match.span()
    yield len(text), len(text)


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged

"""Cut a long report into windows that an encoder can take, so that no token is ever dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

_SENTENCE_END = re.compile(r"[。；;!?！？]|\.(?=\s|$)")


@cache
def _heading() -> re.Pattern[str]:
    words = resources.files("pytest_pet2rep").joinpath("data/metrics/headings.txt")
    lines = words.read_text(encoding="utf-8").splitlines()
    alternatives = "|".join(re.escape(line) for line in lines if line and not line.startswith("#"))
    return re.compile(rf"(?:{alternatives})\s*[:：]", re.IGNORECASE)


def cut_points(text: str) -> dict[int, int]:
    """Character positions at which ``text`` may be cut, each with a rank.

    3 before a section heading, 2 after a line, 1 after a sentence.
    """
    points = {match.end(): 1 for match in _SENTENCE_END.finditer(text)}
    points |= {match.end(): 2 for match in re.finditer("\n", text)}
    points |= {match.start(): 3 for match in _heading().finditer(text)}
    return points


def windows(text: str, offsets: Sequence[tuple[int, int]], limit: int) -> list[tuple[int, int]]:
    """Half-open ranges of tokens, each of at most ``limit`` tokens, that together cover all.

    ``offsets`` are the character ranges of the tokens.  A text that fits is one window.  Else a
    window ends at the last section heading that fits; without one, at the last line end, else
    sentence end in its second half; else after ``limit`` tokens.
    """
    if len(offsets) <= limit:
        return [(0, len(offsets))]
    ranks = _ranks(text, offsets)
    ranges, start = [], 0
    while len(offsets) - start > limit:
        end = _best_end(ranks, start, limit)
        ranges.append((start, end))
        start = end
    return [*ranges, (start, len(offsets))]


def _ranks(text: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """For each token, the rank of a cut before it: of the best cut point since the last token."""
    points = sorted(cut_points(text).items())
    ranks, at = [], 0
    for start, _ in offsets:
        rank = 0
        while at < len(points) and points[at][0] <= start:
            rank = max(rank, points[at][1])
            at += 1
        ranks.append(rank)
    return ranks


def _best_end(ranks: Sequence[int], start: int, limit: int) -> int:
    last = start + limit
    for end in range(last, start, -1):
        if ranks[end] == 3:
            return end
    middle = start + limit // 2
    for rank in (2, 1):
        for end in range(last, middle, -1):
            if ranks[end] == rank:
                return end
    return last

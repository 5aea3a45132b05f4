"""Text without anything that copying may change: spaces, brackets, punctuation, width, case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from pytest_pet2rep.findings.normalise import fold


@dataclass(frozen=True, kw_only=True, slots=True)
class Squeezed:
    """Letters and digits only; character ``i`` stands at ``offsets[i]`` of the original."""

    text: str
    offsets: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original of the non-empty ``text[start:end]``."""
        return self.offsets[start], self.offsets[end - 1] + 1


@lru_cache(maxsize=16)
def squeeze(text: str) -> Squeezed:
    """Squeeze ``text`` in linear time; several checks ask for the same text in a row."""
    kept = list(_KEPT.finditer(fold(text)))
    offsets = chain.from_iterable(range(*match.span()) for match in kept)
    return Squeezed(text="".join(match.group() for match in kept), offsets=tuple(offsets))


_KEPT = re.compile(r"[^\W_]+")

"""Where lines are printed: how wide, in which characters, and whether colours mean anything there.

A colour never says what the text does not: every coloured line starts with a sign or holds a word.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

from pytest_pet2rep.render.columns import to_ascii
from pytest_pet2rep.render.table import Table, render_table
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.render.wrapping import wrap

CLOSING = 2
"""Columns by which closing punctuation may stick out of a wrapped line."""


class Tone(StrEnum):
    """What a line, or a part of it, means; the value is its SGR code (ECMA-48, 8.3.117)."""

    PLAIN = ""
    GOOD = "32"
    BAD = "31"
    DOUBT = "33"
    QUIET = "2"
    STRONG = "1"
    READ = "4"
    INCREASED = "1;4;31"
    DECREASED = "1;4;34"
    ABSENT = "1;4;35"


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """What may be printed."""

    width: int = 100
    """Terminal columns."""
    ascii_only: bool = False
    colour: bool = False

    def line(self, text: str, tone: Tone = Tone.PLAIN) -> str:
        """Return one line: invisible characters as their escapes, then in its colour."""
        shown = terminal_safe(text)
        return self._toned(to_ascii(shown) if self.ascii_only else shown, tone)

    def folded(
        self, text: str, tone: Tone = Tone.PLAIN, *, indent: str = "", further: str = "    "
    ) -> list[str]:
        """Return ``text`` on as many lines as it takes, the first behind ``indent``.

        A line that goes on is set in by ``further``.  Only the first has the sign or the word
        that its colour stands for, so only it is coloured.
        """
        room = self.width - max(len(indent), len(further)) - CLOSING
        first, *rest = wrap(terminal_safe(text), room)
        return [self.line(indent + first, tone), *(self.line(further + line) for line in rest)]

    def table(self, table: Table, tones: Sequence[Tone] = ()) -> list[str]:
        """Lay ``table`` out; ``tones`` are those of its rows, in order.  An empty line follows."""
        lines = render_table(table, self.width, ascii_only=self.ascii_only)
        first = 2  # below the titles and their rule
        for at, tone in enumerate(tones, start=first):
            lines[at] = self._toned(lines[at], tone)
        lines[0] = self._toned(lines[0], Tone.STRONG)
        return [*lines, ""]

    def _toned(self, line: str, tone: Tone) -> str:
        return f"\x1b[{tone.value}m{line}\x1b[0m" if self.colour and tone and line else line


def screen_of(stream: TextIO, environment: Mapping[str, str] | None = None) -> Screen:
    """Return what ``stream`` can show.

    Colours go to a terminal only, unless ``FORCE_COLOR`` is set; never with ``NO_COLOR`` or
    ``TERM=dumb``.  Characters beyond ASCII need an encoding that has them all.
    """
    env = os.environ if environment is None else environment
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
    terminal = stream.isatty() and env.get("TERM") != "dumb"
    return Screen(
        width=max(20, shutil.get_terminal_size((100, 24)).columns),
        ascii_only="utf" not in encoding and encoding != "gb18030",
        colour=not env.get("NO_COLOR") and (terminal or bool(env.get("FORCE_COLOR"))),
    )

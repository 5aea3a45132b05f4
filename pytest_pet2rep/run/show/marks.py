"""A report in the terminal with what is read in it underlined, in the colour of its state."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from pytest_pet2rep.render.screen import Screen, Tone
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.render.wrapping import wrap
from pytest_pet2rep.types import UptakeState

TONES: Mapping[str, Tone] = {
    UptakeState.INCREASED: Tone.INCREASED,
    UptakeState.DECREASED: Tone.DECREASED,
    UptakeState.ABSENT: Tone.ABSENT,
    UptakeState.NORMAL: Tone.READ,
}


def legend(screen: Screen) -> str:
    """Return the line that explains the underlines; which organ is what stands in the table."""
    words = (screen.line(str(state), tone) for state, tone in TONES.items())
    return f"underlined is what is read: {', '.join(words)}"


def marked_lines(text: str, screen: Screen, columns: int) -> list[tuple[str, str]]:
    """Wrap ``text`` into lines of ``columns``: each as it is, and as ``screen`` shows it.

    Without colour nothing is marked: the two are the same characters.
    """
    shown, tones = _toned(text, screen)
    lines, at = [], 0
    for line in wrap(shown, columns):
        mine = []
        for character in line:
            while not _same(shown[at], character):  # white space that wrapping has dropped
                at += 1
            mine.append(tones[at])
            at += 1
        lines.append((line, _coloured(line, mine, screen)))
    return lines


def _same(before: str, after: str) -> bool:
    return before == after or (after == " " and before != "\n" and before.isspace())


def _toned(text: str, screen: Screen) -> tuple[str, list[Tone]]:
    """Return ``text`` without control characters, and the tone of each character of that.

    Where mentions overlap, the one that begins last is shown: the innermost.
    """
    raw = [Tone.PLAIN] * len(text)
    if screen.colour:
        from pytest_pet2rep.findings.reader import read

        for mention in sorted(read(text).mentions, key=lambda m: (m.start, -m.end)):
            tone = TONES.get(mention.state, Tone.PLAIN)
            raw[mention.start : mention.end] = [tone] * (mention.end - mention.start)
    shown, tones, at = "", [], 0
    for tone, run in groupby(raw):
        end = at + len(list(run))
        piece = terminal_safe(text[at:end], line_feeds=True)
        shown += piece
        tones += [tone] * len(piece)
        at = end
    return shown, tones


def _coloured(line: str, tones: list[Tone], screen: Screen) -> str:
    shown, at = "", 0
    for tone, run in groupby(tones):
        end = at + len(list(run))
        shown += screen.line(line[at:end], tone)
        at = end
    return shown

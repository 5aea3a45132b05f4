"""A reading as people look at it: the report with its evidence marked, and a table of mentions."""

from __future__ import annotations

from pytest_pet2rep.anatomy import Profile, roll_up
from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.types import Mention, Reading, UptakeState

COLOURS = {
    UptakeState.INCREASED: "31",
    UptakeState.DECREASED: "34",
    UptakeState.ABSENT: "35",
    UptakeState.NORMAL: "32",
}
"""ANSI colours; the sign after each piece of evidence says the same without colour."""

SIGNS = {
    UptakeState.INCREASED: "+",
    UptakeState.DECREASED: "-",
    UptakeState.ABSENT: "0",
    UptakeState.NORMAL: "=",
}


def marked_text(text: str, reading: Reading, *, coloured: bool) -> str:
    """Return the report with each piece of evidence in brackets, its organ and sign behind it.

    ``[肝右叶FDG摄取增高](liver+)``: + increased, - decreased, 0 absent, = normal.
    """
    opening: dict[int, int] = {}
    closing: dict[int, list[Mention]] = {}
    for mention in reading.mentions:
        opening[mention.start] = opening.get(mention.start, 0) + 1
        closing.setdefault(mention.end, []).append(mention)
    pieces, last = [], 0
    for position in sorted({*opening, *closing}):
        pieces.append(terminal_safe(text[last:position], line_feeds=True))
        for mention in closing.get(position, []):
            pieces.append("]" + _label(mention, coloured))
        pieces.append("[" * opening.get(position, 0))
        last = position
    pieces.append(terminal_safe(text[last:], line_feeds=True))
    return "".join(pieces)


def _label(mention: Mention, coloured: bool) -> str:
    label = f"({mention.organ}{SIGNS.get(mention.state, '?')})"
    return f"\x1b[{COLOURS[mention.state]}m{label}\x1b[0m" if coloured else label


def mention_table(text: str, reading: Reading) -> Table:
    """One row per statement: what, where, how sure, and the words that say so."""
    return Table(
        columns=(
            Column(title="organ"),
            Column(title="state"),
            Column(title="side", optional=True),
            Column(title="part", shrink_to=6, optional=True),
            Column(title="degree", optional=True),
            Column(title="certainty", optional=True),
            Column(title="SUVmax", align=Align.RIGHT, optional=True),
            Column(title="section"),
            Column(title="rule", shrink_to=8, optional=True),
            Column(title="evidence", shrink_to=20),
        ),
        rows=tuple(
            (
                m.organ,
                str(m.state),
                str(m.side),
                m.part,
                m.degree,
                str(m.certainty),
                "" if m.suvmax is None else f"{m.suvmax:g}",
                str(m.section),
                m.rule,
                " ".join(text[m.start : m.end].split()),
            )
            for m in reading.mentions
        ),
    )


def state_line(reading: Reading, profile: Profile) -> list[str]:
    """Say what the organs of ``profile`` come to, one line per organ, and the flags."""
    rolled = roll_up(reading.states, profile)
    lines = [
        f"{organ.id} ({organ.zh}): " + " + ".join(sorted(str(s) for s in rolled[organ.id]))
        for organ in profile.organs
    ]
    flags = sorted({flag.name for flag in reading.flags})
    return [*lines, "flags: " + (", ".join(flags) if flags else "none")]

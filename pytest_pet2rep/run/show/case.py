"""``pet2rep show RUN CASE``: what was expected of one report, what it said, and both texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_pet2rep.errors import UnknownName
from pytest_pet2rep.render.columns import display_width, pad
from pytest_pet2rep.render.screen import CLOSING, Screen, Tone
from pytest_pet2rep.render.table import Column, Table
from pytest_pet2rep.run.redaction import WITHHELD
from pytest_pet2rep.run.runfiles import CaseText, RunData, records_by_case
from pytest_pet2rep.run.show.marks import legend, marked_lines
from pytest_pet2rep.types import UNUSABLE, Outcome, Record

BESIDE = 100
"""Columns from which on the two texts stand side by side."""
MARKS = {
    Outcome.HIT: ("+", Tone.GOOD),
    Outcome.MISS: ("x", Tone.BAD),
    Outcome.UNSTATED: ("-", Tone.DOUBT),
    Outcome.AMBIGUOUS: ("?", Tone.DOUBT),
}
_GAP, _INDENT = "   ", "    "


def case_lines(run: RunData, named: str, screen: Screen) -> Iterator[str]:
    """Yield the lines of every report of the case ``named`` (its id, or how it alone begins).

    Raises ``UnknownName``.
    """
    case = found_case(run, named)
    for (name, repeat), records in records_by_case(run.records).items():
        if name == case:
            text = run.texts.get((case, repeat)) or CaseText(case=case, repeat=repeat)
            yield from _report_lines(run, text, records, screen)


def found_case(run: RunData, named: str) -> str:
    """Return the id of the case that is meant.  Raises ``UnknownName``."""
    known = sorted({record.case for record in run.records})
    if named in known:
        return named
    begun = [case for case in known if named and case.startswith(named)]
    if len(begun) == 1:
        return begun[0]
    hint = f": it begins the ids of {len(begun)} cases" if begun else ""
    raise UnknownName("case", named, begun or known, hint)


def _report_lines(
    run: RunData, text: CaseText, records: Sequence[Record], screen: Screen
) -> Iterator[str]:
    yield screen.line(_title(run, text, records), Tone.STRONG)
    if unusable := next((r for r in records if r.outcome in UNUSABLE), None):
        said = f"! no usable report: {unusable.outcome}: {text.reason}"
        yield from screen.folded(said, Tone.BAD)
    yield ""
    uptake = {record.organ: record for record in records if record.check == "uptake"}
    shown = [uptake[organ.id] for organ in run.profile.organs if organ.id in uptake]
    yield from screen.table(uptake_table(run, shown), [mark_of(record)[1] for record in shown])
    yield from _check_lines(records, screen)
    yield from _evidence_lines(shown, screen)
    yield from _text_lines(run, text, screen)


def _title(run: RunData, text: CaseText, records: Sequence[Record]) -> str:
    sex = text.sex or next((str(r.facts["sex"]) for r in records if r.facts.get("sex")), "")
    language = next((str(r.facts["language"]) for r in records if "language" in r.facts), "")
    parts = [
        text.case,
        f"repeat {text.repeat}" if run.card.get("epochs", 1) > 1 else "",
        language,
        sex,
        "" if text.age is None else f"{text.age:g} years",
        f"{sum(record.failed for record in records)} of {len(records)} items failed",
    ]
    return ", ".join(part for part in parts if part)


def uptake_table(run: RunData, records: Sequence[Record]) -> Table:
    """One row for each organ: what the reference says, what the report says, what that is."""
    names = {organ.id: organ.zh for organ in run.profile.organs}
    return Table(
        columns=(
            Column(title=""),
            Column(title="organ", shrink_to=10),
            Column(title="", optional=True),
            Column(title="expected", shrink_to=9),
            Column(title="reported", shrink_to=9),
            Column(title="outcome", shrink_to=9),
            Column(title="from", optional=True),
        ),
        rows=tuple(
            (
                mark_of(record)[0],
                record.organ,
                names.get(record.organ, ""),
                " + ".join(record.expected),
                " + ".join(record.generated),
                outcome_words(record),
                record.source,
            )
            for record in records
        ),
    )


def mark_of(record: Record) -> tuple[str, Tone]:
    """Return the sign and the tone of an outcome."""
    return MARKS.get(record.outcome, ("!", Tone.BAD))


def outcome_words(record: Record) -> str:
    """Write an outcome with its kind: ``miss (false alarm)``."""
    kind = f" ({record.kind.replace('_', ' ')})" if record.kind else ""
    return f"{record.outcome}{kind}"


def _check_lines(records: Sequence[Record], screen: Screen) -> Iterator[str]:
    checks = [record for record in records if record.check.startswith("report:")]
    failed = [r for r in checks if r.outcome is not Outcome.HIT]
    for record in failed:
        said = record.reason or record.check
        yield from screen.folded(f"x report check {said}", Tone.BAD)
        if record.evidence[1] not in said:
            yield from screen.folded(record.evidence[1], indent=_INDENT)
    if checks and not failed:
        yield screen.line("+ all report checks passed", Tone.GOOD)
    yield ""


def _evidence_lines(records: Sequence[Record], screen: Screen) -> Iterator[str]:
    for record in records:
        if record.outcome is Outcome.HIT or not any(record.evidence):
            continue
        mark, tone = mark_of(record)
        yield from screen.folded(f"{mark} {record.reason or record.organ}", tone)
        for name, said in zip(("reference", "report"), record.evidence, strict=True):
            if said:
                yield from screen.folded(f"{name}: {said}", indent=_INDENT)
    yield ""


def _text_lines(run: RunData, text: CaseText, screen: Screen) -> Iterator[str]:
    if text.reference is None and text.generated is None:
        yield screen.line(f"no texts: {why_no_texts(run)}", Tone.QUIET)
        return
    sides = [
        ("reference", text.reference if text.reference is not None else "(none is kept)"),
        ("report", text.generated if text.generated is not None else "(there is none)"),
    ]
    if screen.colour:
        yield legend(screen)
    if screen.width >= BESIDE:
        yield from _beside(sides, screen)
        return
    for title, body in sides:
        yield screen.line(title, Tone.STRONG)
        yield from (shown for _, shown in marked_lines(body, screen, screen.width - CLOSING))
        yield ""


def why_no_texts(run: RunData) -> str:
    """Say why a run holds no texts."""
    return WITHHELD if run.texts else "the run is a baseline, which keeps none"


def _beside(sides: Sequence[tuple[str, str]], screen: Screen) -> Iterator[str]:
    room = (screen.width - len(_GAP)) // 2
    left, right = (marked_lines(body, screen, room - CLOSING) for _, body in sides)
    yield screen.line(_GAP.join((pad(sides[0][0], room), sides[1][0])), Tone.STRONG)
    for at in range(max(len(left), len(right))):
        here, here_shown = left[at] if at < len(left) else ("", "")
        there_shown = right[at][1] if at < len(right) else ""
        space = " " * (room - display_width(here))
        yield f"{here_shown}{space}{_GAP}{there_shown}".rstrip()
    yield ""

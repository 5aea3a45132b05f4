"""A run as one Markdown page: verdict, gates and scores first, then the cases to read first.

Written for the step summary of a CI system, which a release manager sees before anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pytest_pet2rep.render.markdown import Block, clipped, fit, inert, preformatted, table_block
from pytest_pet2rep.run.gates.stored import stored_gate_table
from pytest_pet2rep.run.merge import summary_of
from pytest_pet2rep.run.redaction import redacted_record
from pytest_pet2rep.run.runfiles import CaseText, RunData, records_by_case
from pytest_pet2rep.run.show.case import mark_of
from pytest_pet2rep.run.show.run import run_facts, run_title, verdict_line
from pytest_pet2rep.run.show.worst import worst_cases
from pytest_pet2rep.run.summary import CaseRow, Summary
from pytest_pet2rep.run.summary_tables import (
    case_table,
    check_line,
    coverage_line,
    lift_table,
    organ_table,
    outcome_line,
    score_table,
)
from pytest_pet2rep.types import Outcome, Record

PAGE_BYTES = 1_000_000
"""GitHub drops a page of more than 1,048,576 bytes."""
CASES_WITH_TEXTS = 20
SENTENCE, TEXT = 300, 2000
"""Characters of a sentence and of a report that are shown."""
WITHHELD_NOTE = "Texts are withheld: of private cases, and under --pet2rep-redact."


def step_summary(run: RunData, summary: Summary | None = None, budget: int = PAGE_BYTES) -> str:
    """Return the page of a run, at most ``budget`` bytes of UTF-8.

    A redacted run has no texts, and so has its page.
    """
    return fit(_blocks(run, summary if summary is not None else summary_of(run)), budget)


def append_to_page(path: Path, run: RunData, summary: Summary) -> None:
    """Append the page of a run to ``path``, within the budget of what stands there already.

    The CI system sends it to its server by itself, so texts of private cases are left out: who
    wants them there exports the page.  Raises ``OSError``.
    """
    used = path.stat().st_size if path.exists() else 0
    text = step_summary(without_private_texts(run), summary, max(0, PAGE_BYTES - used))
    with path.open("a", encoding="utf-8") as page:
        page.write(text)


def without_private_texts(run: RunData) -> RunData:
    """Return the run with ids, states and numbers only of its private cases."""
    private = {key for key, text in run.texts.items() if text.private}
    return replace(
        run,
        records=tuple(
            redacted_record(record) if (record.case, record.repeat) in private else record
            for record in run.records
        ),
        texts={
            key: replace(text, reference=None, generated=None, raw=None, reason="")
            if key in private
            else text
            for key, text in run.texts.items()
        },
    )


def _blocks(run: RunData, summary: Summary) -> Iterator[Block]:
    yield Block(
        head=[
            f"## pet2rep: {inert(run_title(run))}",
            "",
            f"**{inert(verdict_line(run))}**",
            "",
            inert(run_facts(run)),
            "",
        ]
    )
    if run.gates:
        yield table_block(stored_gate_table(run.gates), "gates")
    for found in summary.scores:
        limits = summary.intervals.get(str(found.language), {})
        yield Block(head=[f"### {found.language}: {found.cases} cases"])
        yield table_block(score_table(found, intervals=limits), "scores")
        if lifts := summary.lifts.get(str(found.language)):
            yield table_block(lift_table(lifts))
        yield Block(head=[inert(coverage_line(found)), ""])
    yield from _holes(summary)
    yield Block(head=["### Organs"])
    yield table_block(organ_table(summary.organs), "organs")
    lines = [inert(outcome_line(summary.outcomes)), "", inert(check_line(summary.checks)), ""]
    yield Block(head=lines)
    yield from _worst(run, summary)


def _holes(summary: Summary) -> Iterator[Block]:
    if not summary.holes:
        return
    shown = [
        f"- {inert(' '.join(filter(None, (hole.case, hole.check, hole.organ))))}: "
        f"{inert(hole.reason)}"
        for hole in summary.holes
    ]
    head = [f"### {len(shown)} planned items without a result", ""]
    rest = [f"- ... and {len(shown) - 10} more"] if len(shown) > 10 else []
    yield Block(head=head, lines=[*shown[:10], *rest], tail=[""], what="items")


def _worst(run: RunData, summary: Summary) -> Iterator[Block]:
    rows = worst_cases(run, summary.rows)
    if not rows:
        return
    grouped = records_by_case(run.records)
    yield Block(head=["### Worst cases"])
    if any(text.reference is None for text in run.texts.values()):
        yield Block(head=["", WITHHELD_NOTE])
    yield table_block(case_table(rows[:CASES_WITH_TEXTS]), "cases")
    for row in rows[:CASES_WITH_TEXTS]:
        if row.passed < row.items:
            yield _case_block(run, row, grouped[row.case, row.repeat])
    if rest := rows[CASES_WITH_TEXTS:]:
        table = table_block(case_table(rest), "cases")
        head = ["<details><summary>all other cases</summary>", *table.head]
        yield Block(head=head, lines=table.lines, tail=["", "</details>", ""], what="cases")


def _case_block(run: RunData, row: CaseRow, records: list[Record]) -> Block:
    text = run.texts.get((row.case, row.repeat)) or CaseText(case=row.case)
    title = f"{inert(row.case)}: {row.items - row.passed} of {row.items} items failed"
    lines = [_record_line(r) for r in records if r.failed and r.outcome is not Outcome.HIT]
    bodies = (("reference", text.reference), ("report", text.generated))
    for name, body in bodies:
        if body is not None:
            lines += ["", f"{name}:", "", *preformatted(clipped(body, TEXT)), ""]
    return Block(
        head=[f"<details><summary>{title}</summary>", ""],
        lines=["\n".join(lines)],
        tail=["", "</details>", ""],
        what="texts of this case",
    )


def _record_line(record: Record) -> str:
    said = [inert(clipped(sentence, SENTENCE)) for sentence in record.evidence if sentence]
    why = inert(clipped(record.reason or str(record.outcome), SENTENCE))
    return "<br>".join([f"- {mark_of(record)[0]} {why}", *said])

"""``pet2rep audit``: how well the extractor reads, as tables or JSON."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from typing import Any

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.render.table import Table, render_table
from pytest_pet2rep.run.audit import HalfAudit, Proportion, ReadingError, audit
from pytest_pet2rep.run.audit.figures import figure, known_errors, publish
from pytest_pet2rep.run.audit.sets import Half, LabelledText, load_half
from pytest_pet2rep.run.audit.tables import (
    error_table,
    report_table,
    sentence_table,
    side_error_table,
    side_table,
)

NOTE = (
    "Limits are exact (Clopper-Pearson) for independent trials. Organs and sides of one text are "
    "not independent: their limits are not clustered by text, hence too narrow."
)


def audit_extractor(options: argparse.Namespace) -> int:
    """Audit the halves that were asked for, print the result, publish it if asked to."""
    from pytest_pet2rep.findings.reader import EXTRACTOR, read

    wanted = tuple(Half) if options.half == "all" else (Half(options.half),)
    if options.write and (len(wanted) < len(Half) or options.language):
        raise UsageProblem("--write publishes everything: leave --half and --language away")
    halves = [audit(half, _rows(half, options.language), read) for half in wanted]
    if options.json:
        sys.stdout.write(canonical_json(audit_json(EXTRACTOR, halves, errors=options.errors)))
    else:
        _print_tables(EXTRACTOR, halves, errors=options.errors)
    if options.write:
        print(f"published in {publish(EXTRACTOR, halves)}", file=sys.stderr)
    return 0


def _rows(half: Half, language: str | None) -> list[LabelledText]:
    return [row for row in load_half(half) if row.language == (language or row.language)]


def _print_tables(extractor: str, halves: Sequence[HalfAudit], *, errors: bool) -> None:
    print(f"extractor {extractor}")
    tables = [sentence_table(halves), report_table(halves), side_table(halves)]
    if errors:
        tables += [error_table(halves, known_errors()), side_error_table(halves)]
    for table in tables:
        print()
        _print(table)
    print()
    print(NOTE)


def _print(table: Table) -> None:
    for line in render_table(table, shutil.get_terminal_size((110, 24)).columns):
        print(line)


def audit_json(extractor: str, halves: Sequence[HalfAudit], *, errors: bool) -> dict[str, Any]:
    """The audit as plain data; with ``errors``, each label that was read otherwise."""
    return {
        "extractor": extractor,
        "limits": "two-sided 95 %, Clopper-Pearson, not clustered by report",
        "halves": {str(half.half): _half_json(half, errors=errors) for half in halves},
    }


def _half_json(half: HalfAudit, *, errors: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "sentences": {
            "all": _counted(half.sentences.all),
            **{
                dimension: {value: _counted(p) for value, p in values.items()}
                for dimension, values in half.sentences.slices.items()
            },
        },
        "reports": {
            "organs": _counted(half.reports.organs),
            "without_error": _counted(half.reports.flawless),
            "states": {
                str(state): {
                    "precision": _counted(value.precision),
                    "recall": _counted(value.recall),
                }
                for state, value in half.reports.states.items()
            },
        },
        "sides": {value: _counted(p) for value, p in half.sides.items()},
        "n_errors": len(half.errors),
    }
    if errors:
        found["errors"] = [_error(error) for error in half.errors]
        found["side_errors"] = list(half.side_errors)
    return found


def _counted(value: Proportion) -> dict[str, Any]:
    return {"right": value.right, **figure(value)}


def _error(error: ReadingError) -> dict[str, Any]:
    return {
        "id": error.id,
        "organ": error.organ,
        "text": "" if error.organ else error.text,
        "expected": error.expected,
        "read": error.read,
        "phenomena": list(error.phenomena),
    }

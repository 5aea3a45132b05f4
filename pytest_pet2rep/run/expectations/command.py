"""``pet2rep expectations COHORT``: extracted expectations go out for review and come back."""

from __future__ import annotations

import argparse
import sys

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import Cohort, find_cohort
from pytest_pet2rep.render.numbers import count
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.expectations.apply import Applied, apply_rows
from pytest_pet2rep.run.expectations.review import review_rows
from pytest_pet2rep.run.expectations.sheet import read_sheet, write_sheet
from pytest_pet2rep.types import Language, Section


def review_expectations(options: argparse.Namespace) -> int:
    """Write a sheet, or apply one; 1 if rows were kept back, 4 if the sheet has faults."""
    cohort = find_cohort(options.cohort)
    if options.review is not None:
        return _write(options, cohort)
    applied = apply_rows(
        read_sheet(options.apply), cohort, options.apply, overwrite=options.overwrite
    )
    return _told(applied)


def _write(options: argparse.Namespace, cohort: Cohort) -> int:
    language = Language(options.language) if options.language else None
    rows = [
        row
        for path in cohort.case_files
        for row in review_rows(
            load_case(path, cohort=cohort.name), language, Section(options.section)
        )
    ]
    written = write_sheet(options.review, rows, overwrite=options.overwrite)
    print(
        f"{count(written, 'row')} of {count(len(cohort.case_files), 'case')} in {options.review}: "
        f"fill in confirmed_states (or ok) and reviewer, then --apply it"
    )
    return 0


def _told(applied: Applied) -> int:
    for problem in applied.problems:
        print(f"pet2rep: {terminal_safe(problem)}", file=sys.stderr)
    if applied.problems:
        print("pet2rep: nothing was written", file=sys.stderr)
        return 4
    for sentence in applied.kept:
        print(terminal_safe(sentence))
    print(
        f"{count(sum(applied.written.values()), 'expectation')} written in "
        f"{count(len(applied.written), 'case')}, {applied.unchanged} there already, "
        f"{len(applied.kept)} kept as they were, {count(applied.unreviewed, 'row')} without review"
    )
    return 1 if applied.kept else 0

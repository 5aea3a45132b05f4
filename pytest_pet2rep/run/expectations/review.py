"""What is extracted from the references of a cohort, row by row, for a person to confirm."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from pytest_pet2rep.anatomy import catalogue
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.assessment import read_scored
from pytest_pet2rep.run.expectations import evidence_of
from pytest_pet2rep.run.expectations.sheet import SheetRow
from pytest_pet2rep.types import (
    Case,
    Expectation,
    ExpectationSource,
    Language,
    Section,
    States,
    UptakeState,
)

BETWEEN = " + "
"""Between the states of one organ in a cell."""

_WIDEST_EVIDENCE = 1000


def review_rows(case: Case, language: Language | None, section: Section) -> Iterator[SheetRow]:
    """One row per fine organ that the reference or the case file speaks of, in catalogue order.

    ``language`` is that of the reference to read (``None``: that of the case).  Raises
    ``UsageProblem`` for a case without a reference in it.
    """
    chosen = language or case.language
    if chosen not in case.references:
        raise UsageProblem(f"case {case.id} has no reference report in {chosen}: leave it out")
    read = read_scored(case.references[chosen], chosen, section)
    written = {expectation.organ: expectation for expectation in case.expectations}
    for id_, organ in catalogue().organs.items():
        if id_ not in read.states and id_ not in written:
            continue
        yield SheetRow(
            case=case.id,
            organ=id_,
            organ_zh=organ.zh[0] if organ.zh else "",
            organ_en=organ.en[0] if organ.en else "",
            extracted_states=shown(read.states[id_]) if id_ in read.states else "",
            in_case_file=_in_case_file(written[id_]) if id_ in written else "",
            evidence=evidence_of(read.mentions, (id_,), read.whole, _WIDEST_EVIDENCE),
            reference=reference_digest(case, chosen),
        )


def shown(states: States) -> str:
    """States in their fixed order, e.g. ``increased + absent``."""
    return BETWEEN.join(str(state) for state in UptakeState if state in states)


def reference_digest(case: Case, language: Language) -> str:
    """Language and first digits of the SHA-256 of a reference: a sheet for another one is stale."""
    return f"{language}:{hashlib.sha256(case.references[language].encode()).hexdigest()[:12]}"


def _in_case_file(expectation: Expectation) -> str:
    reviewer = f", {expectation.reviewer}" if expectation.reviewer else ""
    source = expectation.source or ExpectationSource.EXPLICIT
    return f"{shown(expectation.states)} ({source}{reviewer})"

"""A filled-in review sheet becomes reviewed expectations in the case files: all rows, or none."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_pet2rep.anatomy import catalogue
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import Cohort
from pytest_pet2rep.cohorts.reports import CASE_FILE, report_name
from pytest_pet2rep.errors import CaseFileError, DataProblem, UnknownName
from pytest_pet2rep.run.expectations.edit import with_expectations
from pytest_pet2rep.run.expectations.review import reference_digest, shown
from pytest_pet2rep.run.expectations.sheet import SheetRow
from pytest_pet2rep.types import (
    Case,
    Expectation,
    ExpectationSource,
    Language,
    States,
    UptakeState,
)

AS_EXTRACTED = "ok"
"""In ``confirmed_states``: what was extracted is right."""

_BETWEEN = re.compile(r"[\s+,;/|，；、]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What became of a sheet."""

    problems: tuple[str, ...] = ()
    """One sentence each; if there is any, nothing was written."""
    written: Mapping[str, int] = field(default_factory=dict)
    """Case id -> expectations written."""
    unchanged: int = 0
    kept: tuple[str, ...] = ()
    """One sentence for each row whose organ had another expectation, which stays."""
    unreviewed: int = 0
    """Rows without confirmed states."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmed:
    """One row that a person confirmed, checked."""

    row: SheetRow
    states: States

    @property
    def keys(self) -> dict[str, Any]:
        """The keys of its table in the case file."""
        keys: dict[str, Any] = {
            "states": shown(self.states).split(" + "),
            "source": str(ExpectationSource.REVIEWED),
            "reviewer": self.row.reviewer,
        }
        return {**keys, "evidence": self.row.evidence} if self.row.evidence else keys


def apply_rows(
    rows: Sequence[SheetRow], cohort: Cohort, sheet: Path, *, overwrite: bool
) -> Applied:
    """Write the confirmed rows into the case files of ``cohort``.

    Every row is checked and every new case file is loaded before the first one is replaced.
    Expectations that a case file has already are kept, unless ``overwrite``.
    """
    reviewed = [row for row in rows if row.confirmed_states]
    files = {path.parent.name: path for path in cohort.case_files}
    needed = sorted({row.case for row in reviewed}.intersection(files))
    cases = {id_: load_case(files[id_], cohort=cohort.name) for id_ in needed}
    confirmed, problems = _checked(reviewed, files, cases, sheet)
    plan = _planned(confirmed, cases, sheet, overwrite=overwrite)
    drafts: dict[str, bytes] = {}
    for id_, tables in plan.tables.items():
        try:
            drafts[id_] = _draft(files[id_], tables)
        except CaseFileError as why:
            problems.append(str(why))
    if problems:
        return Applied(problems=tuple(problems))
    for id_, content in drafts.items():
        _replace(files[id_], content)
    return Applied(
        written={id_: len(tables) for id_, tables in plan.tables.items()},
        unchanged=plan.unchanged,
        kept=tuple(plan.kept),
        unreviewed=len(rows) - len(reviewed),
    )


def _checked(
    rows: Iterable[SheetRow],
    files: Mapping[str, Path],
    cases: Mapping[str, Case],
    sheet: Path,
) -> tuple[list[Confirmed], list[str]]:
    """The rows that are right, and a sentence for each that is not."""
    confirmed: list[Confirmed] = []
    problems: list[str] = []
    times = Counter((row.case, row.organ) for row in rows)
    for row in rows:
        try:
            if row.case not in files:
                raise UnknownName("case", row.case, files)
            if times[row.case, row.organ] > 1:
                raise DataProblem(f"{row.organ} of {row.case} is confirmed on more than one line")
            confirmed.append(_confirmed(row, cases[row.case]))
        except (UnknownName, DataProblem) as why:
            problems.append(f"{sheet}:{row.line}: {why}")
    return confirmed, problems


def _confirmed(row: SheetRow, case: Case) -> Confirmed:
    if row.organ not in catalogue().organs:
        raise UnknownName("organ", row.organ, catalogue().organs)
    if not row.reviewer:
        raise DataProblem(f"{row.organ} is confirmed by nobody: fill in reviewer (initials)")
    current = {reference_digest(case, language) for language in case.references}
    if row.reference and row.reference not in current:
        raise DataProblem(
            f"the reference report of {case.id} has changed since the sheet was made: make a new "
            f"sheet"
        )
    return Confirmed(row=row, states=_states(row))


def _states(row: SheetRow) -> States:
    text = row.confirmed_states.lower()
    if text == AS_EXTRACTED:
        text = row.extracted_states.lower()
        if not text:
            raise DataProblem(f"{AS_EXTRACTED!r} confirms nothing: no state was extracted here")
    names = [name for name in _BETWEEN.split(text) if name]
    for name in names:
        if name not in set(UptakeState):
            raise UnknownName("state", name, [AS_EXTRACTED, *map(str, UptakeState)])
    states = frozenset(UptakeState(name) for name in names)
    if not states:
        raise DataProblem(f"{row.confirmed_states!r} names no state")
    for alone in (UptakeState.NORMAL, UptakeState.UNSTATED):
        if alone in states and len(states) > 1:
            raise DataProblem(f"{alone} cannot stand beside another state")
    return states


@dataclass(kw_only=True, slots=True)
class _Plan:
    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Case id -> fine organ id -> keys to set."""
    unchanged: int = 0
    kept: list[str] = field(default_factory=list)


def _planned(
    confirmed: Iterable[Confirmed], cases: Mapping[str, Case], sheet: Path, *, overwrite: bool
) -> _Plan:
    plan = _Plan()
    for each in confirmed:
        row = each.row
        standing = {e.organ: e for e in cases[row.case].expectations}.get(row.organ)
        if standing is not None and _same(standing, each):
            plan.unchanged += 1
        elif standing is not None and not overwrite:
            plan.kept.append(
                f"{sheet}:{row.line}: {row.organ} of {row.case} keeps {shown(standing.states)} "
                f"({standing.source}) of its case file; --overwrite replaces it"
            )
        else:
            plan.tables.setdefault(row.case, {})[row.organ] = each.keys
    return plan


def _same(standing: Expectation, confirmed: Confirmed) -> bool:
    return (
        standing.source is ExpectationSource.REVIEWED
        and standing.states == confirmed.states
        and standing.reviewer == confirmed.row.reviewer
    )


def _draft(case_file: Path, tables: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The new content of a case file, which has been loaded once as a case."""
    content = with_expectations(case_file.read_bytes(), tables, case_file)
    with tempfile.TemporaryDirectory(prefix="pet2rep-") as scratch:
        folder = Path(scratch) / case_file.parent.name
        folder.mkdir()
        for language in Language:
            report = case_file.parent / report_name(language)
            if report.is_file():
                shutil.copyfile(report, folder / report.name)
        draft = folder / CASE_FILE
        draft.write_bytes(content)
        try:
            load_case(draft, cohort="")
        except CaseFileError as why:
            message = str(why).removeprefix(str(draft)).lstrip(":")
            raise CaseFileError(f"with the sheet applied, {message}", case_file) from None
    return content


def _replace(case_file: Path, content: bytes) -> None:
    """Put ``content`` in place at once, with the rights that the file had."""
    target = case_file.resolve()
    draft = ""
    try:
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        shutil.copymode(target, draft)
        os.replace(draft, target)
    except OSError as why:
        if draft:
            Path(draft).unlink(missing_ok=True)
        raise DataProblem(
            f"{case_file} cannot be written: {why.strerror or why}; apply the sheet again once it "
            f"can, what is written already stays"
        ) from None

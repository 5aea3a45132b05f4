"""The reports of a run, case by case, and what of them enters a slice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.metrics.resampling_statistic import Numbers
from pytest_pet2rep.run.slices import CASE_KEYS, PAIR_KEYS, Slice
from pytest_pet2rep.types import Language, Outcome, Record

Row: TypeAlias = Sequence[float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The records of one report: one repeat of one case."""

    case: str
    repeat: int
    uptake: Sequence[Record]
    text: Record | None
    whole: bool = True
    """Nothing has been left out: what is said of the report as a whole counts."""

    def of_pairs(self, slice_: Slice) -> Report | None:
        """Return it with the (case, organ) pairs of the slice only; ``None`` if there are none."""
        kept = slice_.select(self.uptake)
        return replace(self, uptake=kept, whole=False) if kept else None

    def of_cases(self, slice_: Slice) -> Report | None:
        """Return it if its case belongs to the slice, with what other conditions leave of it."""
        if not slice_.keeps_case(self.uptake, self.text):
            return None
        if not slice_.keys & (PAIR_KEYS - CASE_KEYS):
            return self
        return self.of_pairs(replace(slice_, abnormal=False, normal=False))


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The sums of one family of scores over one slice: one row a case."""

    cases: tuple[str, ...]
    sums: Numbers
    """Shape (cases, k): all repeats of a case added."""
    repeats: Numbers | None
    """Shape (cases, repeats, k) where all cases have equally many, more than one."""
    counts: Numbers
    """Repeats of each case, shape (cases, 1)."""

    @property
    def per_report(self) -> Numbers:
        """Sums of a typical report of each case: repeats are no new expected events."""
        return np.asarray(self.sums / self.counts)


def reports_of(records: Iterable[Record]) -> list[Report]:
    """Group records by case and repeat, in the order of these; items that did not run are left out.

    Cases are named by their id, with the cohort before it where there are several.
    """
    kept = [record for record in records if record.outcome is not Outcome.NOT_RUN]
    several = len({record.cohort for record in kept}) > 1
    grouped: dict[tuple[str, int], list[Record]] = {}
    for record in kept:
        case = f"{record.cohort}/{record.case}" if several else record.case
        grouped.setdefault((case, record.repeat), []).append(record)
    found = (_report(*key, grouped[key]) for key in sorted(grouped))
    return [report for report in found if report.uptake or report.text]


def one_language(reports: Sequence[Report], slice_: Slice) -> tuple[Language, list[Report]]:
    """Return the language that a number speaks of, and its reports.

    Raises ``UsageProblem`` for reports of several languages and a slice that names none: nothing
    averages over languages.
    """
    spoken = [_language(report) for report in reports]
    found = sorted(set(spoken))
    if slice_.language:
        language = Language(slice_.language)
    elif len(found) > 1:
        raise UsageProblem(
            f"{slice_.text or 'the run'}: has reports in {' and '.join(found)}, and no score "
            f"averages over languages: add language={found[0]} to the slice"
        )
    else:
        language = Language(found[0]) if found else Language.ZH
    return language, [r for r, tongue in zip(reports, spoken, strict=True) if tongue == language]


def tabulate(
    reports: Iterable[Report | None], row_of: Callable[[Report], Row | None], width: int
) -> Table:
    """Add up the rows of the reports of each case; reports without a row are left out."""
    rows: dict[str, list[Row]] = {}
    for report in reports:
        if report is not None and (row := row_of(report)) is not None:
            rows.setdefault(report.case, []).append(row)
    counts = {len(each) for each in rows.values()}
    repeats = None
    if len(counts) == 1 and counts != {1}:
        repeats = np.array(list(rows.values()), dtype=np.float64)
    sums = [np.sum(np.array(each, dtype=np.float64), axis=0) for each in rows.values()]
    return Table(
        cases=tuple(rows),
        sums=np.array(sums, dtype=np.float64).reshape(len(rows), width),
        repeats=repeats,
        counts=np.array([[len(each)] for each in rows.values()], dtype=np.float64).reshape(-1, 1),
    )


def _language(report: Report) -> str:
    record = report.text or report.uptake[0]
    return str(record.facts["language"])


def _report(case: str, repeat: int, records: Sequence[Record]) -> Report:
    text = [record for record in records if record.check == "text"]
    return Report(
        case=case,
        repeat=repeat,
        uptake=[record for record in records if record.check == "uptake"],
        text=text[0] if text else None,
    )

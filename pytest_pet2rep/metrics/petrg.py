"""PETRG-Score, PET part (arXiv 2511.20145): macro F1 over regions and five statuses.

All (case, region) pairs are pooled.  Statuses: 1 high abnormal, 2 mild or equivocal, 3
physiological, 4 reduced or defect, 5 normal; a region that is not mentioned is normal.  F1 as
scikit-learn's ``f1_score(average="macro", zero_division=0)`` over fixed labels.  Unlike the
authors' script, which drops a case without a usable report, such a case counts as a miss of every
region; ``scored_only`` values are made by leaving it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import Counts
from pytest_pet2rep.metrics.efficacy import ClassCounts
from pytest_pet2rep.types import Level, Score

STATUSES = ("1", "2", "3", "4", "5")
ABNORMAL = STATUSES[:4]
NORMAL = "5"
NO_REPORT = "0"
"""Status of every region of a case without a usable report: equal to none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PetrgTable:
    """Counts per status, with the whole confusion beside them."""

    cases: int
    pairs: int
    per_status: Mapping[str, ClassCounts]
    confusion: Mapping[str, Mapping[str, int]]
    """Reference status -> generated status (``0`` without a report) -> pairs."""

    def macro_f1(self, statuses: Iterable[str]) -> float:
        """Unweighted mean of F1 over ``statuses``; 0 for one that nobody uses."""
        values = [self.per_status[status].f1 for status in statuses]
        return sum(values) / len(values)


def petrg_counts(
    reference: Mapping[str, str | int],
    generated: Mapping[str, str | int] | None,
    *,
    regions: Iterable[str],
) -> dict[str, Any]:
    """Count the (reference, generated) statuses of one case over ``regions``.

    A region without a key is normal; ``generated`` is ``None`` without a usable report.  Raises
    ``ValueError`` for a status that is not 1 to 5.
    """
    pairs = Counter(
        f"{_status(reference, region)}>"
        f"{NO_REPORT if generated is None else _status(generated, region)}"
        for region in regions
    )
    return {"cases": 1, "unusable": int(generated is None), "pairs": dict(sorted(pairs.items()))}


def petrg_table(counts: Counts) -> PetrgTable:
    """Read the table off (added) counts."""
    confusion = {row: dict.fromkeys((*STATUSES, NO_REPORT), 0) for row in STATUSES}
    for key, n in counts.get("pairs", {}).items():
        expected, generated = key.split(">")
        confusion[expected][generated] += n
    return PetrgTable(
        cases=counts.get("cases", 0),
        pairs=sum(sum(row.values()) for row in confusion.values()),
        per_status={status: _class_counts(status, confusion) for status in STATUSES},
        confusion=confusion,
    )


def petrg_signature(basis: Basis, *, regions: str) -> str:
    """Spell out what the score depends on; ``regions`` is a profile label (``petrg24.v1``)."""
    return (
        f"petrg|regions:{regions}|{basis.signature(organs=False)}"
        f"|unmentioned:normal|zero_division:0|failed:miss"
    )


def petrg_scores(table: PetrgTable, *, signature: str) -> tuple[Score, ...]:
    """Return ``petrg_all`` (five statuses) and ``petrg_abnormal`` (1 to 4); ``n`` is cases.

    The abnormal value is unscored in a cohort whose references are normal throughout.
    """
    support = sum(table.per_status[status].support for status in ABNORMAL)
    none = "" if table.cases else "no cases"
    reasons = {"petrg_all": none, "petrg_abnormal": none}
    if table.cases and not support:
        reasons["petrg_abnormal"] = f"every region of {table.cases} references is normal"
    statuses = {"petrg_all": STATUSES, "petrg_abnormal": ABNORMAL}
    return tuple(
        Score(
            name=name,
            value=None if reason else table.macro_f1(statuses[name]),
            signature=f"{signature}|labels:{statuses[name][0]}-{statuses[name][-1]}",
            n=table.cases,
            level=Level.CORPUS,
            reason=reason,
        )
        for name, reason in reasons.items()
    )


def _status(statuses: Mapping[str, str | int], region: str) -> str:
    status = str(statuses.get(region, NORMAL))
    if status not in STATUSES:
        raise ValueError(f"{region}: {status!r} is no PET status, they are 1 to 5")
    return status


def _class_counts(status: str, confusion: Mapping[str, Mapping[str, int]]) -> ClassCounts:
    tp = confusion[status][status]
    predicted = sum(row[status] for row in confusion.values())
    return ClassCounts(tp=tp, fp=predicted - tp, fn=sum(confusion[status].values()) - tp)

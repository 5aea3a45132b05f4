"""Which cases a person should read first: those whose errors weigh most."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_pet2rep.anatomy import Profile
from pytest_pet2rep.run.runfiles import RunData, records_by_case
from pytest_pet2rep.run.summary import CaseRow
from pytest_pet2rep.types import Record


def worst_cases(run: RunData, rows: Sequence[CaseRow]) -> list[CaseRow]:
    """Return ``rows`` by weight of their errors (``risk_per_case``), the heaviest first.

    A case without a usable report comes before one of equal weight; then more failed items, id.
    """
    weights = case_weights(run)
    return sorted(
        rows,
        key=lambda row: (
            -weights.get((row.case, row.repeat), 0),
            row.outcome == "usable",
            row.passed - row.items,
            row.case,
            row.repeat,
        ),
    )


def case_weights(run: RunData) -> dict[tuple[str, int], int]:
    """Return (case, repeat) -> sum of the weights of its errors, as ``risk_per_case`` adds them."""
    return {
        key: _weight(records, run.profile) for key, records in records_by_case(run.records).items()
    }


def _weight(records: Sequence[Record], profile: Profile) -> int:
    from pytest_pet2rep.metrics.risk import risk_counts, risk_row, risk_table

    rows = [risk_row(r, profile[r.organ].fine) for r in records if r.check == "uptake"]
    texts = [record for record in records if record.check == "text"]
    flags = {flag for record in texts for flag in record.facts.get("flags", ())}
    if any(record.facts.get("lesions", {}).get("suv_invented") for record in texts):
        flags.add("invented_suv")
    return sum(risk_table(risk_counts(rows, flags=flags)).weighted.values()) if rows else 0

"""A baseline file read back: a run in one small file without texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.run.runfiles.encoding import item_of, profile_of, record_of
from pytest_pet2rep.run.runfiles.rundata import RunData
from pytest_pet2rep.types import Record


def baseline_of(plain: Mapping[str, Any], file: Path) -> RunData:
    """Return the run that a baseline file holds."""
    records: list[Record] = []
    for line in plain["reports"]:
        records += [record_of(found, line) for found in line["records"]]
    if not records:
        raise DataProblem(f"{file} holds no report: save the baseline again")
    planned = {item_of(record) for record in records}
    return RunData(
        run_id=plain["timing"]["run_id"],
        card=plain["card"],
        profile=profile_of(plain["organ_list"]),
        planned=tuple(sorted(planned)),
        holes=(),
        records=tuple(records),
        summary={**plain["summary"], "card": plain["card"]},
        path=file,
    )

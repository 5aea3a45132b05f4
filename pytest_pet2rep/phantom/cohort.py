"""The shipped cohort: ``python -m pytest_pet2rep.phantom.cohort cases/`` writes it.

Case facts come from ``data/cohort.toml`` and the case's seed, expectations and reports from
measuring the volumes.  The same version writes the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_pet2rep.phantom.plan import plan_case, planned_ids
from pytest_pet2rep.phantom.reports import stated_organs, write_report
from pytest_pet2rep.phantom.spec import PhantomSpec
from pytest_pet2rep.phantom.truth import Finding, measure
from pytest_pet2rep.types import ABNORMAL_STATES, Language, Side, UptakeState

LICENCE = "CC0-1.0"
PROVENANCE = (
    "synthetic: stylised phantom after the body of Cristy and Eckerman (ORNL/TM-8381), "
    "report written from the measured truth; no patient data"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredCase:
    """One case of the cohort with its measured lesions."""

    id: str
    table: Mapping[str, Any]
    spec: PhantomSpec
    findings: tuple[Finding, ...]


def measured_case(case_id: str) -> MeasuredCase:
    """Plan and measure one case (a second or two)."""
    planned = plan_case(case_id)
    return MeasuredCase(
        id=case_id, table=planned.table, spec=planned.spec, findings=measure(planned.spec)
    )


def case_files(case: MeasuredCase) -> dict[str, str]:
    """File name -> text of everything in the folder of one case."""
    return {
        "case.toml": case_toml(case),
        "report.zh.txt": write_report(case.spec, case.findings, Language.ZH),
        "report.en.txt": write_report(case.spec, case.findings, Language.EN),
    }


def case_toml(case: MeasuredCase) -> str:
    """Text of ``case.toml``."""
    table = case.table
    head = {
        "id": case.id,
        "sex": table["sex"],
        "age": table["age"],
        "weight_kg": table["weight_kg"],
        "height_cm": table["height_cm"],
        "language": Language.ZH.value,
        "private": False,
        "licence": LICENCE,
        "provenance": PROVENANCE,
    }
    lines = [*_entries(head), "", "[phantom]"]
    lines += _entries({k: v for k, v in table.items() if k != "lesions"})
    for lesion in table.get("lesions", []):
        lines += ["", "[[phantom.lesions]]", *_entries(lesion)]
    for organ in stated_organs(case.spec):
        lines += ["", f"[expectations.{organ}]", *_entries(expectation(case.findings, organ))]
    return "\n".join(lines) + "\n"


def expectation(findings: Sequence[Finding], organ: str) -> dict[str, Any]:
    """The entries of ``[expectations.<organ>]``, from what was measured."""
    own = [f for f in findings if f.lesion.organ == organ]
    if not own:
        return {"states": ["normal"]}
    found = {f.lesion.state for f in own}
    entries: dict[str, Any] = {"states": [s.value for s in ABNORMAL_STATES if s in found]}
    side = _side(f.lesion.side for f in own)
    if side is not Side.NONE:
        entries["side"] = side.value
    parts = sorted({f.lesion.part for f in own if f.lesion.part})
    if len(parts) == 1:
        entries["part"] = parts[0]
    entries |= _shown("visible", "slices", [(f.lesion.state, f.slices) for f in own])
    entries |= _shown(
        "visible_separate", "slices_separate", [(f.lesion.state, f.slices_separate) for f in own]
    )
    if sizes := [f.lesion.diameter_mm for f in own if f.lesion.part]:
        entries["diameter_mm"] = max(sizes)
    return entries


def _shown(
    visible: str, slices: str, seen: Sequence[tuple[UptakeState, Sequence[int]]]
) -> dict[str, Any]:
    """Whether each state is seen in one plane at least, and the planes in which anything is."""
    states = {state for state, _ in seen}
    all_states = all(any(planes for state, planes in seen if state == one) for one in states)
    positions = sorted({n for _, planes in seen for n in planes})
    return {visible: all_states} | ({slices: positions} if positions else {})


def _side(sides: Iterable[Side]) -> Side:
    found = set(sides) - {Side.NONE}
    if len(found) > 1:
        return Side.BILATERAL
    return found.pop() if found else Side.NONE


def _entries(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items()]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_cohort(folder: Path, ids: Iterable[str]) -> None:
    """Write the folders of the given cases."""
    for case_id in ids:
        place = folder / case_id
        place.mkdir(parents=True, exist_ok=True)
        for name, text in case_files(measured_case(case_id)).items():
            (place / name).write_text(text, encoding="utf-8", newline="\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Command line: a folder, and optionally the ids to write (all by default)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("ids", nargs="*", help="case ids; all when none is given")
    options = parser.parse_args(argv)
    write_cohort(options.folder, options.ids or planned_ids())


if __name__ == "__main__":
    main()

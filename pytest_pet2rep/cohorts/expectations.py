"""The ``[expectations.<organ>]`` tables of a case file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_pet2rep.anatomy import catalogue
from pytest_pet2rep.cohorts.keys import EXPECTATION
from pytest_pet2rep.cohorts.tables import check_table, unknown, wrong
from pytest_pet2rep.types import Expectation, ExpectationSource, Side, UptakeState


def parse_expectations(table: Mapping[str, Any], path: Path) -> tuple[Expectation, ...]:
    """Check and build the expectations of the case file ``path``, in the order of the file.

    Raises ``CaseFileError`` for an unknown organ or key, and for states that exclude each other.
    """
    return tuple(_parse(organ, value, path) for organ, value in table.items())


def _parse(organ: str, table: Any, path: Path) -> Expectation:
    name = f"expectations.{organ}"
    if organ not in catalogue().organs:
        raise wrong(path, name, unknown("organ", organ, catalogue().organs))
    if not isinstance(table, dict):
        raise wrong(path, name, 'must be a table such as { states = ["normal"] }')
    check_table(table, EXPECTATION, path, name)
    _check_states(table["states"], path, f"{name}.states")
    source = ExpectationSource(table.get("source", ExpectationSource.EXPLICIT))
    reviewer = table.get("reviewer", "")
    if (source is ExpectationSource.REVIEWED) != bool(reviewer):
        message = 'a reviewed expectation has source = "reviewed" and the initials of a reviewer'
        raise wrong(path, f"{name}.{'source' if reviewer else 'reviewer'}", message)
    return Expectation(
        organ=organ,
        states=frozenset(UptakeState(state) for state in table["states"]),
        source=source,
        reviewer=reviewer,
        side=Side(table.get("side", Side.NONE)),
        part=table.get("part", ""),
        visible=table.get("visible"),
        slices=tuple(sorted(set(table.get("slices", ())))),
        visible_separate=table.get("visible_separate"),
        slices_separate=tuple(sorted(set(table.get("slices_separate", ())))),
        diameter_mm=_number(table.get("diameter_mm")),
        evidence=table.get("evidence", ""),
    )


def _check_states(states: list[str], path: Path, name: str) -> None:
    if not states:
        raise wrong(path, name, 'names no state: for an unremarkable organ write ["normal"]')
    for alone in (UptakeState.NORMAL, UptakeState.UNSTATED):
        if alone in states and len(set(states)) > 1:
            raise wrong(path, name, f"{alone} cannot stand beside another state")
    if len(set(states)) < len(states):
        raise wrong(path, name, "names a state twice")


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.run.plan import PlannedItem, planned_item

ROOT = Path("/project")


@pytest.mark.parametrize(
    ("nodeid", "item"),
    [
        ("cases/P-1/case.toml::test_uptake[liver]", ("P-1", "uptake", "liver")),
        ("../data/P-1/case.toml::test_report[not_empty]", ("P-1", "report:not_empty", "")),
        ("cases/P-1/case.toml::test_text", ("P-1", "text", "")),
        ("case.toml::test_text", ("project", "text", "")),
    ],
)
def test_a_node_id_of_the_suite_names_case_check_and_organ(
    nodeid: str, item: tuple[str, str, str]
) -> None:
    case, check, organ = item
    assert planned_item(nodeid, ROOT) == PlannedItem(case=case, check=check, organ=organ)


@pytest.mark.parametrize(
    "nodeid", ["tests/test_own.py::test_uptake[liver]", "cases/P/case.toml::test_mine", "x"]
)
def test_a_test_outside_the_suite_is_not_planned_for(nodeid: str) -> None:
    assert planned_item(nodeid, ROOT) is None

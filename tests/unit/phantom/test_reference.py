"""The reference page names every key, organ and part of the [phantom] table; its example works."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pytest_pet2rep.phantom.places import organ_rules
from pytest_pet2rep.phantom.spec import _FACTS, _LESION, parse_phantom

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "phantom-table.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_key_is_documented() -> None:
    assert {
        key for key in (*_FACTS, *_LESION, "organ", "part") if f"| `{key}` |" not in TEXT
    } == set()


def test_every_organ_is_documented_with_its_parts_and_least_uptake() -> None:
    rows = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| `")}
    for organ, rules in organ_rules().items():
        if rules.states:
            assert f"| {rules.least_suv:g} |" in rows[organ]
            assert ", ".join(rules.places) in rows[organ]
            assert ", ".join(rules.states) in rows[organ]


def test_the_example_parses() -> None:
    example = TEXT.split("```toml")[1].split("```")[0]
    assert len(parse_phantom(tomllib.loads(example)["phantom"]).lesions) == 2

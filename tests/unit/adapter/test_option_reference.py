from __future__ import annotations

import os
from pathlib import Path

from pytest_pet2rep.adapter.option_reference import option_reference
from pytest_pet2rep.adapter.option_table import OPTIONS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "options.md"


def test_the_option_reference_is_what_the_parser_knows() -> None:
    if os.environ.get("PET2REP_UPDATE_GOLDEN"):
        PAGE.write_text(option_reference(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == option_reference()


def test_names_of_options_are_unique_and_prefixed() -> None:
    assert len({row.flag for row in OPTIONS}) == len(OPTIONS)
    assert all(row.flag.startswith("--pet2rep-") for row in OPTIONS)


def test_the_ini_twin_of_an_option_follows_from_its_name() -> None:
    for row in OPTIONS:
        assert row.ini == row.flag.removeprefix("--").replace("-", "_")


def test_no_cell_of_the_table_is_split_by_the_choices_of_an_option() -> None:
    rows = [line for line in option_reference().splitlines() if line.startswith("| `")]
    assert len(rows) == len(OPTIONS)
    assert {row.count("|") for row in rows} == {4}

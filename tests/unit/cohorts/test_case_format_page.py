"""The page on the case format and the loader know the same keys, values and importers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_pet2rep.cohorts import keys
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.import_folder import COLUMNS
from pytest_pet2rep.cohorts.importers import importer_names
from pytest_pet2rep.cohorts.patientfacts import FACTS
from pytest_pet2rep.cohorts.tables import Key
from pytest_pet2rep.errors import CaseFileError

MakeCase = Callable[..., Path]

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "case-format.md").read_text("utf-8")

TABLES = {
    "Top level": ("", keys.CASE),
    "Images": ("images.", keys.IMAGES),
    "Prompt": ("prompt.", keys.PROMPT),
    "Expectations": ("expectations.<organ>.", keys.EXPECTATION),
    "Cohorts": ("", keys.COHORT),
}


def rows(section: str) -> dict[str, list[str]]:
    """Key -> the other cells of its row, from the tables of a section."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip().strip("`"): [cell.strip() for cell in row[1:]] for row in cells}


@pytest.mark.parametrize("section", TABLES)
def test_every_key_is_in_the_page_and_the_other_way_round(section: str) -> None:
    prefix, known = TABLES[section]
    assert set(rows(section)) == {prefix + key.name for key in known}


@pytest.mark.parametrize(
    ("section", "key"), [(s, key) for s, (_, known) in TABLES.items() for key in known]
)
def test_the_page_says_what_is_required_and_which_values_there_are(section: str, key: Key) -> None:
    prefix, _ = TABLES[section]
    row = rows(section)[prefix + key.name]
    assert ("required" in row[:3]) == key.required
    for choice in key.choices:
        assert f'"{choice}"' in row[0]
    if key.most < 1000:
        assert f"{key.most:g}" in row[1]


def test_the_examples_of_the_page_load(make_case: MakeCase) -> None:
    smallest, whole, smoke = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    for text in (smallest, whole):
        path = make_case()
        path.write_text(text, encoding="utf-8")
        assert load_case(path, cohort="c").id == "PET-0001"
    assert set(tomllib.loads(smoke)) <= {key.name for key in keys.COHORT}


def test_every_importer_is_in_the_page() -> None:
    assert set(rows("Importing")) == set(importer_names())


def test_every_column_of_a_users_table_is_in_the_page() -> None:
    cells = "".join(f"`{name}`" for name in rows("The table of `folder`"))
    assert set(cells.replace("`, `", "``").strip("`").split("``")) == {*COLUMNS, *FACTS}


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("seks", 'seks = "F"'),
        ("images.pet", '[images]\npet = "pet.nii"'),
        ("expectations.stomac", '[expectations.stomac]\nstates = ["normal"]'),
        ("expectations.liver.states", '[expectations.liver]\nstates = ["normal", "absent"]'),
        ("", "age ="),
    ],
)
def test_the_errors_that_the_page_shows_are_raised(
    make_case: MakeCase, key: str, body: str
) -> None:
    shown = [line for line in PAGE.splitlines() if line.startswith("cases/PET-0001/case.toml:")]
    said = {line.split(": ", 1)[1] for line in shown}
    with pytest.raises(CaseFileError) as caught:
        load_case(make_case(body=body), cohort="c")
    assert caught.value.key == key
    assert str(caught.value).split(": ", 1)[1] in said
    assert len(said) == 5

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.positions import locate

TEXT = """\
# a comment
id = "x"
"a b".c = 1
[phantom]
seed = 1
tables = { k = 1, z = [
  { a = 1 },
  { a = 2 },
] }
[[phantom.lesions]]
organ = "liver"
[[phantom.lesions]]
organ = "spleen"
[phantom.lesions.size]
mm = 3
[expectations.liver]
states = [
  "increased",
  "absent",
]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "case.toml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("id", 2),
        ("a b.c", 3),
        ("phantom", 4),
        ("phantom.tables.k", 6),
        ("phantom.tables.z[1].a", 8),
        ("phantom.lesions[0].organ", 11),
        ("phantom.lesions.0.organ", 11),
        ("phantom.lesions[1]", 12),
        ("phantom.lesions.1.organ", 13),
        ("phantom.lesions[1].size.mm", 15),
        ("expectations.liver", 16),
        ("expectations.liver.states[1]", 19),
    ],
)
def test_a_key_is_found_on_its_line(path: Path, key: str, line: int) -> None:
    assert locate(path, key) == line


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("phantom.lesions[1].radius", 12),
        ("phantom.lesions.1.size.cm", 14),
        ("expectations.liver.side", 16),
        ("expectations.liver.states[7]", 17),
        ("phantom.lesions[7].organ", 4),
        ("phantom.odd[key", 4),
        ("odd[key]x", None),
        ("nothing", None),
        ("", None),
    ],
)
def test_a_missing_key_is_placed_at_the_table_around_it(
    path: Path, key: str, line: int | None
) -> None:
    assert locate(path, key) == line


def test_lines_are_found_around_a_syntax_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text('a = 1\nb = \nc = "x"\n', encoding="utf-8")
    assert locate(path, "a") == 1
    assert locate(path, "c") == 3

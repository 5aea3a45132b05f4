"""Whatever bytes lie where a case should be: a case, or one sentence."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tomli_w
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pytest_pet2rep.cohorts import keys
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.positions import locate
from pytest_pet2rep.errors import CaseFileError
from pytest_pet2rep.types import Case

at_any_pace = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = sorted(
    {key.name for known in (keys.CASE, keys.IMAGES, keys.PROMPT, keys.EXPECTATION) for key in known}
    | {"liver", "spleen", "a b", "x.y", "肝", "0", 'q"', "new\nline", "\x1b[2J"}
)
CHOICES = sorted({choice for key in (*keys.CASE, *keys.EXPECTATION) for choice in key.choices})

scalars = (
    st.sampled_from([*CHOICES, "a", "PET-1", "a.png", "../../b.nii", "/c.nii.gz", "\x00.png"])
    | st.text(max_size=5)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
tables = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)


def outcome_of(content: bytes) -> Case | CaseFileError:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "PET-1" / "case.toml"
        path.parent.mkdir()
        path.write_bytes(content)
        (path.parent / "report.zh.txt").write_text("影像所见：正常。", encoding="utf-8")
        try:
            return load_case(path, cohort="c")
        except CaseFileError as why:
            error = why
    assert error.line is None or 1 <= error.line <= content.count(b"\n") + 1
    assert str(error).isprintable()
    return error


@at_any_pace
@given(tables, st.booleans())
def test_any_table_gives_a_case_or_one_sentence(table: dict[str, Any], multiline: bool) -> None:
    content = tomli_w.dumps({"id": "PET-1", **table}, multiline_strings=multiline).encode()
    found = outcome_of(content)
    if isinstance(found, Case):
        assert found.id == "PET-1"
        assert set(table) <= {key.name for key in keys.CASE}


@at_any_pace
@given(st.binary(max_size=200))
@example(b"a = " + b"[" * 50_000)
@example(b"a = " + b"9" * 5_000)
@example(b"age = 1" + b"0" * 400)
@example(b"\r\x00")
@example(b'"\\x" = 1\nid = 3')
@example(b'id = "PET-1"\n"[" = 1')
@example(b'id = "PET-1"\n"a[b]c." = 1')
@example(b"\xff\xfei\x00d\x00")
@example(b'id = "PET-1"\n"a\\u001b" = 1')
def test_any_bytes_give_a_case_or_one_sentence(content: bytes) -> None:
    found = outcome_of(content)
    if isinstance(found, Case):
        assert found.id == "PET-1"  # that of its folder, whatever the bytes say
    else:
        assert str(found)
        assert "\n" not in str(found)


def leaves(table: dict[str, Any], prefix: str = "") -> list[str]:
    """Every dotted key of a value that is no table, as error messages write it."""
    found = []
    for name, value in table.items():
        dotted = f"{prefix}.{name}" if prefix else name
        found += leaves(value, dotted) if isinstance(value, dict) else [dotted]
    return found


@at_any_pace
@given(st.text(".[]0ab", max_size=12))
def test_looking_for_any_key_comes_to_an_end(key: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.toml"
        path.write_text("[a]\nb = [0, 1]\n", encoding="utf-8")
        assert locate(path, key) in (None, 1, 2)


plain_names = st.text("abcdefg_-", min_size=1, max_size=4)
plain = st.recursive(
    st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=3),
    lambda inner: st.dictionaries(plain_names, inner, min_size=1, max_size=4),
    max_leaves=10,
)


@at_any_pace
@given(st.dictionaries(plain_names, plain, min_size=1, max_size=5))
def test_every_key_that_is_written_is_found_on_a_line_that_names_it(table: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.toml"
        path.write_text(tomli_w.dumps(table), encoding="utf-8")
        lines = path.read_text(encoding="utf-8").splitlines()
        for key in leaves(table):
            line = locate(path, key)
            assert line is not None
            assert lines[line - 1].startswith(f"{key.rpartition('.')[2]} = ")

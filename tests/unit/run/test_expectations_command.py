from __future__ import annotations

import csv
import shutil
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.cli import main
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.run.expectations.sheet import COLUMNS, hardened, unhardened
from pytest_pet2rep.types import Case, ExpectationSource, UptakeState

CASE = """\
# written by hand: stays
id = "A"
language = "en"   # of the reference

[expectations.spleen]
states = ["normal"]  # seen on the monitor
visible = true
diameter_mm = 12

[images]
slices = ["a.png"]
"""
REPORT = """\
Findings:
The liver shows increased FDG uptake in the right lobe. The spleen shows normal FDG uptake.
=cmd the pancreas shows no FDG uptake abnormality.
Impression:
Hypermetabolic liver lesion.
"""


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    return make_cohort(tmp_path)


def make_cohort(folder: Path, case: str = CASE, *ids: str) -> Path:
    for id_ in ids or ("A",):
        place = folder / "cohort" / id_
        place.mkdir(parents=True)
        text = case.replace('id = "A"', f'id = "{id_}"')
        (place / "case.toml").write_bytes(text.encode("utf-8"))
        (place / "report.en.txt").write_text(REPORT, encoding="utf-8")
    return folder / "cohort"


def review(cohort: Path, *more: str) -> Path:
    sheet = cohort.parent / "sheet.csv"
    assert main(["expectations", str(cohort), "--review", str(sheet), *more]) == 0
    return sheet


def rows_of(sheet: Path) -> list[dict[str, str]]:
    with sheet.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


Change = Callable[[dict[str, str]], dict[str, str]]


def confirm(organ: str, states: str = "ok", reviewer: str = "AB") -> Change:
    def change(row: dict[str, str]) -> dict[str, str]:
        if row["organ"] != organ:
            return row
        return {**row, "confirmed_states": states, "reviewer": reviewer}

    return change


def fill_in(
    sheet: Path, *changes: Change, delimiter: str = ",", encoding: str = "utf-8-sig"
) -> None:
    rows = rows_of(sheet)
    for change in changes:
        rows = [change(row) for row in rows]
    save(sheet, rows, delimiter=delimiter, encoding=encoding)


def save(
    sheet: Path, rows: list[dict[str, str]], delimiter: str = ",", encoding: str = "utf-8-sig"
) -> None:
    with sheet.open("w", encoding=encoding, newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def apply(cohort: Path, sheet: Path, *more: str) -> int:
    return main(["expectations", str(cohort), "--apply", str(sheet), *more])


def case_of(cohort: Path, id_: str = "A") -> Case:
    return load_case(cohort / id_ / "case.toml", cohort="cohort")


def test_the_sheet_has_a_row_for_each_organ_that_report_or_case_file_speaks_of(
    cohort: Path,
) -> None:
    rows = {row["organ"]: row for row in rows_of(review(cohort))}
    assert sorted(rows) == ["liver", "pancreas", "spleen"]
    assert rows["liver"]["extracted_states"] == "increased"
    assert "increased FDG uptake in the right lobe" in rows["liver"]["evidence"]
    assert rows["spleen"]["in_case_file"] == "normal (explicit)"
    assert rows["liver"]["in_case_file"] == rows["liver"]["confirmed_states"] == ""


def test_the_sheet_opens_in_a_spreadsheet_program_as_unicode_and_without_formulas(
    cohort: Path,
) -> None:
    sheet = review(cohort)
    assert sheet.read_bytes().startswith(b"\xef\xbb\xbf")
    evidence = [row["evidence"] for row in rows_of(sheet) if row["organ"] == "pancreas"]
    assert evidence == ["'=cmd the pancreas shows no FDG uptake abnormality."]
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600


@given(st.text(max_size=8) | st.from_regex(r"'*[=+@\t＝-].*", fullmatch=True))
def test_a_hardened_cell_is_no_formula_and_is_read_back_as_it_was(text: str) -> None:
    assert hardened(text)[:1] not in set("=+-@\t\r\n＝＋－＠")
    assert unhardened(hardened(text)) == text


def test_confirmed_rows_become_reviewed_expectations_and_the_rest_stays(cohort: Path) -> None:
    before = case_of(cohort)
    sheet = review(cohort)
    fill_in(sheet, confirm("liver"), confirm("pancreas", "unstated", "CD"))
    assert apply(cohort, sheet) == 0
    found = {e.organ: e for e in case_of(cohort).expectations}
    assert found["liver"].source is ExpectationSource.REVIEWED
    assert found["liver"].states == {UptakeState.INCREASED}
    assert (found["liver"].reviewer, found["pancreas"].reviewer) == ("AB", "CD")
    assert found["pancreas"].evidence == "=cmd the pancreas shows no FDG uptake abnormality."
    assert found["spleen"] == before.expectations[0]
    text = (cohort / "A" / "case.toml").read_text(encoding="utf-8")
    assert text.startswith(CASE)


def test_applying_twice_changes_nothing_more(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = review(cohort)
    fill_in(sheet, confirm("liver"))
    assert apply(cohort, sheet) == 0
    once = (cohort / "A" / "case.toml").read_bytes()
    assert apply(cohort, sheet) == 0
    assert (cohort / "A" / "case.toml").read_bytes() == once
    assert "0 expectations written in 0 cases, 1 there already" in capsys.readouterr().out


def test_an_expectation_that_stands_is_kept_and_named(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = review(cohort)
    fill_in(sheet, confirm("spleen", "increased"))
    assert apply(cohort, sheet) == 1
    assert (cohort / "A" / "case.toml").read_text(encoding="utf-8") == CASE
    shown = capsys.readouterr().out
    assert "spleen of A keeps normal (explicit) of its case file; --overwrite" in shown
    assert f"{sheet}:" in shown


def test_overwriting_changes_the_values_and_keeps_comments_and_other_keys(cohort: Path) -> None:
    sheet = review(cohort)
    fill_in(sheet, confirm("spleen", "increased+absent"))
    assert apply(cohort, sheet, "--overwrite") == 0
    (spleen,) = case_of(cohort).expectations
    assert spleen.states == {UptakeState.INCREASED, UptakeState.ABSENT}
    assert (spleen.reviewer, spleen.visible, spleen.diameter_mm) == ("AB", True, 12)
    text = (cohort / "A" / "case.toml").read_text(encoding="utf-8")
    for part in ("# written by hand: stays", "]  # seen on the monitor\n", "# of the reference"):
        assert part in text
    assert text.endswith('[images]\nslices = ["a.png"]\n')


@pytest.mark.parametrize("ends", ["", "\n\n# the end"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("break_", ["\n", "\r\n"])
def test_line_ends_and_byte_order_mark_stay(
    tmp_path: Path, ends: str, mark: bytes, break_: str
) -> None:
    cohort = make_cohort(tmp_path)
    raw = mark + (CASE.rstrip("\n") + ends).replace("\n", break_).encode()
    (cohort / "A" / "case.toml").write_bytes(raw)
    sheet = review(cohort)
    fill_in(sheet, confirm("liver"), confirm("spleen", "absent"))
    assert apply(cohort, sheet, "--overwrite") == 0
    written = (cohort / "A" / "case.toml").read_bytes()
    assert written.startswith(mark + raw.removeprefix(mark)[:30])
    assert (written.count(b"\r\n") == written.count(b"\n")) == (break_ == "\r\n")
    found = {e.organ: e.states for e in case_of(cohort).expectations}
    assert found == {"liver": {UptakeState.INCREASED}, "spleen": {UptakeState.ABSENT}}


def on_liver(**cells: str) -> Change:
    def change(row: dict[str, str]) -> dict[str, str]:
        return {**confirm("liver")(row), **cells} if row["organ"] == "liver" else row

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (confirm("liver", "increasd"), "unknown state 'increasd': did you mean 'increased'"),
        (confirm("liver", "normal + absent"), "normal cannot stand beside another state"),
        (confirm("liver", "ok", ""), "liver is confirmed by nobody"),
        (confirm("liver", "+"), "'+' names no state"),
        (on_liver(organ="livre"), "unknown organ 'livre': did you mean 'liver'"),
        (on_liver(case="B"), "unknown case 'B'"),
        (on_liver(extracted_states=""), "'ok' confirms nothing"),
        (on_liver(reference="en:0"), "the reference report of A has changed since the sheet was"),
    ],
)
def test_a_fault_is_one_sentence_with_the_line_and_nothing_is_written(
    cohort: Path, change: Change, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = review(cohort)
    fill_in(sheet, confirm("pancreas"), change)
    line = [row["organ"][:3] for row in rows_of(sheet)].index("liv") + 2
    assert apply(cohort, sheet) == 4
    shown = capsys.readouterr().err.splitlines()
    assert f"pet2rep: {sheet}:{line}: {said}" in shown[0]
    assert shown[1:] == ["pet2rep: nothing was written"]
    assert (cohort / "A" / "case.toml").read_text(encoding="utf-8") == CASE


def test_every_fault_of_a_sheet_is_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = make_cohort(tmp_path, CASE, "A", "B")
    sheet = review(cohort)
    fill_in(sheet, confirm("liver", "hot"), confirm("pancreas", "ok", ""))
    assert apply(cohort, sheet) == 4
    assert len(capsys.readouterr().err.splitlines()) == 5


def test_one_organ_confirmed_on_two_lines_is_a_fault(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = review(cohort)
    fill_in(sheet, confirm("liver"))
    save(sheet, [*rows_of(sheet), *(r for r in rows_of(sheet) if r["organ"] == "liver")])
    assert apply(cohort, sheet) == 4
    assert capsys.readouterr().err.count("is confirmed on more than one line") == 2


def test_a_row_may_be_added_for_an_organ_that_was_not_extracted(cohort: Path) -> None:
    sheet = review(cohort)
    added = dict.fromkeys(COLUMNS, "") | {
        "case": "A", "organ": "brain", "confirmed_states": "Normal", "reviewer": "AB",
    }  # fmt: skip
    save(sheet, [*rows_of(sheet), added])
    assert apply(cohort, sheet) == 0
    found = {e.organ: e for e in case_of(cohort).expectations}
    assert found["brain"].states == {UptakeState.NORMAL}
    assert found["brain"].evidence == ""


@pytest.mark.parametrize(
    ("delimiter", "encoding"),
    [(";", "utf-8"), ("\t", "utf-16"), (",", "gb18030")],
)
def test_a_sheet_is_read_as_spreadsheet_programs_save_it(
    cohort: Path, delimiter: str, encoding: str
) -> None:
    sheet = review(cohort)
    fill_in(sheet, confirm("liver"), delimiter=delimiter, encoding=encoding)
    assert apply(cohort, sheet) == 0
    assert "liver" in {e.organ for e in case_of(cohort).expectations}


def test_a_sheet_that_is_there_is_not_written_over(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = review(cohort)
    fill_in(sheet, confirm("liver"))
    filled_in = sheet.read_bytes()
    assert main(["expectations", str(cohort), "--review", str(sheet)]) == 4
    assert "may hold reviews" in capsys.readouterr().err
    assert sheet.read_bytes() == filled_in
    review(cohort, "--overwrite")
    assert sheet.read_bytes() != filled_in


@pytest.mark.parametrize(
    "case",
    [
        'id = "A"\nlanguage = "en"\nexpectations = { spleen = { states = ["normal"] } }\n',
        'id = "A"\nlanguage = "en"\nexpectations.spleen.states = ["normal"]\n',
        'id = "A"\nlanguage = "en"\n[expectations]\nspleen = { states = ["normal"] }\n',
    ],
)
def test_however_expectations_are_written_nothing_is_lost(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = make_cohort(tmp_path, case)
    sheet = review(cohort)
    fill_in(sheet, confirm("liver"))
    code = apply(cohort, sheet)
    after = tomllib.loads((cohort / "A" / "case.toml").read_text(encoding="utf-8"))
    assert after["expectations"]["spleen"] == {"states": ["normal"]}
    if code == 0:
        assert after["expectations"]["liver"]["source"] == "reviewed"
    else:
        assert "are not written as tables [expectations.<organ>]" in capsys.readouterr().err
        assert list(after["expectations"]) == ["spleen"]
    fill_in(sheet, confirm("spleen", "absent"))
    assert apply(cohort, sheet, "--overwrite") == 4
    assert "is not written as a table [expectations.spleen]" in capsys.readouterr().err


def test_what_is_no_sheet_is_said_to_be_none(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = cohort.parent / "other.csv"
    for content in (b"", b"a,b\n1,2\n"):
        other.write_bytes(content)
        assert apply(cohort, other) == 4
        assert "is no review sheet: it has no column case" in capsys.readouterr().err
    assert apply(cohort, cohort.parent / "none.csv") == 4
    assert "cannot be read" in capsys.readouterr().err


def test_the_rights_of_a_case_file_stay_as_they_are(cohort: Path) -> None:
    (cohort / "A" / "case.toml").chmod(0o640)
    sheet = review(cohort)
    fill_in(sheet, confirm("liver"))
    assert apply(cohort, sheet) == 0
    assert stat.S_IMODE((cohort / "A" / "case.toml").stat().st_mode) == 0o640
    assert sorted(p.name for p in (cohort / "A").iterdir()) == ["case.toml", "report.en.txt"]


def test_all_shipped_cases_go_out_and_come_back_whole(tmp_path: Path) -> None:
    from pytest_pet2rep.cohorts.cohort import shipped_cases

    cohort = tmp_path / "cohort"
    for name in ("PET-0001", "PET-0005"):
        shutil.copytree(shipped_cases() / name, cohort / name)
    before = {p.name: tomllib.loads((p / "case.toml").read_text()) for p in cohort.iterdir()}
    sheet = review(cohort, "--language", "en")
    save(sheet, [{**r, "confirmed_states": "ok" if r["extracted_states"] else "", "reviewer": "AB"}
                 for r in rows_of(sheet)])  # fmt: skip
    assert apply(cohort, sheet, "--overwrite") == 0
    for name, table in before.items():
        after = tomllib.loads((cohort / name / "case.toml").read_text())
        assert {k: v for k, v in after.items() if k != "expectations"} == {
            k: v for k, v in table.items() if k != "expectations"
        }
        for organ, keys in table["expectations"].items():
            kept = set(keys) - {"states", "source", "reviewer", "evidence"}
            assert {k: after["expectations"][organ][k] for k in kept} == {k: keys[k] for k in kept}
        assert {e.reviewer for e in case_of(cohort, name).expectations} <= {"AB", ""}

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.errors import CaseFileError
from pytest_pet2rep.types import ExpectationSource, Language, Side, UptakeState

MakeCase = Callable[..., Path]

FULL = """\
sex = "F"
age = 61
weight_kg = 58.0
height_cm = 159
language = "en"
private = false
licence = "CC0-1.0"
provenance = "made up"
prior = true
[images]
pet = "pet.nii.gz"
ct = "../shared/ct.nii"
[prompt]
system = "You report."
user = "<image> Write."
[expectations.liver]
states = ["increased", "absent"]
side = "right"
part = "right lobe"
visible = true
slices = [2, 1]
diameter_mm = 22
[expectations.spleen]
states = ["normal"]
source = "reviewed"
reviewer = "AB"
evidence = "Spleen unremarkable."
"""


def error_of(path: Path) -> CaseFileError:
    with pytest.raises(CaseFileError) as caught:
        load_case(path, cohort="c")
    return caught.value


def test_every_key_of_a_case_file_arrives_in_the_case(make_case: MakeCase) -> None:
    path = make_case(body=FULL, en="Findings: normal.")
    case = load_case(path, cohort="mine")
    assert (case.id, case.cohort, case.folder) == ("PET-0001", "mine", path.parent)
    assert (case.sex, case.age, case.weight_kg, case.height_cm) == ("F", 61.0, 58.0, 159.0)
    assert case.language is Language.EN
    assert case.private is False
    assert case.prior is True
    assert (case.licence, case.provenance) == ("CC0-1.0", "made up")
    assert case.images.kind == "volumes"
    assert case.images.pet == path.parent / "pet.nii.gz"
    assert case.images.ct == path.parents[1] / "shared" / "ct.nii"
    assert case.prompt is not None
    assert (case.prompt.system, case.prompt.user) == ("You report.", "<image> Write.")
    liver, spleen = case.expectations
    assert liver.states == {UptakeState.INCREASED, UptakeState.ABSENT}
    assert (liver.side, liver.part, liver.visible) == (Side.RIGHT, "right lobe", True)
    assert (liver.slices, liver.diameter_mm) == ((1, 2), 22.0)
    assert liver.source is ExpectationSource.EXPLICIT
    assert (spleen.source, spleen.reviewer) == (ExpectationSource.REVIEWED, "AB")
    assert spleen.evidence == "Spleen unremarkable."
    assert spleen.visible is None


def test_a_case_needs_only_an_id_and_a_report(make_case: MakeCase) -> None:
    case = load_case(make_case(), cohort="c")
    assert case.language is Language.ZH
    assert case.private is True
    assert case.images.kind == "none"
    assert case.expectations == ()
    assert set(case.references) == {Language.ZH}


def test_a_phantom_table_is_handed_on_as_it_stands(make_case: MakeCase) -> None:
    body = '[phantom]\nseed = 1\n[[phantom.lesions]]\norgan = "liver"\nanything = [1, 2]\n'
    images = load_case(make_case(body=body), cohort="c").images
    assert images.kind == "phantom"
    assert images.phantom == {"seed": 1, "lesions": [{"organ": "liver", "anything": [1, 2]}]}


def test_reports_lose_a_byte_order_mark_and_windows_line_ends(make_case: MakeCase) -> None:
    path = make_case(zh="\ufeff影像所见：正常。\r\n影像诊断：正常。\r\n", en="Findings: fine.")
    references = load_case(path, cohort="c").references
    assert references[Language.ZH] == "影像所见：正常。\n影像诊断：正常。"
    assert references[Language.EN] == "Findings: fine."


def test_a_case_file_may_begin_with_a_byte_order_mark(make_case: MakeCase) -> None:
    path = make_case(body="age = 4\n")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_case(path, cohort="c").age == 4
    path.write_bytes(path.read_bytes() + b"\n\nseks = 1\n")
    assert error_of(path).line == 5


@pytest.mark.parametrize("where", ["case.toml", "report.zh.txt", "report.en.txt"])
def test_the_digest_follows_the_case_file_and_every_report(make_case: MakeCase, where: str) -> None:
    path = make_case(en="Findings: fine.")
    before = load_case(path, cohort="c").digest
    assert before == load_case(path, cohort="other").digest
    changed = path.parent / where
    changed.write_bytes(changed.read_bytes() + b"\n")
    assert load_case(path, cohort="c").digest != before


def test_the_digest_tells_apart_which_file_holds_a_text(make_case: MakeCase) -> None:
    body = 'language = "en"\n'
    first = load_case(make_case(body=body, zh="a", en="b"), cohort="c").digest
    assert load_case(make_case(body=body, zh="b", en="a"), cohort="c").digest != first


@pytest.mark.parametrize(
    ("images", "key"),
    [
        ('slices = ["a.png", "../../x.png"]', "images.slices[1]"),
        ('pet = "pet.nii"\nct = "../ct/../../ct.nii"', "images.ct"),
    ],
)
def test_a_path_out_of_the_cohort_folder_is_kept_from_the_model_and_stops_no_other_case(
    make_case: MakeCase, images: str, key: str
) -> None:
    path = make_case(body=f"[images]\n{images}\n")
    refused = load_case(path, cohort="c").images.refused
    assert refused.startswith(str(path))
    assert f"{key}: '../" in refused
    assert "leaves the cohort folder" in refused


def test_paths_within_the_cohort_folder_and_whole_ones_are_not_refused(make_case: MakeCase) -> None:
    images = 'pet = "../shared/pet.nii"\nct = "/elsewhere/ct.nii"'
    path = make_case(body=f"[images]\n{images}\n")
    assert not load_case(path, cohort="c").images.refused


WRONG = [
    # body, line, key, a part of the message
    ('seks = "F"\n', 2, "seks", "did you mean 'sex'?"),
    ('sex = "X"\n', 2, "sex", "known are F, M"),
    ('age = "61"\n', 2, "age", "must be a number, not '61'"),
    ("age = true\n", 2, "age", "must be a number, not true"),
    ("age = nan\n", 2, "age", "must be a number, not nan"),
    ("age = -1\n", 2, "age", "must be above -1 and at most 130"),
    ("weight_kg = 0\n", 2, "weight_kg", "must be above 0"),
    ("height_cm = 1.59\n", 2, "height_cm", "must be above 20"),
    ('\nlanguage = "fr"\n', 3, "language", "known are en, zh"),
    ('private = "no"\n', 2, "private", "must be true or false"),
    ("images = 3\n", 2, "images", "must be a table"),
    ('[images]\npett = "a.nii"\n', 3, "images.pett", "did you mean 'pet'?"),
    ('[images]\npet = "a.nii"\n', 3, "images.pet", "pet and ct go together"),
    ('[images]\npet = "a.dcm"\nct = "b.nii"\n', 3, "images.pet", "must end in .nii or .nii.gz"),
    ('[images]\nslices = [\n"a.png",\n"b.gif",\n]\n', 5, "images.slices[1]", "must end in .png"),
    ("[images]\nslices = []\n", 3, "images.slices", "is empty"),
    (
        '[images]\nslices = ["a.png"]\npet = "a.nii"\nct = "b.nii"\n',
        3,
        "images.slices",
        "one source",
    ),
    ('[images]\nslices = ["a.png"]\n[phantom]\nseed = 1\n', 4, "phantom", "one source of images"),
    ("[prompt]\nsystem = 'x'\n", 2, "prompt.user", "is missing in [prompt]"),
    ("[prompt]\nuser = ' '\n", 3, "prompt.user", "is empty"),
    ('[expectations.livver]\nstates = ["normal"]\n', 2, "expectations.livver", "'liver'"),
    ("[expectations]\nliver = 3\n", 3, "expectations.liver", "must be a table such as"),
    ("[expectations.liver]\nsidde = 'left'\n", 3, "expectations.liver.sidde", "'side'"),
    ("[expectations.liver]\n", 2, "expectations.liver.states", "is missing"),
    ("[expectations.liver]\nstates = []\n", 3, "expectations.liver.states", "names no state"),
    (
        '[expectations.liver]\nstates = ["normal", "absent"]\n',
        3,
        "expectations.liver.states",
        "normal cannot stand beside",
    ),
    (
        '[expectations.liver]\nstates = ["absent", "absent"]\n',
        3,
        "expectations.liver.states",
        "names a state twice",
    ),
    (
        '[expectations.liver]\nstates = ["increase"]\n',
        3,
        "expectations.liver.states",
        "'increased'",
    ),
    (
        '[expectations.liver]\nstates = ["normal"]\nslices = [-1]\n',
        4,
        "expectations.liver.slices",
        "whole numbers from 0",
    ),
    (
        '[expectations.liver]\nstates = ["normal"]\nsource = "extracted"\n',
        4,
        "expectations.liver.source",
        "known are explicit, reviewed",
    ),
    (
        '[expectations.liver]\nstates = ["normal"]\nsource = "reviewed"\n',
        2,
        "expectations.liver.reviewer",
        "initials",
    ),
    (
        '[expectations.liver]\nstates = ["normal"]\nreviewer = "AB"\n',
        2,
        "expectations.liver.source",
        "initials",
    ),
]


@pytest.mark.parametrize(("body", "line", "key", "part"), WRONG, ids=[w[2] for w in WRONG])
def test_an_error_names_file_line_and_key(
    make_case: MakeCase, body: str, line: int, key: str, part: str
) -> None:
    path = make_case(body=body)
    error = error_of(path)
    assert (error.path, error.line, error.key) == (path, line, key)
    assert part in str(error)
    assert str(error).startswith(f"{path}:{line}: {key}: ")
    assert "\n" not in str(error)


def test_an_id_other_than_the_folder_is_refused(make_case: MakeCase) -> None:
    error = error_of(make_case(written_id="PET-0002"))
    assert (error.line, error.key) == (1, "id")
    assert "the folder is named 'PET-0001'" in str(error)


@pytest.mark.parametrize("case_id", ["肝-1", "a b", "-x", ".."])
def test_an_id_beyond_plain_ascii_is_refused(make_case: MakeCase, case_id: str) -> None:
    assert "may hold" in str(error_of(make_case(written_id=case_id)))


def test_a_missing_id_is_missed(make_case: MakeCase) -> None:
    path = make_case()
    path.write_text("age = 3\n", encoding="utf-8")
    assert "id: is missing; it must be text" in str(error_of(path))


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ('id = "a"\nage = \n', 2, "Invalid value"),
        ('id = "a"\nid = "b"\n', 2, "Cannot overwrite a value"),
        ('id = "a"\nsex = "F', 2, "Unterminated string"),
        ("id", 1, "Expected '='"),
    ],
)
def test_a_syntax_error_names_its_line(
    make_case: MakeCase, text: str, line: int, part: str
) -> None:
    path = make_case()
    path.write_text(text, encoding="utf-8")
    error = error_of(path)
    assert error.line == line
    assert "not valid TOML" in str(error)
    assert part in str(error)


def test_bytes_that_are_not_utf8_are_named_with_their_line(make_case: MakeCase) -> None:
    path = make_case()
    path.write_bytes('id = "PET-0001"\nprovenance = "呼"\n'.encode("gb18030"))
    assert error_of(path).line == 2
    path = make_case()
    (path.parent / "report.zh.txt").write_bytes("影像所见\n".encode() + "肝".encode("gb18030"))
    error = error_of(path)
    assert (error.path.name, error.line) == ("report.zh.txt", 2)


def test_a_missing_case_file_is_one_sentence(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in str(error_of(tmp_path / "x" / "case.toml"))
    (tmp_path / "case.toml").mkdir()
    assert "cannot be read" in str(error_of(tmp_path / "case.toml"))


def test_a_report_in_the_language_of_the_case_must_exist(make_case: MakeCase) -> None:
    error = error_of(make_case(zh=None, en="Findings: x."))
    assert 'set language = "en"' in str(error)
    path = make_case("PET-0002", zh=None)
    (path.parent / "Report.txt").write_text("x", encoding="utf-8")
    assert "there is no report.zh.txt beside it (there is Report.txt)" in str(error_of(path))
    assert "is empty" in str(error_of(make_case("PET-0003", zh=" \n")))


def test_an_absolute_path_refers_to_data_in_place(make_case: MakeCase, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "a.PNG"
    path = make_case(body=f'[images]\nslices = ["{place.as_posix()}"]\n')
    assert load_case(path, cohort="c").images.slices == (place,)


def test_a_case_can_be_loaded_from_its_own_folder(
    make_case: MakeCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_case(body='[images]\nslices = ["a.png"]\n')
    monkeypatch.chdir(path.parent)
    case = load_case(Path("case.toml"), cohort="c")
    assert case.folder == path.parent
    assert case.images.slices == (path.parent / "a.png",)

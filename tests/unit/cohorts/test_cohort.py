from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import pytest_pet2rep
from pytest_pet2rep.cohorts import cohort as cohort_module
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.errors import CaseFileError, UsageProblem
from pytest_pet2rep.types import Language

MakeCase = Callable[..., Path]


@pytest.fixture
def root(make_case: MakeCase) -> Path:
    for case_id in ("PET-0010", "PET-0002", "a"):
        make_case(case_id)
    root = make_case("b").parents[1]
    (root / "notes").mkdir()
    (root / ".hidden").mkdir()
    (root / ".hidden" / "case.toml").write_text("id = 'x'\n")
    (root / "README.txt").write_text("not a case\n")
    return root


def test_a_folder_is_a_cohort_of_its_case_folders_in_order(root: Path) -> None:
    cohort = find_cohort(root)
    assert (cohort.name, cohort.root, cohort.complete) == ("cohort", root, True)
    assert cohort.case_ids == ("PET-0002", "PET-0010", "a", "b")
    assert all(path.name == "case.toml" and path.is_absolute() for path in cohort.case_files)


def test_the_digest_does_not_depend_on_place_but_on_every_case(root: Path, tmp_path: Path) -> None:
    before = find_cohort(root)
    moved = shutil.copytree(root, tmp_path / "moved")
    assert find_cohort(moved).digest == before.digest
    (moved / "a" / "report.zh.txt").write_text("影像所见：别的。", encoding="utf-8")
    assert find_cohort(moved).digest != before.digest
    shutil.rmtree(moved / "a")
    assert find_cohort(moved).digest != before.digest


def test_the_digest_of_a_cohort_is_made_of_the_digests_of_its_cases(root: Path) -> None:
    import hashlib

    cases = [load_case(path, cohort="c") for path in find_cohort(root).case_files]
    joined = "\n".join(sorted(case.digest for case in cases)).encode()
    assert find_cohort(root).digest == hashlib.sha256(joined).hexdigest()


@pytest.mark.parametrize("picked", ["a", "a/case.toml"])
def test_one_case_is_an_incomplete_cohort_under_the_same_name(root: Path, picked: str) -> None:
    cohort = find_cohort(root / picked)
    assert (cohort.name, cohort.root, cohort.complete) == ("cohort", root, False)
    assert cohort.case_ids == ("a",)


def test_a_cohort_file_lists_a_complete_cohort_with_its_own_digest(root: Path) -> None:
    smoke = root.parent / "smoke.toml"
    smoke.write_text('root = "cohort"\ncases = ["b", "PET-0002"]\n', encoding="utf-8")
    cohort = find_cohort(smoke)
    assert (cohort.name, cohort.root, cohort.complete) == ("smoke", root, True)
    assert cohort.case_ids == ("PET-0002", "b")
    assert cohort.digest != find_cohort(root).digest
    smoke.write_text('name = "ten"\nroot = "cohort"\ncases = ["PET-0002", "b"]\n')
    assert (find_cohort(smoke).name, find_cohort(smoke).digest) == ("ten", cohort.digest)


def test_a_cohort_file_in_the_folder_gives_it_a_lasting_name(root: Path, tmp_path: Path) -> None:
    (root / "cohort.toml").write_text('name = "ward-7"\n', encoding="utf-8")
    moved = shutil.copytree(root, tmp_path / "moved")
    for place in (moved, moved / "cohort.toml", moved / "a", moved / "a" / "case.toml"):
        assert find_cohort(place).name == "ward-7"
    assert len(find_cohort(moved).case_files) == 4


def test_a_relative_path_is_taken_from_the_working_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "a")
    assert find_cohort(Path("..")).root == root
    assert find_cohort(Path(".")).case_ids == ("a",)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ('cases = ["a",\n"PET-0001"]\n', 2, "did you mean 'PET-0010' or 'PET-0002'?"),
        ('cases = ["../cohort/a"]\n', 1, "unknown case"),
        ('cases = ["a", "a"]\n', 1, "listed twice"),
        ("cases = []\n", 1, "is empty"),
        ('casse = ["a"]\n', 1, "did you mean 'cases'?"),
        ('name = ""\n', 1, "is empty"),
        ('root = "nowhere"\n', 1, "there is no folder"),
        ("cases = [1]\n", 1, "must be a list of texts"),
        ("cases = \n", 1, "not valid TOML"),
    ],
)
def test_a_wrong_cohort_file_is_one_sentence_with_its_line(
    root: Path, text: str, line: int, part: str
) -> None:
    path = root / "some.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CaseFileError) as caught:
        find_cohort(path)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert part in str(caught.value)


def test_a_place_without_cases_is_one_sentence(root: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UsageProblem, match=r"there is no cohort at .*nowhere"):
        find_cohort(tmp_path / "nowhere")
    with pytest.raises(UsageProblem, match=r"empty holds no case"):
        find_cohort(empty)
    with pytest.raises(UsageProblem, match=f"there are some in {root}"):
        find_cohort(tmp_path)
    with pytest.raises(UsageProblem, match="is not a cohort"):
        find_cohort(root / "README.txt")


def test_without_a_path_the_shipped_cohort_is_found_never_a_folder_of_the_user(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = Path(pytest_pet2rep.__file__).parent
    mine = shutil.copytree(root, root.parent / "cases")
    monkeypatch.chdir(mine.parent)
    shipped = find_cohort(None)
    assert shipped.name == "shipped"
    assert shipped.root in (package / "cases", package.parent / "cases")
    assert find_cohort(shipped.root).name == "shipped"
    assert find_cohort(shipped.case_files[0]).name == "shipped"
    assert find_cohort(Path("cases")).name == "cases"


def test_the_cases_inside_a_wheel_win_and_other_packages_are_left_alone(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    module = site / "pytest_pet2rep" / "cohorts" / "cohort.py"
    module.parent.mkdir(parents=True)
    shutil.copytree(root, site / "cases")
    monkeypatch.setattr(cohort_module, "__file__", str(module))
    with pytest.raises(UsageProblem, match="has no shipped cases"):
        find_cohort(None)
    assert find_cohort(root).name == "cohort"
    shutil.copytree(root, site / "pytest_pet2rep" / "cases")
    shipped = find_cohort(None)
    assert (shipped.name, shipped.root) == ("shipped", site / "pytest_pet2rep" / "cases")
    assert shipped.digest == find_cohort(root).digest


def test_every_shipped_case_loads_in_both_languages_and_may_be_passed_on() -> None:
    shipped = find_cohort(None)
    cases = [load_case(path, cohort=shipped.name) for path in shipped.case_files]
    assert len(cases) >= 12
    for case in cases:
        assert set(case.references) == set(Language)
        assert case.private is False
        assert case.licence
        assert case.provenance
        assert case.images.kind == "phantom"

"""What is wrong with the files of one case is an outcome of that case, in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.cohorts.cohort import find_cohort
from pytest_pet2rep.run.preflight import check_run
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.types import Outcome
from tests.unit.imaging.test_broken_files import BROKEN
from tests.unit.run.test_case_images import write_volumes

REPORT = "Findings:\nNo abnormal FDG uptake in the liver.\n"


def add_case(root: Path, name: str, pet: str = "pet.nii.gz") -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    write_volumes(folder)
    (folder / "case.toml").write_text(
        f'id = "{name}"\nlanguage = "en"\n[images]\npet = "{pet}"\nct = "ct.nii.gz"\n'
    )
    (folder / "report.en.txt").write_text(REPORT)
    return folder


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model that looks at images and writes one report for all."""
    (tmp_path / "one_report.py").write_text(f"def make():\n    return lambda request: {REPORT!r}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "py/one_report:make"


def outcomes(root: Path, store: Path, model: str) -> dict[str, tuple[Outcome | None, str]]:
    settings = RunSettings(model=model, cases=root, store=store)
    runtime = Runtime(settings, find_cohort(root), run_id="run")
    check_run(runtime)
    attempts = {case.id: runtime.attempt(case) for case in runtime.cases()}
    runtime.close()
    return {case: (attempt.outcome, attempt.reason) for case, attempt in attempts.items()}


@pytest.mark.filterwarnings("ignore::pytest_pet2rep.run.case_images.ImagingWarning")
def test_each_broken_file_is_an_error_of_its_case_and_of_no_other(
    tmp_path: Path, model: str
) -> None:
    root = tmp_path / "cohort"
    add_case(root, "A-good")
    for number, (make, _) in enumerate(BROKEN.values()):
        name = f"B{number:02d}"
        elsewhere = tmp_path / name
        elsewhere.mkdir()
        broken = make(elsewhere)
        if broken.name.endswith((".nii", ".nii.gz")):  # else the case file refuses it
            add_case(root, name, pet=str(broken))
    add_case(root, "C-outside", pet="../../elsewhere/pet.nii.gz")
    add_case(root, "Z-good")
    found = outcomes(root, tmp_path / "store", model)
    assert len(found) > 20
    for case, (outcome, reason) in found.items():
        assert outcome is (None if case.endswith("good") else Outcome.ERROR), (case, reason)
        assert "\n" not in reason
    assert "leaves the cohort folder" in found["C-outside"][1]

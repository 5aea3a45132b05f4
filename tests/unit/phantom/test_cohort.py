"""The shipped case files are what the generator writes (all of them: tests/slow)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.phantom.cohort import case_files, expectation, main, measured_case
from pytest_pet2rep.phantom.plan import planned_ids
from pytest_pet2rep.phantom.spec import Lesion, parse_phantom
from pytest_pet2rep.phantom.truth import Finding, contradictions
from pytest_pet2rep.types import Language, Side, UptakeState

CASES = Path(__file__).parents[3] / "cases"


def finding(lesion: Lesion, pixels: tuple[int, ...], **changes: Any) -> Finding:
    values = {"suv_max": 6.0, "suv_mean": 5.0, "without_mean": 2.0, "suv_core": 6.0,
              "without_core": 2.0, "base_suv": 2.0, "volume_ml": 4.0,
              "pixels_separate": pixels} | changes  # fmt: skip
    return Finding(lesion=lesion, pixels=pixels, **values)


def node(side: Side) -> Lesion:
    return Lesion(organ="neck_nodes", part="level II", side=side, state=UptakeState.INCREASED,
                  diameter_mm=18 if side is Side.LEFT else 24)  # fmt: skip


def test_lesions_of_both_sides_are_one_bilateral_expectation() -> None:
    both = [finding(node(Side.LEFT), (9, 0, 0)), finding(node(Side.RIGHT), (0, 9, 3))]
    assert expectation(both, "neck_nodes") == {
        "states": ["increased"], "side": "bilateral", "part": "level II", "visible": True,
        "slices": [0, 1], "visible_separate": True, "slices_separate": [0, 1], "diameter_mm": 24,
    }  # fmt: skip


def test_an_expectation_is_visible_only_if_each_of_its_states_is() -> None:
    cyst = Lesion(organ="neck_nodes", side=Side.LEFT, state=UptakeState.ABSENT)
    mixed = [finding(node(Side.LEFT), (9, 0, 0)), finding(cyst, (0, 0, 0))]
    assert expectation(mixed, "neck_nodes")["visible"] is False


def test_each_kind_of_views_has_its_own_visibility() -> None:
    cortex = Lesion(organ="kidneys", side=Side.LEFT, state=UptakeState.INCREASED)
    entries = expectation([finding(cortex, (3, 0, 0), pixels_separate=(12, 3, 4))], "kidneys")
    assert entries["visible"] is False
    assert "slices" not in entries
    assert entries["visible_separate"] is True
    assert entries["slices_separate"] == [0, 2]


def test_an_organ_without_a_lesion_is_expected_normal() -> None:
    assert expectation([], "liver") == {"states": ["normal"]}


@pytest.mark.parametrize(
    ("state", "changes", "says"),
    [
        ("increased", {}, ""),
        ("increased", {"suv_core": 2.4}, "core"),
        ("increased", {"suv_mean": 1.5}, "not above"),
        ("absent", {"suv_core": 0.3, "suv_mean": 0.5}, ""),
        ("absent", {"suv_core": 1.0, "suv_mean": 0.9}, "ratio"),
        ("decreased", {"suv_core": 1.0, "suv_mean": 1.1}, ""),
        ("decreased", {"suv_core": 1.8, "suv_mean": 1.7}, "ratio"),
        ("decreased", {"suv_core": 1.0, "suv_mean": 2.2}, "not below"),
    ],
)
def test_the_verifier_objects_to_a_state_that_the_volumes_do_not_show(
    state: str, changes: dict[str, float], says: str
) -> None:
    lesion = Lesion(organ="liver", part="right lobe", state=UptakeState(state))
    against = "; ".join(contradictions(finding(lesion, (9, 0, 0), **changes)))
    assert (says in against) if says else against == ""


def test_one_normal_and_one_diseased_case_regenerate_byte_for_byte(tmp_path: Path) -> None:
    main([str(tmp_path), "PET-0003", "PET-0011"])
    for case_id in ("PET-0003", "PET-0011"):
        for path in sorted((tmp_path / case_id).iterdir()):
            assert path.read_bytes() == (CASES / case_id / path.name).read_bytes(), path.name


def test_a_case_file_loads_into_what_was_measured() -> None:
    measured = measured_case("PET-0011")
    case = load_case(CASES / "PET-0011" / "case.toml", cohort="shipped")
    assert case.images.phantom is not None
    assert parse_phantom(case.images.phantom) == measured.spec
    assert tomllib.loads(case_files(measured)["case.toml"])["id"] == case.id
    assert {e.organ for e in case.expectations if e.states != {"normal"}} == {
        lesion.organ for lesion in measured.spec.lesions
    }


@pytest.mark.parametrize("language", Language)
def test_the_reports_are_read_as_what_is_expected(language: Language) -> None:
    wrong = {}
    for case_id in planned_ids():
        case = load_case(CASES / case_id / "case.toml", cohort="shipped")
        want = {e.organ: e.states for e in case.expectations}
        got = dict(read(case.references[language], language=language).states)
        wrong |= {
            (case_id, organ): (want.get(organ), got.get(organ))
            for organ in want.keys() | got.keys()
            if want.get(organ) != got.get(organ)
        }
    assert wrong == {}

"""The reader that measures: it finds what the pixels show, and nothing that they do not show."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pytest_pet2rep.anatomy import load_profile, roll_up
from pytest_pet2rep.errors import GenerationFailed, UnknownName, UsageProblem
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.imaging.options import ViewOptions, Views
from pytest_pet2rep.imaging.rendering import render_views
from pytest_pet2rep.imaging.volumes import Volume
from pytest_pet2rep.models.provider import generate_one
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.phantom.spec import PhantomSpec, parse_phantom
from pytest_pet2rep.phantom.truth import best_lift
from pytest_pet2rep.run.fresh_phantoms import (
    FIRST_SEED,
    LIFTS_MM,
    fresh_phantom,
    healthy_phantom,
    images_of_phantom,
    volumes_of_phantom,
)
from pytest_pet2rep.run.suv_reader import read_images
from pytest_pet2rep.run.suv_reader.atlas import expected_on, fit_pose
from pytest_pet2rep.run.suv_reader.foci import Focus
from pytest_pet2rep.run.suv_reader.pixels import measured_planes
from pytest_pet2rep.run.suv_reader.report import ONE_SEX, PARAGRAPHS, write_reading
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    NORMAL,
    Language,
    SentImage,
    Side,
    States,
    UptakeState,
)
from tests.model_inputs import a_request

PROFILE = load_profile("pet2rep19")
PLANTED = {
    "F": [
        {"organ": "liver", "part": "right lobe", "side": "right", "state": "absent",
         "diameter_mm": 44, "factor": 0.05},
        {"organ": "lungs", "part": "upper lobe", "side": "left", "state": "increased",
         "diameter_mm": 34, "suv": 9.0},
    ],
    "M": [
        {"organ": "spleen", "part": "body", "state": "increased", "diameter_mm": 34, "suv": 8.0},
        {"organ": "brain", "part": "parietal lobe", "side": "left", "state": "decreased",
         "diameter_mm": 50, "factor": 0.42},
    ],
}  # fmt: skip


def planted(sex: str, views: Views = Views.FUSED) -> tuple[SentImage, ...]:
    return render_views(*planted_volumes(sex), ViewOptions(views=views))


@cache
def planted_volumes(sex: str) -> tuple[Volume, Volume]:
    table = {"seed": FIRST_SEED - 7, "sex": sex, "lesions": PLANTED[sex]}
    lift = best_lift(parse_phantom(table), LIFTS_MM)
    return volumes_of_phantom(parse_phantom({**table, "lift_mm": lift}))


def abnormal_in(text: str, language: Language = Language.EN) -> dict[str, States]:
    states = roll_up(read(text, language=language).states, PROFILE)
    return {o: s for o, s in states.items() if s.intersection(ABNORMAL_STATES)}


def truth(sex: str) -> dict[str, States]:
    return {str(row["organ"]): frozenset({UptakeState(row["state"])}) for row in PLANTED[sex]}


@pytest.mark.parametrize("views", Views)
@pytest.mark.parametrize("sex", ["F", "M"])
def test_planted_lesions_are_found_and_nothing_else(sex: str, views: Views) -> None:
    assert abnormal_in(read_images(planted(sex, views), Language.EN)) == truth(sex)


def test_the_language_of_the_request_is_the_language_of_the_report() -> None:
    request = replace(a_request("A", language=Language.ZH), images=planted("F"))
    answer = generate_one(load_provider("baseline/suv-reader"), request)
    assert answer.raw.startswith("影像所见：")
    assert answer.images_consumed == answer.images_sent == 3
    assert abnormal_in(answer.raw, Language.ZH) == truth("F")


def test_the_images_of_another_patient_give_the_report_of_another_patient() -> None:
    swapped = abnormal_in(read_images(planted("M"), Language.EN))
    assert not set(swapped) & set(truth("F"))


@pytest.mark.parametrize("views", Views)
@pytest.mark.parametrize("value", [0, 127, 255])
def test_blank_images_state_nothing(views: Views, value: int) -> None:
    blank = [
        replace(image, pixels=np.full_like(image.pixels, value)) for image in planted("F", views)
    ]
    text = read_images(blank, Language.EN)
    assert not read(text, language=Language.EN).states


def test_shuffled_pixels_are_no_body() -> None:
    rng = np.random.default_rng(0)
    images = [
        replace(i, pixels=rng.permutation(i.pixels.reshape(-1, 3)).reshape(i.pixels.shape))
        for i in planted("F")
    ]
    assert not read(read_images(images, Language.EN), language=Language.EN).states


def test_a_report_does_not_depend_on_anything_but_pixels_and_language() -> None:
    provider = load_provider("baseline/suv-reader")
    assert provider.needs_images
    assert not provider.sees_reference
    requests = [
        replace(a_request("A", language=Language.EN), images=planted("F"), sex="M"),
        replace(
            a_request("B", language=Language.EN, template="All organs hot."),
            images=tuple(replace(image, name="x") for image in planted("F")),
        ),
    ]
    first, second = provider.generate(requests)
    assert not isinstance(first, GenerationFailed)
    assert not isinstance(second, GenerationFailed)
    assert first.raw == second.raw


@pytest.mark.parametrize("count", [0, 1, 2])
def test_other_than_three_planes_fail_that_case_only(count: int) -> None:
    request = replace(a_request("PET-9"), images=planted("F")[:count])
    (reply,) = load_provider("baseline/suv-reader").generate([request])
    assert isinstance(reply, GenerationFailed)
    assert "PET-9" in str(reply)


@pytest.mark.parametrize("views", Views)
def test_colours_are_turned_back_to_suv_within_one_level(views: Views) -> None:
    rng = np.random.default_rng(3)
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    pet = Volume(data=rng.uniform(0, 18, (40, 20, 30)).astype(np.float32), affine=affine)
    ct = Volume(data=rng.uniform(-1100, 1100, (40, 20, 30)).astype(np.float32), affine=affine)
    images = render_views(pet, ct, ViewOptions(views=views))
    for plane, j in zip(measured_planes(images), (9, 10, 11), strict=True):
        suv = np.clip(pet.data[::-1, j, ::-1].T, 0, plane.suv_end)
        grey = np.clip((ct.data[::-1, j, ::-1].T + 1000) / 2000, 0, 1) * 255
        assert np.abs(plane.suv - suv).max() <= 1.6 * plane.suv_end / 255
        assert np.abs(plane.grey - grey).max() <= 3


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("sex", ["F", "M"])
def test_a_reading_without_foci_states_every_organ_normal(sex: str, language: Language) -> None:
    states = roll_up(read(write_reading((), sex, language), language=language).states, PROFILE)
    assert set(states.values()) == {NORMAL}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("state", ABNORMAL_STATES)
def test_every_organ_and_state_is_written_so_that_it_is_read_back(
    state: UptakeState, language: Language
) -> None:
    for organ in (organ for row in PARAGRAPHS for organ in row):
        for side in (Side.NONE, Side.LEFT, Side.RIGHT, Side.BILATERAL):
            focus = Focus(organ=organ, state=state, side=side, suv_max=4.2, pixels=9)
            text = write_reading([focus], ONE_SEX.get(organ, "F"), language)
            states = read(text, language=language).states
            said = {o: s for o, s in states.items() if s.intersection(ABNORMAL_STATES)}
            assert said == {organ: frozenset({state})}


@pytest.mark.parametrize("views", Views)
@pytest.mark.parametrize("sex", ["F", "M"])
def test_the_atlas_describes_the_phantom_of_today(sex: str, views: Views) -> None:
    spec = healthy_phantom(900, sex)
    planes = measured_planes(images_of_phantom(spec, views))
    pose = fit_pose(planes)
    assert pose.sex == sex
    assert abs(pose.lift_mm - spec.lift_mm) <= 3
    expected = expected_on(pose, planes)
    suv = np.stack([plane.suv for plane in planes])
    inside = expected.organ > 0
    above = suv > expected.high + 0.3 + 0.4 * np.sqrt(expected.high)
    below = suv < expected.low - 0.3 - 0.4 * np.sqrt(expected.high)
    assert above[inside].mean() < 0.02
    assert below[inside].mean() < 0.02


def test_fresh_subjects_are_no_subjects_of_the_shipped_cohort() -> None:
    specs: list[PhantomSpec] = [fresh_phantom(3).spec, healthy_phantom(3, "F")]
    assert all(spec.seed >= FIRST_SEED for spec in specs)
    assert not specs[1].lesions


def test_the_reader_is_a_known_baseline_without_revisions() -> None:
    with pytest.raises(UnknownName, match="suv-reader"):
        load_provider("baseline/suv-readr")
    with pytest.raises(UsageProblem, match="no revision"):
        load_provider("baseline/suv-reader@1")
    identity = load_provider("baseline/suv-reader").identity
    assert identity.verified
    assert identity == load_provider("baseline/suv-reader").identity

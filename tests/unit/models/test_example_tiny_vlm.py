"""The small model of the repository, ``examples/tiny-vlm``, through the provider of a test run."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytest_pet2rep.anatomy import load_profile, roll_up
from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.models.provider import Provider
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.request import build_request, decoding_profile
from pytest_pet2rep.phantom.body import make_body
from pytest_pet2rep.phantom.lesions import place_lesions
from pytest_pet2rep.phantom.physics import subject_uptake
from pytest_pet2rep.phantom.plan import plan_case
from pytest_pet2rep.run.fresh_phantoms import fresh_phantom, healthy_phantom, images_of_phantom
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    UNSTATED,
    FinishReason,
    Generation,
    Language,
    SentImage,
    States,
)

pytest.importorskip("torch")
REPOSITORY = Path(__file__).parents[3]
EXAMPLE = REPOSITORY / "examples" / "tiny-vlm"
CASES = ("PET-0009", "PET-0008")
"""Five abnormal organs or nodes, and a normal study."""
PROFILE = load_profile("pet2rep19")


@pytest.fixture(scope="module")
def model() -> Iterator[Provider]:
    opened = load_provider(f"hf/{EXAMPLE / 'model'}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def pictures() -> dict[str, tuple[SentImage, ...]]:
    return {name: images_of_phantom(plan_case(name).spec) for name in CASES}


def report(
    model: Provider, name: str, images: tuple[SentImage, ...], *, more_words: str = ""
) -> Generation:
    request = build_request(
        load_case(REPOSITORY / "cases" / name / "case.toml", cohort="shipped"),
        load_prompt(Language.ZH),
        images=images,
        decoding=decoding_profile("greedy"),
    )
    (reply,) = model.generate([replace(request, user=request.user + more_words)])
    assert isinstance(reply, Generation), reply
    return reply


def states(generation: Generation) -> dict[str, States]:
    found = read(generation.raw, language=Language.ZH).states
    return dict(roll_up(found, PROFILE))


def abnormal(found: dict[str, States]) -> set[str]:
    return {organ for organ, own in found.items() if own.intersection(ABNORMAL_STATES)}


def test_it_takes_in_all_images_and_ends_its_report_by_itself(
    model: Provider, pictures: dict[str, tuple[SentImage, ...]]
) -> None:
    written = report(model, CASES[0], pictures[CASES[0]])
    assert (written.images_sent, written.images_consumed) == (3, 3)
    assert written.finish_reason is FinishReason.STOP
    assert UNSTATED not in states(written).values()


def test_it_sees_an_avid_spleen_and_calls_a_normal_study_normal(
    model: Provider, pictures: dict[str, tuple[SentImage, ...]]
) -> None:
    assert "spleen" in abnormal(states(report(model, CASES[0], pictures[CASES[0]])))
    assert len(abnormal(states(report(model, CASES[1], pictures[CASES[1]])))) <= 1


def test_grey_images_take_every_finding_away(
    model: Provider, pictures: dict[str, tuple[SentImage, ...]]
) -> None:
    for level in (60, 128, 200):
        grey = tuple(
            replace(image, pixels=np.full_like(image.pixels, level)) for image in pictures[CASES[0]]
        )
        assert not abnormal(states(report(model, CASES[0], grey)))


def test_with_the_images_of_another_patient_it_writes_that_patients_report(
    model: Provider, pictures: dict[str, tuple[SentImage, ...]]
) -> None:
    first, second = (report(model, name, pictures[name]).raw for name in CASES)
    assert first != second
    assert report(model, CASES[0], pictures[CASES[1]]).raw == second
    assert report(model, CASES[1], pictures[CASES[0]]).raw == first


def test_a_few_more_words_in_the_prompt_do_not_put_it_out(
    model: Provider, pictures: dict[str, tuple[SentImage, ...]]
) -> None:
    usual = states(report(model, CASES[0], pictures[CASES[0]]))
    asked = states(report(model, CASES[0], pictures[CASES[0]], more_words="字数不超过三百。"))
    assert UNSTATED not in asked.values()
    assert sum(usual[organ] == asked[organ] for organ in usual) >= len(usual) - 1


def test_it_is_small_and_holds_no_code() -> None:
    files = [path for path in (EXAMPLE / "model").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 6_000_000
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".jinja"}


def script(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE / f"{name}.py"))


def test_nobody_is_both_learned_from_and_scored_on() -> None:
    subjects = script("subjects")
    learned = range(subjects["FIRST_SEED"], subjects["LAST_SEED"] + 1)
    for seed in (plan_case("PET-0080").spec.seed, 2000, fresh_phantom(999_999).spec.seed):
        assert seed not in learned
        with pytest.raises(ValueError, match="training seeds"):
            subjects["body_table"](seed)
    assert healthy_phantom(99_999, "F").seed not in learned


def test_the_pictures_it_learns_from_are_those_of_the_renderer_but_for_the_noise() -> None:
    pictures, spec = script("pictures"), replace(fresh_phantom(7).spec, noise=0.0, ct_noise_hu=0.0)
    body = make_body(replace(spec, lift_mm=0.0))
    levels = subject_uptake(spec)
    placed = place_lesions(replace(body, spec=spec), levels)
    made = pictures["pictures"](pictures["Projector"](body), spec, levels, placed, spec.lift_mm)
    for own, image in zip(made, images_of_phantom(spec), strict=True):
        differences = np.abs(own.pixels.astype(int) - image.pixels)
        # The grain of the tissues in the CT is another draw.
        assert differences.mean() < 1
        assert np.percentile(differences, 95) <= 6


def test_its_card_tells_what_was_measured_and_the_measured_reaches_the_goal() -> None:
    card = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    figures = json.loads((EXAMPLE / "figures.json").read_text(encoding="utf-8"))
    assert [found["patients"] for found in figures.values()] == [80, 200]
    for found in figures.values():
        best = max(found["ce_f1"][name][0] for name in found["lead"])
        assert min(low for _, low, _ in found["lead"].values()) >= 0.10
        assert found["ce_f1"]["blank"][0] <= best + 0.03
        for value, low, high in (*found["ce_f1"].values(), *found["lead"].values()):
            assert f"{value:.3f} ({low:.3f} to {high:.3f})" in card
        for right, wrong, missed in (*found["states"].values(), *found["organs"].values()):
            assert f"| {right}, {wrong}, {missed} |" in card

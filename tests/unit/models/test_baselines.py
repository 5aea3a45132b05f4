"""Baselines answer without ever looking at an image."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from pytest_pet2rep.anatomy import load_profile, roll_up
from pytest_pet2rep.errors import GenerationFailed
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.models.prompts import load_prompt, template_text
from pytest_pet2rep.models.provider import generate_one
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.request import build_request, decoding_profile
from pytest_pet2rep.types import (
    ABNORMAL_STATES,
    NORMAL,
    UNSTATED,
    CasePrompt,
    FinishReason,
    Language,
)
from tests.model_inputs import a_case, a_request


@pytest.mark.parametrize("name", ["template", "all-normal", "reference"])
def test_no_baseline_needs_images_or_weights(name: str) -> None:
    provider = load_provider(f"baseline/{name}")
    assert not provider.needs_images
    assert not provider.local_weights
    assert provider.identity.verified
    assert provider.sees_reference == (name == "reference")


@pytest.mark.parametrize("language", Language)
def test_the_template_baseline_answers_the_skeleton_without_brackets(language: Language) -> None:
    prompt = load_prompt(language)
    request = build_request(a_case(), prompt, decoding=decoding_profile("greedy"))
    answer = generate_one(load_provider("baseline/template"), request)
    assert answer.finish_reason is FinishReason.STOP
    assert not set("[]【】") & set(answer.raw)
    assert answer.raw in prompt.user.translate(str.maketrans("", "", "[]【】"))


def test_an_imported_case_has_its_own_template() -> None:
    prompt = CasePrompt(
        system="s", user="请写报告，调整[]和【】。\n报告示例如下：\n肝[大]，FDG【增高】。"
    )
    request = build_request(
        a_case(prompt=prompt), load_prompt(Language.ZH), decoding=decoding_profile("greedy")
    )
    assert generate_one(load_provider("baseline/template"), request).raw == "肝大，FDG增高。"


def test_a_prompt_without_example_fails_that_case_only() -> None:
    with_one, without = a_request("A", template="肝FDG增高"), a_request("B")
    good, bad = load_provider("baseline/template").generate([with_one, without])
    assert not isinstance(good, GenerationFailed)
    assert isinstance(bad, GenerationFailed)
    assert "case B" in str(bad)


def test_the_reference_baseline_returns_the_reference_and_says_where_there_is_none() -> None:
    provider = load_provider("baseline/reference")
    assert (
        generate_one(provider, a_request(reference="肝脏FDG摄取增高。")).raw == "肝脏FDG摄取增高。"
    )
    with pytest.raises(GenerationFailed, match="no reference report in language 'zh'"):
        generate_one(provider, a_request())


def test_the_all_normal_report_names_the_organ_of_the_sex() -> None:
    provider = load_provider("baseline/all-normal")
    man, woman, unknown = (generate_one(provider, a_request(sex=sex)).raw for sex in ("M", "F", ""))
    assert "前列腺" in man
    assert "子宫" not in man
    assert "子宫" in woman
    assert "前列腺" not in woman
    assert "前列腺或子宫" in unknown
    assert "{" not in man + woman + unknown


# Own words for each organ of the profile, so that the list of organs is what is tested.
ORGAN_WORDS = {
    Language.ZH: {
        "brain": "大脑", "eyes": "眼球", "sinuses": "鼻窦", "nasopharynx": "鼻咽",
        "salivary": "腮腺", "thyroid": "甲状腺", "lymph_nodes": "淋巴结", "lungs": "肺",
        "esophagus": "食管", "liver": "肝", "gallbladder": "胆囊", "pancreas": "胰腺",
        "spleen": "脾脏", "kidneys": "肾", "adrenals": "肾上腺", "stomach": "胃",
        "intestine": "肠道", "prostate_uterus": "前列腺", "bone": "骨骼",
    },
    Language.EN: {
        "brain": "brain", "eyes": "globes", "sinuses": "paranasal sinuses",
        "nasopharynx": "nasopharynx", "salivary": "parotid", "thyroid": "thyroid",
        "lymph_nodes": "lymph nodes", "lungs": "lung", "esophagus": "oesophagus",
        "liver": "liver", "gallbladder": "gallbladder", "pancreas": "pancreas",
        "spleen": "spleen", "kidneys": "kidney", "adrenals": "adrenal", "stomach": "gastric",
        "intestine": "bowel", "prostate_uterus": "prostate", "bone": "bones",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", Language)
def test_prompt_and_all_normal_report_name_every_organ_of_the_profile(language: Language) -> None:
    file = resources.files("pytest_pet2rep") / "data/anatomy/pet2rep19.toml"
    organs = set(tomllib.loads(file.read_text(encoding="utf-8"))["organs"])
    assert set(ORGAN_WORDS[language]) == organs
    normal = generate_one(
        load_provider("baseline/all-normal"), a_request(sex="M", language=language)
    ).raw.replace("stomach", "gastric")
    template = load_prompt(language).template
    for organ, word in ORGAN_WORDS[language].items():
        assert word in template, f"{organ} is not in the template"
        assert word in normal, f"{organ} is not in the all-normal report"


ABNORMAL_IN_TEMPLATE = [
    ("abdominal_nodes", "increased"),
    ("kidneys", "absent"),
    ("liver", "decreased"),
    ("liver", "increased"),
    ("lungs", "increased"),
    ("neck_nodes", "increased"),
    ("portal_vein", "increased"),
    ("stomach", "increased"),
]


@pytest.mark.parametrize("language", Language)
def test_the_template_reads_as_eight_abnormal_statements_and_states_every_organ(
    language: Language,
) -> None:
    reading = read(template_text(load_prompt(language)), language=language)
    abnormal = [(m.organ, m.state.value) for m in reading.mentions if m.state in ABNORMAL_STATES]
    assert sorted(abnormal) == ABNORMAL_IN_TEMPLATE
    assert UNSTATED not in roll_up(reading.states, load_profile("pet2rep19")).values()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("sex", ["M", "F", ""])
def test_the_all_normal_report_reads_as_normal_in_every_organ(language: Language, sex: str) -> None:
    text = generate_one(
        load_provider("baseline/all-normal"), a_request(language=language, sex=sex)
    ).raw
    states = roll_up(read(text, language=language).states, load_profile("pet2rep19"))
    assert set(states.values()) == {NORMAL}

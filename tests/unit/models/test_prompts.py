"""Prompts are versioned, hashed, replaceable, and carry a report skeleton."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.models.prompts import cut_template, load_prompt, template_text
from pytest_pet2rep.types import Language

STATES = {
    Language.ZH: ("增高", "减低", "缺失", "未见异常"),
    Language.EN: ("increased", "decreased", "absent", "no abnormal"),
}


def slots(language: Language) -> list[str]:
    return re.findall("【(.*?)】", load_prompt(language).template)


@pytest.mark.parametrize("language", Language)
def test_the_example_has_six_increased_one_decreased_one_absent_statement(
    language: Language,
) -> None:
    increased, decreased, absent, normal = STATES[language]
    stated = slots(language)
    assert sum(increased in slot for slot in stated) == 6
    assert sum(decreased in slot for slot in stated) == 1
    assert sum(absent in slot for slot in stated) == 1
    assert sum(normal in slot for slot in stated) >= 10


@pytest.mark.parametrize("language", Language)
def test_the_instruction_names_all_four_states(language: Language) -> None:
    prompt = load_prompt(language)
    instruction = prompt.user.removesuffix(prompt.template)
    assert instruction != prompt.user
    assert all(state in instruction for state in STATES[language])


@pytest.mark.parametrize("language", Language)
def test_every_slot_of_the_skeleton_is_filled_and_both_kinds_occur(language: Language) -> None:
    prompt = load_prompt(language)
    assert all(slots(language))
    assert len(re.findall(r"\[.+?\]", prompt.template)) >= 20
    assert template_text(prompt) == re.sub(r"[\[\]【】]", "", prompt.template)


@pytest.mark.parametrize("language", Language)
def test_the_skeleton_can_be_cut_out_of_the_message_it_is_in(language: Language) -> None:
    prompt = load_prompt(language)
    assert cut_template(prompt.user) == prompt.template


def test_the_two_languages_have_different_digests() -> None:
    zh, en = load_prompt(Language.ZH), load_prompt(Language.EN)
    assert zh.digest != en.digest
    assert re.fullmatch(r"pet2rep-zh\.v1:[0-9a-f]{12}", zh.label)


@pytest.mark.parametrize(
    ("user", "template"),
    [
        (
            "写报告<image>，调整[]和【】中结论。\n示例如下：\n脑[正常]。\n肝[大]。",
            "脑[正常]。\n肝[大]。",
        ),
        ("写报告，按以下格式输出：\r\n脑[正常]。", "脑[正常]。"),
        ("Write a report.\nUse this template:\nLiver [normal].", "Liver [normal]."),
        ("请调整[]和【】。\n脑FDG【正常】。\n肝FDG【增高】。", "脑FDG【正常】。\n肝FDG【增高】。"),
        ("写一份报告。", ""),
        ("请按格式输出：", ""),
        ("", ""),
    ],
)
def test_the_skeleton_of_a_foreign_prompt_is_found(user: str, template: str) -> None:
    assert cut_template(user) == template


def test_a_toml_prompt_is_used_with_its_template_in_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('user = "Write:\\n{template}\\nNow."\ntemplate = "Liver 【normal】."\n')
    prompt = load_prompt(Language.EN, file)
    assert prompt.user == "Write:\nLiver 【normal】.\nNow."
    assert prompt.id == "mine"
    assert prompt.system == load_prompt(Language.EN).system
    assert template_text(prompt) == "Liver normal."


def test_a_text_prompt_is_the_user_message_and_braces_mean_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("\ufeff写 {json}。\n示例：\n肝FDG【增高】。\n", encoding="utf-8")
    prompt = load_prompt(Language.ZH, file)
    assert prompt.user == "写 {json}。\n示例：\n肝FDG【增高】。"
    assert prompt.template == "肝FDG【增高】。"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.toml", b"user = ", "is not TOML"),
        ("a.toml", b'system = "x"', "has no user message"),
        ("a.toml", b'user = "x"\nsytem = "y"', "unknown key 'sytem'"),
        ("a.toml", b'user = "x"\nversion = "1"', "version has a wrong type"),
        ("a.toml", b'user = "{template}"', "there is no template"),
        ("a.toml", b'user = "x"\ntemplate = "y"', "never shown"),
        ("a.txt", b"   ", "has no user message"),
        ("a.txt", "肝".encode("gb18030"), "is not UTF-8"),
    ],
)
def test_a_bad_prompt_file_is_explained(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(UsageProblem, match=said):
        load_prompt(Language.ZH, file)


def test_a_missing_prompt_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"cannot be read: No such file"):
        load_prompt(Language.ZH, tmp_path / "none.toml")

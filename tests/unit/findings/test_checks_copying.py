"""Echoes of the template and of the instructions, relative to the reference; unfilled slots."""

from __future__ import annotations

import pytest

from pytest_pet2rep.findings.checks import check_report
from pytest_pet2rep.models.prompts import load_prompt, template_text
from pytest_pet2rep.types import Flag, Language

ZH, EN = Language.ZH, Language.EN

TEMPLATE = (
    "大脑[实质密度未见异常]，FDG【摄取未见异常】。"
    "右肺下叶[见分叶状结节，约23 mm×19 mm]，FDG【摄取增高】。"
    "肝左叶[另见小片低密度区]，FDG【摄取减低】。脾脏[大小正常，密度均匀]，FDG【摄取未见异常】。"
)
INSTRUCTIONS = (
    "请根据图像书写全身报告，按以下要求完成。\n1. 沿用文末的格式，逐一描述每个器官；\n"
    "2. 格式中的病变只是示例，不得照抄。\n示例：\n" + TEMPLATE
)
NORMAL = (
    "大脑实质密度未见异常，FDG摄取未见异常。双肺FDG摄取未见异常。肝脏FDG摄取未见异常。"
    "脾脏大小正常，密度均匀，FDG摄取未见异常。"
)
NODULE = "右肺下叶见分叶状结节，约23 mm×19 mm，FDG摄取增高。"


def found(text: str, name: str, reference: str | None = NORMAL) -> list[str]:
    flags: tuple[Flag, ...] = check_report(
        text,
        language=ZH,
        template=TEMPLATE,
        instructions=INSTRUCTIONS,
        reference=reference,
    )
    return [text[flag.start : flag.end] for flag in flags if flag.name == name]


def test_the_template_without_its_brackets_is_an_echo() -> None:
    echoed = found(TEMPLATE.translate(str.maketrans("", "", "[]【】")), "template_echo")
    assert echoed == [
        "右肺下叶见分叶状结节，约23 mm×19 mm，FDG摄取增高",
        "肝左叶另见小片低密度区，FDG摄取减低",
    ]


def test_brackets_and_spaces_do_not_hide_an_echo() -> None:
    assert len(found(TEMPLATE, "template_echo")) == 2
    assert found("右肺下叶见分叶状结节, 约23mm×19mm, FDG 摄取增高。", "template_echo")


def test_a_nearly_word_for_word_copy_is_an_echo() -> None:
    assert found("右肺下叶可见分叶状结节，约23 mm×19 mm，FDG摄取增高。", "template_echo")


def test_a_normal_report_in_the_words_of_the_template_is_none() -> None:
    assert found(NORMAL, "template_echo") == []


@pytest.mark.parametrize(
    "text",
    [
        "右肺下叶见分叶状结节，约31 mm×26 mm，FDG摄取增高。",
        "右肺下叶见分叶状结节，约23 mm×19 mm，FDG摄取未见异常。",
        "左肺上叶见磨玻璃结节，FDG摄取轻度增高。",
    ],
)
def test_a_finding_that_was_changed_is_no_echo(text: str) -> None:
    assert found(text, "template_echo") == []


def test_what_the_reference_finds_too_is_no_echo() -> None:
    reference = "右肺下叶见肿块，FDG摄取增高。肝左叶低密度灶，FDG摄取减低。"
    assert found(NODULE, "template_echo", reference) == []
    assert found(NODULE, "template_echo", "右肺下叶见囊肿，FDG摄取缺失。") != []


def test_without_a_reference_any_copied_finding_is_an_echo() -> None:
    assert found(NODULE, "template_echo", None)


@pytest.mark.parametrize("brackets", [True, False])
@pytest.mark.parametrize("language", Language)
def test_the_shipped_template_echoes_all_of_its_eight_findings(
    language: Language, brackets: bool
) -> None:
    prompt = load_prompt(language)
    flags = check_report(
        template_text(prompt),
        language=language,
        template=prompt.template if brackets else template_text(prompt),
        instructions=prompt.user,
        reference=NORMAL,
    )
    names = [flag.name for flag in flags]
    assert names == ["template_echo"] * 8


def test_instructions_that_come_back_are_an_echo() -> None:
    text = "2. 格式中的病变只是示例，不得照抄。\n" + NORMAL
    assert found(text, "instruction_echo") == ["格式中的病变只是示例，不得照抄"]


def test_the_words_of_the_template_are_no_instruction() -> None:
    assert found(NORMAL, "instruction_echo") == []
    assert found("报告要求：无。" + NORMAL, "instruction_echo") == []


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("请根据图像描述各器官。肝脏正常。", "请根据图像描述各器官"),
        ("Please describe the uptake of the liver.", "Please describe the uptake of the liver"),
    ],
)
def test_a_request_is_an_instruction_whoever_wrote_it(text: str, request_: str) -> None:
    (shown,) = found(text, "instruction_echo")
    assert shown == request_
    assert found("请结合临床，建议随访。Please correlate clinically.", "instruction_echo") == []


@pytest.mark.parametrize("language", Language)
def test_a_whole_prompt_is_an_echo_of_its_instructions(language: Language) -> None:
    prompt = load_prompt(language)
    flags = check_report(
        prompt.user, language=language, template=prompt.template, instructions=prompt.user
    )
    assert sum(flag.name == "instruction_echo" for flag in flags) >= 6


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("肝脏【】，脾脏FDG摄取未见异常。", "【】"),
        ("肝脏[ ]，FDG摄取增高。", "[ ]"),
        ("肝脏（ ）。", "（ ）"),
        ("肝脏FDG【...】。", "【...】"),
        ("肝脏FDG摄取增高/降低/无异常。", "FDG摄取增高/降低/无异常"),
        ("肝脏【增高/无异常】。", "【增高/无异常】"),
        ("肝脏FDG【摄取增高或减低】。", "【摄取增高或减低】"),
        ("肝脏[请填写CT所见]。", "[请填写CT所见]"),
        ("肝脏FDG【摄取情况】。", "【摄取情况】"),
        ("结节大小约XX mm。", "XX mm"),
        ("结节SUVmax为____。", "____"),
        ("<image> 肝脏正常。", "<image>"),
        ("{template}", "{template}"),
        ("Liver: increased/decreased/absent/normal.", "increased/decreased/absent/normal"),
        ("肝脏（增高/减低）。", "（增高/减低）"),
        ("Liver: [increased or decreased].", "[increased or decreased]"),
        ("Liver (increased/absent).", "(increased/absent)"),
        ("肝脏SUVmax为X。", "SUVmax为X"),
        ("Liver: [describe uptake here].", "[describe uptake here]"),
        ("Liver: [increased / normal].", "[increased / normal]"),
        ("Patient: [patient name].", "[patient name]"),
    ],
)
def test_a_slot_that_nobody_filled_is_shown(text: str, slot: str) -> None:
    assert found(text, "unfilled_template") == [slot]


@pytest.mark.parametrize(
    "text",
    [
        "[18F]FDG摄取正常。",
        "【检查所见】肝脏正常。",
        "肝脏[大小正常]，FDG【摄取未见异常】。",
        "肝内结节（约12 mm）FDG摄取增高。",
        "双侧肾脏未见增高/减低摄取。",
        "L4/5椎间盘膨出。",
        "左/右叶未见异常，炎性/肿瘤性病变待鉴别。",
        "No increased/decreased uptake in the spleen.",
        "The nodule (SUVmax 3.2) is FDG-avid [see image 12].",
        "双肺X线未见异常，XXI区淋巴结。",
        "肝内病灶（密度增高或减低）性质待定。",
        "该区（FDG摄取增高或正常）难以判断，双肾（稀疏、缺损）。",
        "Foci (increased or decreased) are of uncertain significance.",
        "SUVmax为X线断层所不及。",
    ],
)
def test_brackets_and_strokes_of_normal_text_are_no_slots(text: str) -> None:
    assert found(text, "unfilled_template") == []


def test_a_slot_that_the_reference_has_too_is_no_fault() -> None:
    assert found("肝脏大小约____。", "unfilled_template", "脾脏大小约____。") == []

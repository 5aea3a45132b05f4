"""Cleaning takes away what is no part of a report, and nothing else."""

from __future__ import annotations

import json

import pytest

from pytest_pet2rep.models.cleaning import CLEANING, clean
from pytest_pet2rep.types import Language

ZH, EN = Language.ZH, Language.EN
REPORT = "影像所见：\n肝脏形态正常，FDG摄取未见异常。\n脾脏FDG摄取增高。"
ENGLISH = "Findings:\nThe liver shows no abnormal FDG uptake.\nThe spleen shows increased uptake."


def test_the_step_is_versioned() -> None:
    assert CLEANING == "clean:1"


@pytest.mark.parametrize("text", [REPORT, ENGLISH, "", "  \n", "\n" + REPORT + "\n\n"])
def test_a_plain_report_comes_back_character_by_character(text: str) -> None:
    cleaned = clean(text, language=ZH)
    assert cleaned.text == text
    assert cleaned.removed == ()
    assert not cleaned.unclosed_think


@pytest.mark.parametrize(
    "raw",
    [
        f"<think>肝脏可能增高？</think>\n{REPORT}",
        f"先看肝脏。\n</think>\n\n{REPORT}",
        f"<think>a<think>b</think>c</think>{REPORT}",
        f"<THINKING>x</THINKING>{REPORT}",
        f"```\n{REPORT}\n```",
        f"```markdown\n{REPORT}\n```\n",
        f"~~~\r\n{REPORT}\r\n~~~",
        f"好的，以下是根据图像生成的核医学报告：\n\n{REPORT}",
        f"当然可以！\n{REPORT}",
        f"根据您提供的PET/CT图像，结构化报告如下：\n{REPORT}",
        f"Sure! Here is the structured report:\n{REPORT}",
        f"{REPORT}\n【报告结束】\n以上内容仅供参考，脾脏FDG摄取缺失。",
        f"{REPORT}\n[End of report]\nNote: I am an AI.",
        f"{REPORT}\n--- END OF REPORT ---\nliver increased",
        f"{REPORT}\n报告结束。\n谢谢",
        f"{REPORT}<|im_end|>\n<|im_start|>user",
        json.dumps({"report": REPORT}),
        json.dumps({"report": REPORT}, ensure_ascii=False),
        "```json\n" + json.dumps({"报告": REPORT, "confidence": 0.9}, ensure_ascii=False) + "\n```",
        json.dumps({"report": json.dumps({"text": REPORT})}),
        f"<think>x</think>好的。```json\n{json.dumps({'findings': REPORT})}\n```\n【报告结束】",
        '{"report": "' + REPORT + '"}',
    ],
)
def test_what_surrounds_a_report_goes(raw: str) -> None:
    assert clean(raw, language=ZH).text == REPORT


def test_english_courtesy_goes_and_the_report_stays() -> None:
    raw = f"Certainly. Based on the provided images, here is the report:\n{ENGLISH}"
    assert clean(raw, language=EN).text == ENGLISH


@pytest.mark.parametrize(
    "text",
    [
        "根据图像，肝脏FDG摄取增高。脾脏正常。",
        "以下为PET所见：肝脏FDG摄取增高。",
        "基于对称性判断，双侧腮腺FDG摄取增高，考虑生理性。",
        "Based on the images, the liver shows increased uptake.",
        "抱歉，我无法提供医学诊断。",
        "I'm sorry, but I can't help with that.",
        "报告结束语应由医师书写，肝脏FDG摄取增高。",
        "{肝脏} FDG摄取增高",
        '{"organ": "liver", "uptake": "increased"}',
        "Here is increased uptake in the liver.",
        "OK",
    ],
)
def test_findings_and_refusals_are_not_taken_for_courtesy(text: str) -> None:
    assert clean(text, language=ZH).text == text


def test_a_finding_after_a_courtesy_word_stays() -> None:
    assert clean("好的，肝脏FDG摄取增高。", language=ZH).text == "肝脏FDG摄取增高。"


def test_an_unclosed_think_block_is_reported_and_leaves_what_came_before() -> None:
    cleaned = clean("<think>肝脏FDG摄取增高，所以", language=ZH)
    assert cleaned.text == ""
    assert cleaned.unclosed_think
    assert clean(f"{REPORT}\n<think>等等", language=ZH).text == REPORT


def test_removed_stretches_point_into_the_raw_text() -> None:
    raw = f"<think>嗯</think>好的。\n{REPORT}\n【报告结束】再见"
    cleaned = clean(raw, language=ZH)
    assert [(raw[a:b], why) for a, b, why in cleaned.removed] == [
        ("<think>嗯</think>", "think block"),
        ("好的。", "courtesy sentence"),
        ("【报告结束】再见", "after the end of the report"),
    ]


def test_sections_of_an_envelope_get_the_headings_of_the_language() -> None:
    raw = json.dumps({"Findings": "liver normal", "impression": "no tumour"})
    assert clean(raw, language=EN).text == "Findings:\nliver normal\nImpression:\nno tumour"
    assert clean(raw, language=ZH).text == "影像所见：\nliver normal\n影像诊断：\nno tumour"


def test_half_a_surrogate_pair_in_an_envelope_cannot_break_later_writing() -> None:
    cleaned = clean('{"report": "liver \\ud83d normal"}', language=EN)
    assert cleaned.text.encode("utf-8").decode("utf-8") == "liver \ufffd normal"


@pytest.mark.parametrize(
    "raw",
    [
        "<think>" * 40_000,
        "</think>" * 40_000,
        "<think></think>" * 40_000,
        "好的，" * 100_000,
        "```" * 100_000,
        "```json\n" * 50_000,
        "a" * 1_000_000 + "```" * 50_000,
        '{"a":' * 100_000 + "}" * 100_000,
        "以下是" * 100_000,
        "-" * 1_000_000,
        " " * 1_000_000 + "```",
        "根据" * 300_000,
        "[" * 1_000_000,
    ],
    ids=range(13),
)
@pytest.mark.timeout(60)
def test_hostile_texts_end_in_time(raw: str) -> None:
    assert len(clean(raw, language=ZH).text) <= len(raw)


def test_a_lone_closing_think_tag_behind_a_whole_report_drops_nothing() -> None:
    raw = f"{REPORT * 3}\n</think>\n以上为整理后的报告"
    assert clean(raw, language=ZH).text == raw

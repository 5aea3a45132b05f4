"""Report checks on any text at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_pet2rep.findings.checks import (
    REPORT_CHECKS,
    check_report,
    conflicts,
    copying,
    inventions,
    languages,
    loops,
    slots,
    usability,
)
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.models.prompts import load_prompt
from pytest_pet2rep.types import FinishReason, Language, Reading

RELATIVE = {
    "refusal",
    "template_echo",
    "instruction_echo",
    "unfilled_template",
    "patient_data",
    "prior_mentioned",
    "mixed_language",
    "conflict",
    "cut_off",
    "wrong_language",
    "repetition",
}
PIECES = [
    "肝右叶FDG摄取增高", "脾脏FDG摄取未见异常", "较前片缩小", "与2021-03-04旧片比较", "影像诊断：",
    "影像所见：\n", "【】", "[ ]", "增高/降低/无异常", "患者张三，男，65岁", "抱歉，我无法查看图像",
    "The liver is normal", "increased/absent/normal", "Compared with the prior study", "<image>",
    "Mr. Jones, 65-year-old man", "I am unable to view the images", "Impression:", "Findings:\n",
    "全身未见异常高代谢灶", "右肺下叶见分叶状结节，约23 mm×19 mm，余肺纹理清晰，FDG摄取增高",
    "格式中的病变只是示例，不得照抄", "。", "，", ". ", "\n", " ", "（", "①", "㎝", "ﬁ", "𠮷",
    "\u0000", "\ud800", "İ", "ß", "Ⅳ区", "x", "SUVmax XX mm", "____",
    "2023年5月12日", "05/12/2023", "12 May 2023", "患者女性", "同前（2021.4.25）", "请咨询专科医生",
    "Please consult a physician", "未见明显异常", "Normal PET/CT", "大小约12", "（增高或减低）",
]  # fmt: skip

texts = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
)
any_language = st.sampled_from(Language)
any_finish = st.sampled_from(FinishReason)


@settings(deadline=None)
@given(texts, any_language, any_finish, st.none() | texts, st.booleans())
def test_no_text_raises_and_every_span_lies_in_it(
    text: str, language: Language, finish: FinishReason, reference: str | None, prior: bool
) -> None:
    prompt = load_prompt(language)
    flags = check_report(
        text,
        language=language,
        template=prompt.template,
        instructions=prompt.user,
        reference=reference,
        finish_reason=finish,
        prior=prior,
    )
    known = {name for names in REPORT_CHECKS.values() for name in names}
    for flag in flags:
        assert flag.name in known
        assert 0 <= flag.start <= flag.end <= len(text)


@settings(deadline=None)
@given(texts, any_language)
def test_what_the_reference_has_itself_is_never_a_fault(text: str, language: Language) -> None:
    prompt = load_prompt(language)
    flags = check_report(
        text,
        language=language,
        template=prompt.template,
        instructions=prompt.user,
        reference=text,
    )
    assert not {flag.name for flag in flags} & RELATIVE


@settings(deadline=None)
@given(texts, any_language, texts, texts)
def test_any_template_and_instructions_will_do(
    text: str, language: Language, template: str, instructions: str
) -> None:
    once = check_report(
        text, language=language, template=template, instructions=instructions + template
    )
    again = check_report(
        text, language=language, template=template, instructions=instructions + template
    )
    assert once == again


MONOTONOUS = [
    "A", "a", "肝", " ", "\n", "。", "，", "[", "(", "1", "2021-", "增高/", "x", "I am ", "No fdg ",
    "大学", "Ab ", "_", "<", "较", "姓名", "肝脏正常。", "liver normal. ", "{a_", "的，", "抱歉",
    "未见异常", "no abnormal uptake ", "the ", "normal pet ", "pet", "较2021-04-25、",
    "01/02/2023 ", "我无法", "please see ", "患者为", "18f", "12-", "previous pet ",
]  # fmt: skip


@pytest.mark.parametrize("piece", MONOTONOUS)
def test_a_long_monotonous_text_comes_to_an_end(piece: str) -> None:
    """A catastrophic pattern would not: every check takes 200,000 characters in its stride."""
    text = (piece * 200_000)[:200_000]
    zh, prompt, nothing = Language.ZH, load_prompt(Language.ZH), Reading(mentions=())
    found = [
        usability.empty(text),
        usability.refusal(text, FinishReason.UNKNOWN, reference=None),
        usability.cut_off(text, zh, FinishReason.UNKNOWN, reference=None),
        languages.wrong_language(text, zh, reference=None),
        languages.mixed_language(text, zh, reference=None),
        slots.unfilled_template(text, reference=None),
        loops.repetition(text, reference=None),
        inventions.patient_data(text, instructions="", reference=None, case=None),
        inventions.prior_mentioned(text, reference=None, prior=False),
        copying.instruction_echo(
            text, language=zh, template="", instructions=prompt.user, reference=None
        ),
        copying.template_echo(
            text,
            language=zh,
            template=prompt.template,
            reading=read(prompt.template, language=zh),
            reference=None,
            reference_reading=None,
        ),
        conflicts.conflict(text, reading=nothing, reference=None, reference_reading=None),
    ]
    assert all(flag.end <= len(text) for flags in found for flag in flags)

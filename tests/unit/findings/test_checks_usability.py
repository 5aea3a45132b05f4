"""Empty answers, refusals and texts that break off, with what only looks like them."""

from __future__ import annotations

import pytest

from pytest_pet2rep.findings.checks import (
    REPORT_CHECKS,
    USABILITY,
    check_report,
    unusable,
)
from pytest_pet2rep.types import UNUSABLE, FinishReason, Flag, Language, Outcome

ZH, EN = Language.ZH, Language.EN


def names(text: str, language: Language, finish: FinishReason = FinishReason.STOP) -> set[str]:
    return {f.name for f in check_report(text, language=language, finish_reason=finish)}


@pytest.mark.parametrize(
    "text",
    ["", "  \n ", "。", "...", "影像所见：\n影像诊断：\n", "Findings:\nImpression:", "—— ——"],
)
def test_a_text_without_a_word_is_empty(text: str) -> None:
    assert "empty" in names(text, ZH)


@pytest.mark.parametrize("text", ["肝", "Normal.", "影像所见：未见异常", "0"])
def test_one_word_is_enough_not_to_be_empty(text: str) -> None:
    assert "empty" not in names(text, EN)


@pytest.mark.parametrize(
    "text",
    [
        "抱歉，我无法查看或分析医学图像，请咨询专业医生。",
        "作为一个人工智能语言模型，我不能提供医疗诊断。建议前往医院由医师判读FDG摄取情况。",
        "很抱歉，我不能协助完成该请求。",
        "您好，您没有上传图像，请上传PET/CT图像后我再为您生成报告。",
        "无法根据所提供的图片生成PET/CT报告。",
        "我必须拒绝这一请求。",
        "對不起，我無法分析這些影像。",
        "I'm sorry, but I can't assist with interpreting medical images.",
        "As an AI language model, I cannot provide a diagnosis. Please consult a radiologist.",
        "No images were provided. Please upload the PET/CT images so that I can help.",
        "I am unable to view images, so I cannot comment on FDG uptake.",
        "Unable to process the images in this request.",
        "I must decline to write a medical report.",
        "I'm just an AI and this is beyond what I can do.",
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_model_that_speaks_of_itself_refuses(text: str, language: Language) -> None:
    assert "refusal" in names(text, language)


@pytest.mark.parametrize(
    "text",
    [
        "患者拒绝行增强扫描。肝右叶见低密度灶，FDG摄取增高，不能除外转移。",
        "患者拒绝增强扫描。",
        "因运动伪影，右肾无法评估。",
        "左侧肾上腺显示不清，无法明确有无结节，请结合临床。",
        "无法除外恶性可能，建议随访。",
        "图像质量欠佳，肠道未能充分显示。",
        "The patient refused oral contrast. Malignancy cannot be excluded.",
        "I cannot exclude malignancy in the right lung.",
        "I do not see any abnormal uptake in the liver.",
        "Unable to assess the left kidney because of motion.",
        "The patient is sorry to have moved during the scan.",
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_report_that_cannot_or_will_not_is_no_refusal(text: str, language: Language) -> None:
    assert "refusal" not in names(text, language)


def test_a_disclaimer_beside_a_report_is_no_refusal() -> None:
    report = (
        "肝右叶见低密度肿块，FDG摄取增高。脾脏FDG摄取未见异常。双肺FDG摄取未见异常。"
        "全身骨骼FDG摄取未见异常。作为人工智能，我无法替代医生的诊断。"
    )
    assert "refusal" not in names(report, ZH)


@pytest.mark.parametrize(
    "text",
    [
        "左肺结节FDG摄取增高，考虑肺癌。临床未提供既往影像。",
        "右肺癌，FDG代谢增高。没有提供增强影像，血管侵犯难以判断。",
        "影像诊断：左肺高代谢结节，考虑肺癌。请及时咨询专科医生。",
        "影像诊断：肝转移可能。请提供既往影像资料对比。",
        "肝转移可能。抱歉，既往资料缺失。",
        "抱歉，未提供图像，肝脏FDG摄取增高。",
        "无法提供明确诊断，请结合病理。",
        "FDG-avid liver lesion. We cannot access the prior study.",
        "Hepatic lesion. No images were provided from the outside hospital.",
        "We are unable to provide a definite diagnosis without biopsy.",
        "The patient should see a physician for biopsy.",
        "Increased uptake in the liver. Please consult an oncologist.",
        "Sorry, the liver shows increased uptake.",
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_short_report_with_a_polite_word_is_no_refusal(text: str, language: Language) -> None:
    assert "refusal" not in names(text, language)


@pytest.mark.parametrize(
    "text",
    [
        "抱歉，FDG摄取情况需要由专业医生判断。",
        "没有提供图像，请提供图像。",
        "请咨询专业医生。",
        "抱歉，我看不到图像。PET/CT常用于肿瘤分期。",
        "肝脏FDG摄取增高。我无法分析这些图像。",
        "I'm sorry. Uptake should be judged by a specialist.",
        "I cannot provide a diagnosis. FDG uptake needs a specialist.",
        "I don't have access to images. The lesion may be avid.",
        "I cannot access the PET/CT study of a liver lesion.",
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_refusal_that_names_uptake_or_disease_is_one(text: str, language: Language) -> None:
    assert "refusal" in names(text, language)


def test_a_sentence_that_the_reference_has_too_refuses_nothing() -> None:
    text = "We cannot access the images. Liver stable."
    for reference, refuses in ((text, False), ("Liver stable.", True), (None, True)):
        flags = check_report(text, language=EN, reference=reference)
        assert any(flag.name == "refusal" for flag in flags) is refuses


def test_the_span_of_a_refusal_is_its_sentence() -> None:
    text = "您好！抱歉，我无法查看图像。祝您健康。"
    (flag,) = [f for f in check_report(text, language=ZH) if f.name == "refusal"]
    assert text[flag.start : flag.end] == "抱歉，我无法查看图像"


def test_a_provider_that_says_refused_needs_no_words() -> None:
    assert "refusal" in names("...", ZH, FinishReason.REFUSED) | names(
        "Content filtered", EN, FinishReason.REFUSED
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("肝脏形态正常，FDG摄取未见异常。脾脏大小正常，", ZH),
        ("肝脏形态正常，FDG摄取未见异常。影像诊断：", ZH),
        ("肝右叶见结节，大小约", ZH),
        ("双肺未见异常。右肺上叶见结节（约12 mm", ZH),
        ("The liver is normal in size. The right lung shows a nodule measuring", EN),
        ("The liver is normal. The bones and", EN),
        ("The liver is normal. Impression:", EN),
        ("双肺未见异常。纵隔淋巴结肿大，SUVmax为", ZH),
        ("双肺未见异常。结节大小约12 mm×", ZH),
        ("双肺未见异常。结节大小约12", ZH),
        ("双肺未见异常。【测量", ZH),
        ("The liver is normal. The left lung demonstrates", EN),
        ("The liver is normal. The lung has a nodule measuring 12", EN),
        ("The liver is normal. There is a hyper-", EN),
    ],
)
def test_a_text_that_ends_on_an_open_sentence_is_cut_off(text: str, language: Language) -> None:
    assert "cut_off" in names(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("肝脏形态正常，FDG摄取未见异常。", ZH),
        ("肝脏形态正常，FDG摄取未见异常", ZH),
        ("1. 右肺癌，FDG摄取增高；\n2. 肝囊肿；", ZH),
        ("纵隔淋巴结FDG摄取增高，SUVmax 6.3", ZH),
        ("双肺未见异常（见上）", ZH),
        ("The liver is normal", EN),
        ("No abnormal FDG uptake (SUVmax 2.1).", EN),
        ("Signed electronically", EN),
    ],
)
def test_a_model_that_stopped_by_itself_need_not_punctuate(text: str, language: Language) -> None:
    assert "cut_off" not in names(text, language)


CLOSED = "".join(
    f"{organ}FDG摄取未见异常。" for organ in ("脑", "甲状腺", "双肺", "肝", "脾", "胰")
)


def test_without_a_finish_reason_a_bare_end_after_punctuated_sentences_is_cut_off() -> None:
    text = CLOSED + "左侧腹股沟区可见一大小约1.8 cm的软组织"
    assert "cut_off" in names(text, ZH, FinishReason.UNKNOWN)
    assert "cut_off" not in names(text, ZH, FinishReason.STOP)
    assert "cut_off" not in names(CLOSED + "全身骨骼未见异常", ZH, FinishReason.UNKNOWN)


ENGLISH = "".join(f"The {o} is normal. " for o in ("brain", "neck", "liver", "spleen", "colon"))


@pytest.mark.parametrize(
    "last",
    [
        "建议结合临床", "请结合病史", "左肺上叶癌", "考虑炎症", "性质待定", "未见明显骨质破坏",
        "肝囊肿", "左肾未显示", "肿大淋巴结未及", "骨质未见累及", "前列腺癌，cT2c", "HER2+",
        "请对照比较",
        "肋骨隐约可见", "上述病灶均存在", "SUVmax为3.2", "大小约3.2 cm",
    ],
)  # fmt: skip
def test_a_last_chinese_sentence_without_its_full_stop_is_whole(last: str) -> None:
    assert "cut_off" not in names(CLOSED + last, ZH, FinishReason.UNKNOWN)


@pytest.mark.parametrize(
    "last",
    [
        "Please correlate clinically", "No hydronephrosis", "Liver nodule SUVmax 3.2",
        "Known hepatitis A", "Metastases: no", "Receptor status: ER-", "Nodule measuring 12 mm",
        "Small cysts in both kidneys", "Deviated to the left",
    ],
)  # fmt: skip
def test_a_last_english_sentence_without_its_full_stop_is_whole(last: str) -> None:
    assert "cut_off" not in names(ENGLISH + last, EN, FinishReason.UNKNOWN)


def test_a_word_that_hardly_stands_last_is_cut_off_only_where_the_provider_is_silent() -> None:
    text = ENGLISH + "The right lung contains multiple"
    assert "cut_off" in names(text, EN, FinishReason.UNKNOWN)
    assert "cut_off" not in names(text, EN, FinishReason.STOP)


def test_a_list_of_lines_needs_no_punctuation() -> None:
    organs = ("Brain", "Thyroid", "Lungs", "Liver", "Spleen", "Pancreas", "Kidneys")
    lines = "\n".join(f"- {organ}: no focal lesion" for organ in organs)
    text = f"Findings:\n{lines}\n- Spine: mild spurring"
    assert "cut_off" not in names(text, EN, FinishReason.UNKNOWN)


def test_the_token_limit_truncates_whatever_the_text_looks_like() -> None:
    assert "truncated" in names(CLOSED, ZH, FinishReason.LENGTH)
    assert names("", ZH, FinishReason.LENGTH) == {"empty", "truncated"}


@pytest.mark.parametrize(
    ("flags", "outcome"),
    [
        ((), None),
        (("cut_off", "conflict", "repetition", "wrong_language"), None),
        (("refusal",), Outcome.REFUSAL),
        (("empty",), Outcome.EMPTY),
        (("empty", "truncated"), Outcome.TRUNCATED),
    ],
)
def test_what_makes_a_generation_unusable(flags: tuple[str, ...], outcome: Outcome | None) -> None:
    assert unusable(Flag(name=name) for name in flags) is outcome


def test_only_named_flags_decide_and_only_with_outcomes_of_an_unusable_case() -> None:
    known = {flag for flags in REPORT_CHECKS.values() for flag in flags}
    assert set(USABILITY) <= known
    assert set(USABILITY.values()) <= set(UNUSABLE)


def test_the_items_of_a_case_keep_their_names_and_order() -> None:
    assert list(REPORT_CHECKS) == [
        "not_empty",
        "not_refused",
        "right_language",
        "brackets_filled",
        "no_template_echo",
        "no_instruction_echo",
        "no_patient_data",
        "no_invented_prior",
        "no_repetition",
        "not_truncated",
        "no_conflict",
    ]

"""Language, loops, and contradictions between findings and impression."""

from __future__ import annotations

import pytest

from pytest_pet2rep.findings.checks import check_report
from pytest_pet2rep.types import Flag, Language

ZH, EN = Language.ZH, Language.EN


def found(text: str, language: Language, name: str, reference: str | None = None) -> list[Flag]:
    flags = check_report(text, language=language, reference=reference)
    return [flag for flag in flags if flag.name == name]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The liver shows increased FDG uptake in the right lobe. The spleen is normal.", ZH),
        ("肝脏FDG摄取未见异常，脾脏FDG摄取未见异常，双肺未见异常代谢增高灶。", EN),
        ("肝臓に異常集積を認めない。脾臓、膵臓、腎臓にも異常な集積はない。", EN),
        ("간에서 비정상적인 섭취는 보이지 않는다. 비장은 정상이다.", ZH),
        ("Печень без патологического накопления. Селезёнка не увеличена.", EN),
        ("Le foie est normal avec une fixation normale dans les poumons et sans anomalie.", EN),
        ("Die Leber ist normal, ohne Herdbefund, und die Milz zeigt keine Anreicherung.", EN),
        ("Gan không thấy hình ảnh bất thường, và lách có kích thước trong giới hạn.", EN),
    ],
)
def test_a_report_in_another_language(text: str, language: Language) -> None:
    assert found(text, language, "wrong_language")
    assert not found(text, language, "mixed_language")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (
            "肝脏FDG摄取未见异常，SUVmax 2.1，CT平扫未见Hodgkin lymphoma征象，PET/CT提示FDG avid。",
            ZH,
        ),
        ("肝臟攝取未見異常，脾臟攝取未見異常。", ZH),
        ("右肺下叶结节12 mm×9 mm，SUVmax 6.3。", ZH),
        ("Liver: normal. Spleen: normal. Bone: normal. Lungs: normal. Colon: normal.", EN),
        ("The liver is normal; Gleason, Deauville and in situ are words of English reports.", EN),
        ("SUVmax 6.3", EN),
        ("", ZH),
    ],
)
def test_terms_and_numbers_are_no_other_language(text: str, language: Language) -> None:
    assert not found(text, language, "wrong_language")
    assert not found(text, language, "mixed_language")


def test_a_sentence_in_another_language_is_mixed() -> None:
    text = (
        "肝脏FDG摄取未见异常。The spleen shows no abnormal uptake. " + "双肺FDG摄取未见异常。" * 3
    )
    (flag,) = found(text, ZH, "mixed_language")
    assert text[flag.start : flag.end] == "The spleen shows no abnormal uptake"
    english = "The liver is normal. The right lung shows 摄取增高 in the upper lobe."
    (flag,) = found(english, EN, "mixed_language")
    assert english[flag.start : flag.end] == "摄取增高"


def test_a_foreign_run_that_the_reference_has_is_no_fault() -> None:
    text = "右肺门淋巴结增大，mantle cell lymphoma of the neck，FDG摄取增高。脾脏未见异常。"
    assert found(text, ZH, "mixed_language")
    assert not found(text, ZH, "mixed_language", reference=text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("肝脏FDG摄取未见异常。" * 6, ZH),
        ("右侧臀中肌外缘、右侧股直肌外缘、右侧股二头肌外缘、" * 4, ZH),
        ("双肺FDG摄取未见异常。【报告完毕】" + "【测量结果完毕】 " * 9, ZH),
        ("肝" * 30, ZH),
        ("The liver is normal. " * 5, EN),
        ("The liver shows " + "uptake uptake " * 12, EN),
        (
            "Spleen normal.\n"
            + "".join(f"Segment {n} shows uptake.\nIt is mild.\n" for n in (1, 2, 3)) * 3,
            EN,
        ),
    ],
)
def test_a_model_that_goes_round_in_circles(text: str, language: Language) -> None:
    assert found(text, language, "repetition")


ORGANS_ZH = (
    "脑 眼眶 鼻窦 鼻咽 腮腺 甲状腺 颈部 双肺 食管 肝脏 胆囊 胰腺 脾脏 双肾 肾上腺 胃 肠道 骨骼"
)
ORGANS_EN = (
    "brain orbits sinuses tonsils thyroid neck lungs oesophagus liver pancreas spleen kidneys"
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("".join(f"{organ}形态正常，FDG摄取未见异常。" for organ in ORGANS_ZH.split()), ZH),
        (
            "".join(
                f"The {organ} is normal in size. No abnormal FDG uptake is seen. "
                for organ in ORGANS_EN.split()
            ),
            EN,
        ),
        ("".join(f"{organ}: normal\n" for organ in ORGANS_EN.split()), EN),
        ("肝脏FDG摄取未见异常。肝脏FDG摄取未见异常。", ZH),
        ("肝左叶、肝右叶、尾状叶，脾脏，脾脏。---------------------------------------------", ZH),
        ("大小约10 mm×10 mm×10 mm×10 mm，SUVmax 1.1111111。", ZH),
    ],
)
def test_twenty_organs_without_findings_are_no_loop(text: str, language: Language) -> None:
    assert not found(text, language, "repetition")


def test_the_span_of_a_loop_is_the_loop() -> None:
    loop = "右侧股直肌外缘、右侧臀中肌外缘、" * 5
    text = "双肺未见异常。" + loop + "肝脏未见异常。"
    (flag,) = found(text, ZH, "repetition")
    assert loop.rstrip("、") in text[flag.start : flag.end] + "、"
    assert flag.start >= len("双肺未见异常。")


def test_findings_and_impression_that_say_the_opposite() -> None:
    text = "影像所见：\n肝脏FDG摄取未见异常。\n影像诊断：\n肝脏FDG摄取增高，考虑转移。"
    (flag,) = found(text, ZH, "conflict")
    assert flag.detail == "liver"
    assert "增高" in text[flag.start : flag.end]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("影像所见：\n肝右叶FDG摄取增高。\n影像诊断：\n全身未见异常高代谢灶。", ZH),
        ("影像所见：\n肝右叶FDG摄取增高。\n影像诊断：\n全身FDG PET/CT显像未见异常高代谢病灶。", ZH),
        (
            "Findings: Liver with increased uptake.\nImpression: No FDG-avid disease on the scan.",
            EN,
        ),
    ],
)
def test_an_impression_that_denies_what_was_found(text: str, language: Language) -> None:
    (flag,) = found(text, language, "conflict")
    assert flag.detail == "everywhere"
    assert flag.start > len(text) / 3
    assert not found(text, language, "conflict", reference=text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("影像所见：\n肝右叶FDG摄取增高。\n影像诊断：\n肝右叶FDG摄取增高，考虑恶性。", ZH),
        (
            "影像所见：肝右叶FDG摄取增高。\n影像诊断：肝右叶FDG摄取增高；余全身未见异常高代谢灶。",
            ZH,
        ),
        ("影像所见：\n肝右叶FDG摄取增高。\n影像诊断：\n肝癌可能；其他部位未见异常高代谢灶。", ZH),
        (
            "影像所见：\n肝右叶FDG摄取增高，肝左叶FDG摄取减低。\n影像诊断：\n肝右叶FDG摄取增高。",
            ZH,
        ),
        ("影像所见：\n肝脏FDG摄取未见异常。\n影像诊断：\n全身未见异常高代谢灶。", ZH),
        (
            "Findings: Liver with increased uptake.\nImpression: No other FDG-avid disease seen.",
            EN,
        ),
        ("肝右叶FDG摄取增高。", ZH),
    ],
)
def test_an_impression_that_sums_up_is_no_conflict(text: str, language: Language) -> None:
    assert not found(text, language, "conflict")


FOUND_ZH = "影像所见：肝右叶结节，FDG摄取增高。\n影像诊断："
FOUND_EN = "Findings: Liver lesion with increased FDG uptake.\nImpression: "


@pytest.mark.parametrize(
    "impression",
    [
        FOUND_ZH + "全身PET/CT显像未见异常。",
        FOUND_ZH + "全身PET/CT检查未见明显异常。",
        FOUND_ZH + "未见明显异常高代谢病灶。",
        FOUND_ZH + "未见FDG异常摄取增高灶。",
        FOUND_ZH + "1. 未见明显异常，建议随访。",
        FOUND_ZH + "PET/CT显像大致正常。",
        FOUND_EN + "No abnormal FDG uptake.",
        FOUND_EN + "No abnormal FDG uptake is seen.",
        FOUND_EN + "1. Normal PET/CT.",
        FOUND_EN + "Unremarkable study; clinical follow-up.",
        FOUND_EN + "No pathological uptake identified.",
        FOUND_EN + "There is no abnormal FDG uptake to suggest recurrence.",
        FOUND_EN + "The PET/CT is within normal limits.",
    ],
)
def test_a_bare_denial_counts_for_the_whole_body(impression: str) -> None:
    language = EN if impression.isascii() else ZH
    (flag,) = found(impression, language, "conflict")
    assert flag.detail == "everywhere"
    assert not found(impression, language, "conflict", reference=impression)


@pytest.mark.parametrize(
    "impression",
    [
        FOUND_ZH + "余未见明显异常。",
        FOUND_ZH + "其余部位未见明显异常高代谢灶。",
        FOUND_ZH + "肝癌术后，未见明显异常。",
        FOUND_ZH + "颅内未见明显异常。",
        FOUND_ZH + "脑显像未见明显异常高代谢病灶。",
        FOUND_ZH + "全身骨骼未见异常浓聚。",
        FOUND_ZH + "CT平扫未见异常。",
        FOUND_ZH + "未见明显异常密度影。",
        FOUND_ZH + "全身未见明显恶性征象。",
        FOUND_EN + "Otherwise normal PET/CT.",
        FOUND_EN + "No other abnormal uptake.",
        FOUND_EN + "No abnormal uptake in the brain.",
        FOUND_EN + "Normal spleen.",
        FOUND_EN + "No evidence of malignancy.",
        "Findings: Liver with normal FDG uptake.\nImpression: Normal PET/CT.",
    ],
)
def test_a_denial_of_a_part_contradicts_nothing(impression: str) -> None:
    assert not found(impression, EN if impression.isascii() else ZH, "conflict")


def test_a_conflict_of_the_reference_is_no_fault_of_the_model() -> None:
    text = "影像所见：\n肝脏FDG摄取未见异常。\n影像诊断：\n肝脏FDG摄取增高。"
    assert not found(text, ZH, "conflict", reference=text)

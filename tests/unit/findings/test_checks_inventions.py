"""Patient data and earlier examinations that nobody told the model of."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.findings.checks import check_report
from pytest_pet2rep.types import Case, Language

ZH, EN = Language.ZH, Language.EN


def found(
    text: str,
    name: str,
    *,
    reference: str | None = None,
    instructions: str = "",
    prior: bool = False,
    case: Case | None = None,
) -> list[str]:
    language = EN if text.isascii() else ZH
    flags = check_report(
        text,
        language=language,
        instructions=instructions,
        reference=reference,
        prior=prior,
        case=case,
    )
    return [text[flag.start : flag.end] for flag in flags if flag.name == name]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("患者张三，男，65岁，肝脏正常。", ["患者张三", "男", "65岁"]),
        ("姓名：李明 性别：女 年龄：58岁。", ["姓名：李明", "性别：女", "年龄：58"]),
        ("住院号：0123456。检查号: PET-20331。", ["住院号：0123456", "检查号: PET-20331"]),
        ("检查日期：2023年5月6日。", ["2023年5月6日"]),
        ("报告日期 2023-05-19。", ["2023-05-19"]),
        ("报告医师：王晓明。", ["报告医师：王晓明"]),
        ("某省第一人民医院核医学科。", ["省第一人民医院"]),
        ("陈女士，肝脏正常。", ["陈女士"]),
        ("空腹血糖6.1 mmol/L，注射18F-FDG 280 MBq。", ["血糖6.1 mmol", "280 MBq"]),
        ("主诉：咳嗽两月余。肝脏正常。", ["主诉：咳嗽两月余"]),
        ("Patient name: John Smith\nLiver normal.", ["Patient name: John Smith"]),
        ("A 65-year-old woman. Liver normal.", ["65-year-old", "year-old woman"]),
        ("MRN: 0012345. Date: March 3, 2022.", ["MRN: 0012345", "March 3, 2022"]),
        ("Mr. Jones has a nodule.", ["Mr. Jones"]),
        ("Dictated by Dr. Alan Grant.", ["Dictated by Dr. Alan Grant"]),
        ("Blood glucose was 98 mg/dL; 370 MBq were given.", ["glucose was 98 mg", "370 MBq"]),
        ("Indication: lung cancer staging.", ["Indication: lung cancer staging"]),
    ],
)
def test_data_of_a_patient_nobody_described(text: str, shown: list[str]) -> None:
    assert found(text, "patient_data") == shown


@pytest.mark.parametrize(
    "text",
    [
        "老年患者，双肺纹理增多，FDG摄取未见异常。",
        "姓名：未提供 年龄：未提供",
        "L4/5椎间盘膨出，SUVmax 2.3-4.5，结节约12 mm×9 mm。",
        "建议3个月后复查，上级医院进一步检查。",
        "空腹状态下注射18F-FDG，休息约60分钟后采集图像。",
        "子宫大小正常，前列腺未见异常。",
        "右侧第4、5肋骨，肝S6段。",
        "No FDG-avid disease. MR imaging is recommended.",
        "Name: not provided. Age: unknown.",
        "Study name: Whole-body PET/CT.",
        "The nodule measures 12/9 mm, SUVmax 4.5 at 60 minutes.",
        "The liver, aged appearance of the spine, is normal in a woman.",
    ],
)
def test_text_without_data_of_the_patient(text: str) -> None:
    assert found(text, "patient_data") == []


def test_what_the_input_or_the_reference_says_is_no_invention() -> None:
    text = "患者，男，65岁，肝脏正常。"
    assert found(text, "patient_data", instructions="患者信息：男，65岁。") == []
    assert found(text, "patient_data", reference="男，65岁，脾脏正常。") == []
    assert found(text, "patient_data", reference="男，56岁，脾脏正常。") == ["65岁"]


def test_the_facts_of_the_case_are_no_invention() -> None:
    case = Case(id="a", folder=Path(), cohort="c", sex="F", age=58.0, weight_kg=61.0)
    assert found("性别：女，58岁，体重61 kg。", "patient_data", case=case) == []
    assert found("A 58-year-old woman.", "patient_data", case=case) == []
    assert found("A 58-year-old man.", "patient_data", case=case) == ["year-old man"]


@pytest.mark.parametrize(
    "text",
    [
        "前列腺较前增大，FDG摄取增高。",
        "右肺结节较前片缩小，FDG摄取减低。",
        "与2021-03-04旧片比较，病灶增多。",
        "对比前片，肝内病灶相仿。",
        "既往PET/CT所示肺结节已消失。",
        "原左肺上叶结节本次摄取降至本底水平。",
        "Compared with 12 January 2024, the node is less avid.",
        "肝内新发病灶，FDG摄取增高。",
        "Compared with the prior study, the nodule is larger.",
        "Interval increase in size of the node.",
        "The lesion is unchanged from the previous scan.",
        "The previously noted nodule is no longer seen.",
        "Comparison: PET/CT of 2 January 2020.",
        "双肺结节，大致同前。",
        "纵隔淋巴结与前相仿。",
        "The nodule remains unchanged.",
        "The hepatic lesion has resolved.",
        "New FDG-avid lesions in the liver.",
    ],
)
def test_a_comparison_with_an_examination_nobody_supplied(text: str) -> None:
    assert found(text, "prior_mentioned")
    assert found(text, "prior_mentioned", prior=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "较前列腺周围组织略高，较前臂软组织低。",
        "肝左叶较肝实质摄取减低，与对侧比较略高，与纵隔血池相比增高。",
        "无既往影像资料可供对比。",
        "建议3个月后复查，随访观察。",
        "右乳术后改变，既往史不详。",
        "原发灶位于右肺，本次检查图像清晰。",
        "前纵隔、前列腺及前臂未见异常。",
        "No prior studies are available for comparison.",
        "Comparison: None.",
        "The mass has increased FDG uptake and the liver has decreased attenuation.",
        "Uptake is higher compared with the liver and larger than the contralateral side.",
        "The lesion is in the anterior and prior to the hilum.",
        "Stable appearance is expected; follow-up in three months.",
    ],
)
def test_comparisons_within_the_patient_are_no_invention(text: str) -> None:
    assert found(text, "prior_mentioned") == []


def test_a_reference_that_compares_allows_comparing() -> None:
    text = "右肺结节较前缩小。"
    assert found(text, "prior_mentioned", reference="与前片比较，右肺结节缩小。") == []
    assert found(text, "prior_mentioned", reference="右肺见结节。") != []


def test_the_date_of_an_invented_prior_is_counted_once() -> None:
    text = "与2023年5月6日检查比较，肺结节缩小。报告日期：2023年9月1日。"
    assert found(text, "patient_data") == ["2023年9月1日"]
    assert found(text, "prior_mentioned")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("检查日期：2023年5月12日。", "Date: 2023-05-12."),
        ("检查日期：2023.5.12。", "检查日期：2023年05月12日。"),
        ("检查日期：2023 年 5 月 12 号。", "Date: 12.05.2023."),
        ("Date: May 12, 2023.", "Date: 12 May 2023."),
        ("Date: May 12 2023.", "Date: 2023-05-12."),
        ("Date: 12th of May 2023.", "检查日期：2023年5月12日。"),
        ("Date: September 2023.", "Date: Sept 2023."),
        ("Date: 05/12/2023.", "Date: 5/12/23."),
        ("Date: 12/05/2023.", "Date: May 12, 2023."),
        ("Mr. Smith.", "Mr Smith."),
        ("Dictated by Dr. Alan Grant.", "Dr Alan Grant."),
        ("患者，男，65岁。", "患者男，65岁。"),
        ("患者，男，65岁。", "男性患者，65岁。"),
        ("患者，男，65岁。", "患者为男性，65岁。"),
        ("A 65-year-old male.", "65 y/o M."),
        ("A 65-year-old woman.", "A woman aged 65."),
        ("注射5.5mCi。", "注射5.50mCi。"),
        ("Injected 5.5 mCi.", "5.50mCi were given."),
    ],
)
def test_one_fact_in_two_spellings_is_no_invention(one: str, other: str) -> None:
    for text, reference in ((one, other), (other, one)):
        assert found(text, "patient_data", reference="Liver normal.")
        assert found(text, "patient_data", reference=reference) == []


@pytest.mark.parametrize(
    ("coarse", "fine"),
    [
        ("检查日期：2023年5月。", "检查日期：2023年5月12日。"),
        ("检查日期：2023年。", "Date: May 12, 2023."),
        ("检查日期：5月12日。", "检查日期：2023-05-12。"),
        ("Mr. Smith has a nodule.", "Patient name: John Smith\nA nodule."),
        ("陈女士，肝脏正常。", "姓名：陈小丽。"),
    ],
)
def test_a_known_fact_covers_a_coarser_one_but_not_the_reverse(coarse: str, fine: str) -> None:
    assert found(coarse, "patient_data", reference=fine) == []
    assert found(fine, "patient_data", reference=coarse)


@pytest.mark.parametrize(
    ("text", "reference", "shown"),
    [
        ("患者女性，65岁。", "患者，男，65岁。", ["患者女性"]),
        ("患者女，65岁。", "男性患者，65岁。", ["患者女"]),
        ("65 y/o F.", "A 65-year-old man.", ["y/o F"]),
        ("检查日期：2023年5月13日。", "检查日期：2023-05-12。", ["2023年5月13日"]),
        ("Date: 13 May 2023.", "Date: 05/12/2023.", ["13 May 2023"]),
        ("Mr. Jones.", "Mr Smith.", ["Mr. Jones"]),
        ("注射5.50mCi。", "注射5.05mCi。", ["5.50mCi"]),
    ],
)
def test_another_fact_is_an_invention_however_alike(
    text: str, reference: str, shown: list[str]
) -> None:
    assert found(text, "patient_data", reference=reference) == shown


@pytest.mark.parametrize(
    "text",
    [
        "较前次（2021年4月25日）检查，右肺结节缩小。",
        "双肺结节同前（2023-05-12）。",
        "较2021-04-25、2021-08-23、2022-02-23图像对比，病灶缩小。",
        "Compared with the prior study dated 05/12/2023, the node is smaller.",
        "The node is smaller than on the previous PET/CT of 12 May 2023.",
        "The previous PET/CT of 12 May 2023 showed a larger node.",
    ],
)
def test_the_dates_of_a_comparison_belong_to_the_prior_examination(text: str) -> None:
    assert found(text, "patient_data", prior=True) == []
    assert found(text, "patient_data") == []
    assert found(text, "prior_mentioned")
    assert found(text, "prior_mentioned", prior=True) == []


@pytest.mark.parametrize(
    "text",
    [
        "女性生殖系统未见异常。",
        "男性乳腺发育。",
        "患者女儿陪同。",
        "男性患者多见。",
        "Male pelvis is normal.",
    ],
)
def test_the_sex_of_an_organ_is_no_datum_of_the_patient(text: str) -> None:
    assert found(text, "patient_data") == []

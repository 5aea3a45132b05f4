"""Technique, findings and impression are told apart by their headings."""

from __future__ import annotations

import pytest

from pytest_pet2rep.findings.sections import section_text, split_sections
from pytest_pet2rep.types import Section


def test_a_report_without_headings_is_all_findings() -> None:
    text = "肝脏未见异常摄取。脾脏摄取增高。"
    assert section_text(text, Section.FINDINGS) == (text, ())


@pytest.mark.parametrize(
    ("text", "findings", "impression"),
    [
        ("影像所见：甲。\n影像诊断：乙。", "甲。", "乙。"),
        ("影像所見：甲。\n影像診斷：乙。", "甲。", "乙。"),
        ("检查所见\n甲。\n诊断意见\n乙。", "甲。", "乙。"),
        ("【检查所见】甲。\n【诊断】乙。", "甲。", "乙。"),
        ("Findings: a. Impression: b.", "a.", "b."),
        ("## FINDINGS\na.\n## IMPRESSION\nb.", "a.", "b."),
        ("**Findings:** a.\n**Impression:** b.", "a.", "b."),
        ("Technique: t.\nFindings: a.\nConclusion: b.", "a.", "b."),
    ],
)
def test_headings_of_either_language_and_any_dress_open_a_section(
    text: str, findings: str, impression: str
) -> None:
    assert section_text(text, Section.FINDINGS)[0] == findings
    assert section_text(text, Section.IMPRESSION)[0] == impression
    assert section_text(text, Section.BOTH)[0] == f"{findings}\n{impression}"


def test_an_impression_alone_is_scored_as_findings_and_flagged() -> None:
    assert section_text("印象：肝代谢增高。", Section.FINDINGS) == (
        "肝代谢增高。",
        ("no_findings",),
    )


def test_what_stands_before_the_findings_is_technique() -> None:
    spans = split_sections("空腹注射显像剂后行全身检查。\n检查所见：肝脏正常。").spans
    assert [span.section for span in spans] == [Section.TECHNIQUE, Section.FINDINGS]


def test_what_stands_before_the_impression_is_findings() -> None:
    spans = split_sections("肝脏未见异常摄取，脾脏摄取增高。\n诊断意见：脾病变。").spans
    assert [span.section for span in spans] == [Section.FINDINGS, Section.IMPRESSION]

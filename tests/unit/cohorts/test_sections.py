from __future__ import annotations

import pytest

from pytest_pet2rep.cohorts.sections import join_sections
from pytest_pet2rep.types import Language


@pytest.mark.parametrize(
    ("findings", "impression", "joined"),
    [
        ("肝正常。", "未见异常。", "影像所见：肝正常。\n影像诊断：未见异常。"),
        ("影像所见：肝正常。", "", "影像所见：肝正常。"),
        ("影像所见:肝正常。", " 影像诊断 ：无", "影像所见:肝正常。\n影像诊断 ：无"),
        ("", "无", "影像诊断：无"),
        (" ", "", ""),
        ("影像所见", "", "影像所见：影像所见"),
    ],
)
def test_sections_get_the_heading_that_they_lack(
    findings: str, impression: str, joined: str
) -> None:
    assert join_sections(Language.ZH, findings, impression) == joined


def test_english_headings_are_known_in_any_case() -> None:
    joined = join_sections(Language.EN, "FINDINGS: normal", "Impression is unclear")
    assert joined == "FINDINGS: normal\nImpression: Impression is unclear"

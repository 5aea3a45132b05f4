"""Any text at all is read without an error, and the same way twice."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from pytest_pet2rep.anatomy import catalogue
from pytest_pet2rep.findings.normalise import fold, normalise
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.findings.sections import split_sections

PIECES = [
    "肝", "脾脏", "右肺上叶", "淋巴结", "纵隔", "FDG", "摄取", "代谢", "增高", "减低", "缺失",
    "未见", "异常", "除", "外", "余", "较前", "高于", "生理性", "考虑", "SUVmax 5.2",
    "Deauville 4", "，", "。", "；", "：", "、", "（", "）", "【", "】", "\n", " ",
    "the liver", "spleen", "no", "uptake", "increased", "hypermetabolic", "and", "or", "in",
    "is", "not", "which", "compared with", "than", "except", "node", "left", ". ", ", ",
    "以上脏器", "均", "前者", "后者", "分别", "影像诊断：", "Impression:", "L3", "第6肋",
    "____", "？",
]  # fmt: skip
texts = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))


@given(texts)
@example("生理LIVER")
def test_any_text_is_read_without_an_error(text: str) -> None:
    reading = read(text)
    known = catalogue().organs
    for mention in reading.mentions:
        assert mention.organ in known
        assert 0 <= mention.start < mention.end <= len(text)
    for organ in reading.states:
        assert any(mention.organ == organ for mention in reading.mentions)


@given(texts)
def test_reading_twice_gives_the_same(text: str) -> None:
    assert read(text) == read(text)


@given(texts)
def test_folding_keeps_the_length_and_normalising_keeps_a_way_back(text: str) -> None:
    assert len(fold(text)) == len(text)
    normal = normalise(text)
    for position in range(len(normal.text)):
        start, end = normal.original(position, position + 1)
        assert 0 <= start < end <= len(text)


@given(texts)
def test_sections_lie_in_order_and_do_not_overlap(text: str) -> None:
    end = 0
    for span in split_sections(text).spans:
        assert end <= span.start <= span.end <= len(text)
        end = span.end

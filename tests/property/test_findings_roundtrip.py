"""A random map of organs to states, written as report prose, is read back unchanged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_pet2rep.findings.reader import read

ORGANS = {
    "zh": {
        "brain": "脑实质", "eyes": "双侧眼球", "sinuses": "右侧上颌窦", "nasopharynx": "鼻咽部",
        "tonsils": "左侧腭扁桃体", "salivary": "双侧腮腺", "thyroid": "甲状腺右叶",
        "neck_nodes": "左颈部淋巴结", "lungs": "右肺下叶", "thoracic_nodes": "纵隔淋巴结",
        "esophagus": "食管", "liver": "肝右叶", "gallbladder": "胆囊", "pancreas": "胰尾",
        "spleen": "脾脏", "kidneys": "左肾", "adrenals": "右侧肾上腺", "stomach": "胃窦",
        "intestine": "乙状结肠", "prostate": "前列腺", "bone": "L3椎体", "breast": "右侧乳腺",
        "heart": "左心室心肌", "bladder": "膀胱", "pelvic_nodes": "右侧腹股沟淋巴结",
    },
    "en": {
        "brain": "brain", "eyes": "left eye", "sinuses": "right maxillary sinus",
        "nasopharynx": "nasopharynx", "tonsils": "left palatine tonsil",
        "salivary": "parotid gland",
        "thyroid": "thyroid", "neck_nodes": "left cervical lymph node", "lungs": "right lung",
        "thoracic_nodes": "right hilar node", "esophagus": "distal esophagus", "liver": "liver",
        "gallbladder": "gallbladder", "pancreas": "pancreatic tail", "spleen": "spleen",
        "kidneys": "left kidney", "adrenals": "right adrenal gland", "stomach": "gastric antrum",
        "intestine": "sigmoid colon", "prostate": "prostate", "bone": "sternum",
        "breast": "right breast", "heart": "myocardium", "bladder": "urinary bladder",
        "pelvic_nodes": "right inguinal node",
    },
}  # fmt: skip

TEMPLATES = {
    ("zh", "increased"): (
        "{}FDG摄取增高。", "{}见局灶性放射性浓聚。", "{}代谢明显增高，SUVmax 6.4。", "{}呈高代谢。",
        "{}FDG【摄取增高】。", "{}显像剂异常浓聚。", "{}FDG摄取高于纵隔血池。", "可见{}代谢活跃。",
    ),
    ("zh", "decreased"): (
        "{}FDG摄取减低。", "{}放射性分布稀疏。", "{}代谢较对侧减低。", "{}呈低代谢。",
        "{}示踪剂摄取轻度降低。",
    ),
    ("zh", "absent"): ("{}FDG摄取缺失。", "{}呈放射性缺损。", "{}未见FDG摄取。", "{}FDG无摄取。"),
    ("zh", "normal"): (
        "{}未见异常FDG摄取。", "{}FDG摄取未见增高。", "{}代谢未见异常。", "{}放射性分布均匀。",
        "{}呈生理性摄取。", "{}未见异常放射性浓聚。", "{}未见代谢增高或减低灶。", "{}代谢不高。",
        "未见{}异常摄取。",
    ),
    ("en", "increased"): (
        "Increased FDG uptake in the {}. ", "The {} is hypermetabolic. ",
        "The {} shows intense uptake, SUVmax 7.1. ", "FDG uptake in the {} is increased. ",
        "There is focal hypermetabolism in the {}. ", "Uptake in the {} is above liver. ",
    ),
    ("en", "decreased"): (
        "Reduced FDG uptake in the {}. ", "The {} is hypometabolic. ",
        "FDG activity in the {} is decreased. ", "The {} demonstrates diminished uptake. ",
    ),
    ("en", "absent"): (
        "The {} shows no FDG uptake. ", "The {} is photopenic. ", "Absent uptake in the {}. ",
    ),
    ("en", "normal"): (
        "No abnormal FDG uptake in the {}. ", "The {} is not hypermetabolic. ",
        "Uptake in the {} is within normal limits. ", "The {} shows physiologic uptake. ",
        "The {} shows no increased uptake. ", "The {} is unremarkable without abnormal uptake. ",
    ),
}  # fmt: skip

CT_ONLY = {
    "zh": (
        "主动脉壁钙化。", "气管居中。", "胸椎骨质增生。", "肝内胆管未见扩张。",
        "脑室未见扩大。",
    ),
    "en": (
        "Coronary calcification is present. ", "The trachea is midline. ",
        "Degenerative changes of the spine. ", "No biliary dilatation. ",
    ),
}  # fmt: skip


@st.composite
def reports(draw: st.DrawFn) -> tuple[str, dict[str, str], list[str]]:
    """Language, organ -> state, and the sentences that say so."""
    language = draw(st.sampled_from(("zh", "en")))
    organs = draw(st.lists(st.sampled_from(sorted(ORGANS[language])), min_size=1, unique=True))
    states: dict[str, str] = {}
    sentences: list[str] = []
    for organ in organs:
        states[organ] = draw(st.sampled_from(("increased", "decreased", "absent", "normal")))
        template = draw(st.sampled_from(TEMPLATES[language, states[organ]]))
        if "above liver" in template and organ == "liver":
            template = "The {} is hypermetabolic. "
        sentence = template.format(ORGANS[language][organ])
        sentences.append(sentence[0].upper() + sentence[1:])
    return language, states, sentences


def read_states(text: str) -> dict[str, str]:
    return {organ: "/".join(sorted(found)) for organ, found in read(text).states.items()}


@given(reports())
def test_prose_reads_back_as_the_states_it_was_written_from(
    report: tuple[str, dict[str, str], list[str]],
) -> None:
    _, states, sentences = report
    assert read_states("".join(sentences)) == states


@given(reports(), st.randoms(use_true_random=False))
def test_the_order_of_self_contained_sentences_does_not_matter(
    report: tuple[str, dict[str, str], list[str]], random: object
) -> None:
    _, states, sentences = report
    shuffled = list(sentences)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert read_states("".join(shuffled)) == states


@given(reports(), st.data())
def test_sentences_about_ct_alone_change_nothing(
    report: tuple[str, dict[str, str], list[str]], data: st.DataObject
) -> None:
    language, states, sentences = report
    mixed = []
    for sentence in sentences:
        mixed += [sentence, data.draw(st.sampled_from(CT_ONLY[language]))]
    assert read_states("".join(mixed)) == states


WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
NARROW = {ord("，"): ",", ord("；"): ";", ord("："): ":", ord("（"): "(", ord("）"): ")"}
TRADITIONAL = dict(
    zip(map(ord, "见脑实双侧颌窦体叶颈结脏区显剂异浓聚减摄缺损未灶示踪稀两胆纵肾乳肠"),
        "見腦實雙側頜竇體葉頸結臟區顯劑異濃聚減攝缺損未灶示蹤稀兩膽縱腎乳腸", strict=True)
)  # fmt: skip


@given(reports())
def test_the_width_of_letters_and_punctuation_changes_nothing(
    report: tuple[str, dict[str, str], list[str]],
) -> None:
    _, states, sentences = report
    text = "".join(sentences)
    assert read_states(text.translate(WIDE)) == states
    assert read_states(text.translate(NARROW)) == states


@given(reports())
def test_traditional_script_reads_like_simplified(
    report: tuple[str, dict[str, str], list[str]],
) -> None:
    _, states, sentences = report
    assert read_states("".join(sentences).translate(TRADITIONAL)) == states


@given(reports())
def test_every_mention_carries_evidence_from_the_text(
    report: tuple[str, dict[str, str], list[str]],
) -> None:
    _, states, sentences = report
    text = "".join(sentences)
    mentions = read(text).mentions
    assert {mention.organ for mention in mentions} == set(states)
    for mention in mentions:
        assert 0 <= mention.start < mention.end <= len(text)
        assert any(text[mention.start : mention.end] in sentence for sentence in sentences)

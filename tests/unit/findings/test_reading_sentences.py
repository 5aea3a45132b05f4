"""Sentences of both languages are read as a radiologist would read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_pet2rep.findings.reader import read

HERE = Path(__file__).parent


def sentences(language: str) -> list[tuple[str, dict[str, list[str]]]]:
    """Lines ``text | organ=state organ=state,state`` of the file of one language."""
    lines = (HERE / f"sentences_{language}.txt").read_text(encoding="utf-8").splitlines()
    found = []
    for text, labels in (line.rsplit("|", 1) for line in lines):
        pairs = (label.split("=") for label in labels.split())
        found.append((text.strip(), {organ: sorted(s.split(",")) for organ, s in pairs}))
    return found


def states(text: str) -> dict[str, list[str]]:
    return {organ: sorted(s.value for s in found) for organ, found in read(text).states.items()}


@pytest.mark.parametrize(("text", "expected"), sentences("zh"), ids=lambda v: str(v)[:30])
def test_a_chinese_sentence_gives_its_states_and_no_others(
    text: str, expected: dict[str, list[str]]
) -> None:
    assert states(text) == expected


@pytest.mark.parametrize(("text", "expected"), sentences("en"), ids=lambda v: str(v)[:30])
def test_an_english_sentence_gives_its_states_and_no_others(
    text: str, expected: dict[str, list[str]]
) -> None:
    assert states(text) == expected


PAIRS = [
    ("肝脏未见异常FDG摄取", {"liver": ["normal"]}, "肝脏未见FDG摄取", {"liver": ["absent"]}),
    ("脾脏摄取未见增高", {"spleen": ["normal"]}, "脾脏摄取增高", {"spleen": ["increased"]}),
    ("胰腺代谢未见减低", {"pancreas": ["normal"]}, "胰腺代谢减低", {"pancreas": ["decreased"]}),
    ("右肾摄取增高", {"kidneys": ["increased"]}, "右肾上腺摄取增高", {"adrenals": ["increased"]}),
    ("肝脏代谢增高", {"liver": ["increased"]},
     "肝门淋巴结代谢增高", {"abdominal_nodes": ["increased"]}),
    ("肺代谢增高", {"lungs": ["increased"]},
     "肺门淋巴结代谢增高", {"thoracic_nodes": ["increased"]}),
    ("甲状腺代谢增高", {"thyroid": ["increased"]}, "甲状旁腺代谢增高", {}),
    ("胆囊代谢增高", {"gallbladder": ["increased"]},
     "膀胱代谢增高", {"bladder": ["increased"]}),
    ("鼻咽代谢增高", {"nasopharynx": ["increased"]},
     "喉咽代谢增高", {"hypopharynx": ["increased"]}),
    ("肝脏密度减低", {}, "肝脏代谢减低", {"liver": ["decreased"]}),
    ("胃摄取增高", {"stomach": ["increased"]}, "胃呈生理性摄取增高", {"stomach": ["normal"]}),
    ("脾脏摄取高于肝脏", {"spleen": ["increased"]}, "肝脏摄取高于脾脏", {"liver": ["increased"]}),
    ("胰头代谢增高，考虑恶性", {"pancreas": ["increased"]}, "若胰头代谢增高，考虑恶性", {}),
    ("No abnormal uptake in the liver.", {"liver": ["normal"]},
     "Abnormal uptake in the liver.", {"liver": ["increased"]}),
    ("No uptake in the liver cyst.", {"liver": ["absent"]},
     "No abnormal uptake in the liver cyst.", {"liver": ["normal"]}),
    ("The spleen is hypermetabolic.", {"spleen": ["increased"]},
     "The spleen is not hypermetabolic.", {"spleen": ["normal"]}),
    ("Renal uptake is reduced.", {"kidneys": ["decreased"]},
     "Adrenal uptake is reduced.", {"adrenals": ["decreased"]}),
    ("Hepatic flexure uptake is increased.", {"intestine": ["increased"]},
     "Hepatic uptake is increased.", {"liver": ["increased"]}),
    ("Pulmonary artery filling defect.", {}, "Pulmonary photopenic defect.", {"lungs": ["absent"]}),
    ("Colonic uptake, likely physiologic.", {"intestine": ["normal"]},
     "Colonic uptake, physiologic or inflammatory.", {"intestine": ["increased"]}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "first", "other", "second"), PAIRS, ids=lambda v: str(v)[:24])
def test_a_small_change_flips_what_it_should_and_nothing_else(
    one: str, first: dict[str, list[str]], other: str, second: dict[str, list[str]]
) -> None:
    assert states(one) == first
    assert states(other) == second


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("左肾上腺结节，FDG摄取增高", "left"),
        ("右肾上腺结节，FDG摄取增高", "right"),
        ("双侧肾上腺增粗，FDG摄取增高", "bilateral"),
        ("Hypermetabolic left adrenal nodule.", "left"),
        ("Hypermetabolic right adrenal nodule.", "right"),
    ],
)
def test_the_side_of_a_mention_is_the_patients_side_as_written(text: str, side: str) -> None:
    assert [m.side.value for m in read(text).mentions] == [side]


def test_a_ct_mention_between_a_lesion_and_an_orphan_uptake_clause_takes_the_label() -> None:
    assert states("左肾见囊肿。FDG摄取缺失。") == {"kidneys": ["absent"]}
    assert states("左肾见囊肿。脾脏增大。FDG摄取缺失。") == {"spleen": ["absent"]}


def test_evidence_holds_the_organ_and_the_uptake_phrase_in_the_original_text() -> None:
    text = "影像所見：右側腎上腺結節，ＦＤＧ攝取增高（SUVmax 5.6）。"
    (mention,) = read(text).mentions
    assert text[mention.start : mention.end] == "右側腎上腺結節，ＦＤＧ攝取增高"
    assert mention.suvmax == 5.6


def test_degree_certainty_and_part_are_kept_with_a_mention() -> None:
    (mention,) = read("不除外胰头部轻度代谢增高").mentions
    assert (mention.part, mention.degree, mention.certainty.value) == ("head", "mild", "uncertain")


def test_findings_decide_where_the_impression_says_otherwise() -> None:
    reading = read("影像所见：肝脏FDG摄取未见异常。\n影像诊断：肝右叶高代谢灶，考虑转移。")
    assert {o: [s.value for s in st] for o, st in reading.states.items()} == {"liver": ["normal"]}
    assert "conflict" in {flag.name for flag in reading.flags}


def test_a_fall_since_the_prior_alone_is_no_level() -> None:
    reading = read("肝内病灶代谢较前减低。")
    assert not reading.states
    assert {"temporal_change_only", "prior_mentioned"} <= {flag.name for flag in reading.flags}


def test_a_normal_statement_has_no_degree() -> None:
    (mention,) = read("肝脏未见明显异常摄取").mentions
    assert (mention.state.value, mention.degree) == ("normal", "")
    (mention,) = read("No marked FDG uptake in the spleen.").mentions
    assert (mention.state.value, mention.degree) == ("normal", "")


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("见右肺下叶结节，代谢增高", "右肺下叶结节，代谢增高"),
        ("所见双肾摄取增高", "双肾摄取增高"),
        ("The right kidney is hypermetabolic.", "right kidney is hypermetabolic"),
        ("A hypermetabolic left adrenal nodule.", "hypermetabolic left adrenal"),
    ],
)
def test_the_evidence_begins_with_the_side_of_the_organ(text: str, evidence: str) -> None:
    (mention,) = read(text).mentions
    assert text[mention.start : mention.end] == evidence


def test_what_a_caller_does_to_the_states_of_a_reading_stays_with_him() -> None:
    text = "脾脏摄取增高。"
    first = read(text)
    first.states.clear()  # type: ignore[attr-defined]
    assert set(read(text).states) == {"spleen"}
    assert read(text).mentions == first.mentions


def test_a_fall_that_leaves_a_level_is_not_flagged_as_change_only() -> None:
    names = {flag.name for flag in read("右肺门淋巴结摄取较前减低，但仍高于肝脏。").flags}
    assert "prior_mentioned" in names
    assert "temporal_change_only" not in names

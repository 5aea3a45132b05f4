"""Statuses of the 24 regions, and the line of ``pet2rep read --jsonl``."""

from __future__ import annotations

import pytest

from pytest_pet2rep.anatomy import catalogue, load_profile
from pytest_pet2rep.findings.lines import read_line
from pytest_pet2rep.findings.petrg import petrg_status
from pytest_pet2rep.findings.reader import read


@pytest.mark.parametrize(
    ("text", "region", "status"),
    [
        ("肝右叶结节，放射性浓聚。", "肝脏", "1"),
        ("肝右叶结节，放射性轻度浓聚。", "肝脏", "2"),
        ("膀胱见放射性生理性蓄积。", "盆腔脏器（膀胱、子宫/附件 或 前列腺/精囊腺）", "3"),
        ("脾脏低密度影，呈放射性缺损。", "脾脏", "4"),
        ("脾脏形态及放射性分布未见异常。", "脾脏", "5"),
        ("L3椎体放射性浓聚。", "脊柱", "1"),
        ("L3椎体放射性浓聚。", "骨盆与四肢骨", "5"),
        ("右侧髂骨放射性浓聚。", "骨盆与四肢骨", "1"),
        ("右侧髂骨放射性浓聚。", "脊柱", "5"),
        ("颅骨放射性浓聚。", "脑、颅骨与脑膜", "1"),
        ("肠系膜根部多发淋巴结，放射性浓聚。", "腹膜、肠系膜与网膜", "1"),
        ("肺囊腔影，未见放射性摄取。", "肺与胸膜", "5"),
    ],
)
def test_a_region_takes_the_status_of_its_most_salient_finding(
    text: str, region: str, status: str
) -> None:
    assert petrg_status(read(text))[region] == status


def test_every_region_of_the_catalogue_is_one_of_the_24() -> None:
    regions = {organ.id for organ in load_profile("petrg24").organs}
    assert len(regions) == 24
    for organ in catalogue().organs.values():
        assert {organ.region, *organ.part_region.values()} - {""} <= regions
        assert set(organ.part_region) <= set(organ.parts) | {a.part for a in catalogue().areas}


def test_profiles_speak_only_of_organs_that_the_catalogue_has() -> None:
    known = set(catalogue().organs)
    for name in ("pet2rep19", "petrg24", "extended"):
        for organ in load_profile(name).organs:
            assert set(organ.fine) <= known, organ.id


def test_the_line_has_fine_states_profile_states_mentions_and_flags() -> None:
    line = {"id": 7, "text": "右肺门淋巴结FDG摄取增高，SUVmax 6.2。", "lang": "zh"}
    out = read_line(line, load_profile("pet2rep19"))
    assert out["id"] == 7
    assert out["states"] == {"thoracic_nodes": ["increased"]}
    assert out["profile_states"]["lymph_nodes"] == ["increased"]
    assert out["profile_states"]["liver"] == ["unstated"]
    (mention,) = out["mentions"]
    assert (mention["organ"], mention["side"], mention["suvmax"]) == (
        "thoracic_nodes",
        "right",
        6.2,
    )
    assert out["flags"] == []


def test_the_line_of_petrg24_has_a_status_for_each_region() -> None:
    out = read_line({"id": "a", "text": "The spleen is FDG avid."}, load_profile("petrg24"))
    assert out["profile_states"]["脾脏"] == "1"
    assert set(out["profile_states"].values()) == {"1", "5"}


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("I am sorry, as an AI I cannot interpret images.", "refusal"),
        ("脾脏：____。肝脏摄取正常。", "unfilled_template"),
        ("患者姓名：王小明，肝脏摄取正常。", "patient_data"),
        ("与2023年5月检查比较，脾脏摄取增高。", "prior_mentioned"),
    ],
)
def test_a_line_carries_the_flags_of_the_report_checks_too(text: str, flag: str) -> None:
    assert flag in read_line({"id": "a", "text": text}, load_profile("pet2rep19"))["flags"]


def test_an_ordinary_line_has_no_flags() -> None:
    line = {"id": "a", "text": "The liver and spleen show no abnormal FDG uptake."}
    assert read_line(line, load_profile("pet2rep19"))["flags"] == []

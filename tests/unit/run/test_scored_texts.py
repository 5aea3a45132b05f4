"""What a score is made of: which text, which section, which organs; and that it says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import pytest_pet2rep
from pytest_pet2rep.anatomy import load_profile
from pytest_pet2rep.metrics.rouge import MOST_TOKEN_PAIRS
from pytest_pet2rep.run.assessment import read_scored
from pytest_pet2rep.run.check_words import check_words_digest
from pytest_pet2rep.run.pair_scoring import PairToScore, pair_settings, score_stream
from pytest_pet2rep.types import Language, Outcome, Record, Score, Section

HOT, COLD = "肝脏结节FDG摄取增高，SUVmax 5.0。", "肝脏FDG摄取减低。"
TWICE = f"影像所见：{HOT}脾脏FDG摄取未见异常。\n影像诊断：肝脏FDG摄取增高，考虑转移。"


def scored(references: Sequence[str], reports: Sequence[str], **more: Any) -> dict[str, Score]:
    found = pytest_pet2rep.score(references, reports, **{"language": "zh"} | more)
    return {score.name: score for score in found.scores.all()}


def signatures(**more: Any) -> Mapping[str, str]:
    return {name: score.signature for name, score in scored([HOT], [COLD], **more).items()}


@pytest.mark.parametrize(
    "changed",
    [{"language": "en"}, {"clean": False}, {"section": "both"}],
    ids=["language", "cleaning", "section"],
)
def test_every_signature_changes_with_what_changes_the_number(changed: dict[str, Any]) -> None:
    usual, other = signatures(), signatures(**changed)
    assert usual.keys() == other.keys()
    assert [name for name in usual if usual[name] == other[name]] == []


def test_every_score_of_a_slice_has_a_signature_of_its_own() -> None:
    found = signatures()
    for name, signature in found.items():
        if name.startswith("ce_") and "[" not in name:
            sliced = [found[other] for other in found if other.startswith(f"{name}[")]
            assert len({signature, *sliced}) == 1 + len(sliced) == 6


def test_an_organ_list_of_a_file_is_told_from_the_shipped_one_of_the_same_name(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'id = "pet2rep19"\nversion = 1\n[organs]\n'
        'liver = { en = "liver", zh = "肝", fine = ["liver"] }\n',
        encoding="utf-8",
    )
    usual, mine = signatures(), signatures(organs=str(file))
    assert load_profile("pet2rep19").label == "pet2rep19.v1"
    assert load_profile(str(file)).label.startswith("pet2rep19.v1.")
    for name in ("overall", "ce_f1", "miss_rate", "risk_per_case"):
        assert usual[name] != mine[name]


def test_the_risk_names_the_word_lists_of_the_report_checks() -> None:
    assert signatures()["risk_per_case"].endswith(f"|checks:{check_words_digest()}")
    assert len(check_words_digest()) == 8


@pytest.mark.parametrize("organs", ["extended", "petrg24"])
def test_the_risk_does_not_depend_on_what_an_organ_list_calls_its_organs(organs: str) -> None:
    reference = (
        "肝脏结节FDG摄取增高。胰腺头部肿块FDG摄取增高。胃壁FDG摄取增高。脑实质FDG摄取减低。"
        "左侧股骨FDG摄取增高。腋窝淋巴结FDG摄取增高。"
    )
    report = "肝脏FDG摄取未见异常。脑FDG摄取未见异常。膀胱FDG摄取增高。"
    names = ("risk_per_case_miss", "critical_miss_rate")
    usual = scored([reference], [report])
    other = scored([reference], [report], organs=organs)
    assert [other[name].value for name in names] == [usual[name].value for name in names]
    assert [other[name].n for name in names] == [usual[name].n for name in names]
    assert usual["risk_per_case_miss"].value == 4 * 10 + 5 + 5


def test_a_lesion_that_findings_and_impression_name_is_one_lesion() -> None:
    both = scored([TWICE], [TWICE], section="both")
    assert both["lesion_recall"].n == 1
    assert scored([TWICE], [f"影像所见：{HOT}"], section="both")["lesion_recall"].value == 1


def test_findings_decide_and_the_impression_adds_what_they_leave_out() -> None:
    text = "影像所见：肝脏FDG摄取未见异常。\n影像诊断：肝脏FDG摄取增高。脾脏FDG摄取增高。"
    read = read_scored(text, Language.ZH, Section.BOTH)
    assert {m.organ: str(m.state) for m in read.mentions} == {
        "liver": "normal",
        "spleen": "increased",
    }


def records_of(reference: str, report: str, metrics: list[str]) -> list[Record]:
    found: list[Record] = []
    score_stream(
        lambda: [PairToScore(id="a", reference=reference, prediction=report)],
        pair_settings(language="zh", metrics=metrics, organs="pet2rep19", section="findings"),
        each=lambda _, records: found.extend(records),
    )
    return found


@pytest.fixture(scope="module")
def endless() -> str:
    return "肝脏FDG摄取增高，" * (int(MOST_TOKEN_PAIRS**0.5) // 4)


def test_a_text_that_one_metric_cannot_take_is_empty_for_this_metric_alone(endless: str) -> None:
    references = [endless, HOT]
    found = scored(references, references, metrics=["full"])
    others = scored(references, references, metrics=["pet2rep"])
    assert {n: found[n].value for n in others} == {n: others[n].value for n in others}
    assert found["bleu4"].value == 1
    assert (found["rouge_lsum"].value, found["rouge_lsum"].n) == (0.5, 2)


def test_the_record_names_the_metric_that_could_not_take_the_text(endless: str) -> None:
    (text,) = [r for r in records_of(endless, endless, ["full"]) if r.check == "text"]
    assert text.outcome is Outcome.ERROR
    assert text.reason.startswith("rouge_lsum: ")


def test_the_set_petrg_compares_whole_texts_and_the_answer_as_it_came() -> None:
    thinking = f"<think>{COLD}</think>{TWICE}"
    found = scored([TWICE], [thinking], metrics=["petrg", "pet2rep", "cider"])
    assert found["bleu4"].value == found["rouge_l"].value == 1
    assert 0 < (found["petrg.bleu4"].value or 0) < 1
    assert 0 < (found["petrg.rouge_l"].value or 0) < 1
    other = scored([TWICE], [f"影像所见：{HOT}脾脏FDG摄取未见异常。"], metrics=["petrg"])
    assert (other["rouge_l"].value or 1) < 1


def test_cider_of_the_set_petrg_is_shown_whole_references() -> None:
    references = [TWICE, f"影像所见：{COLD}\n影像诊断：肝脏FDG摄取减低。"]
    found = scored(references, references, metrics=["petrg", "cider"])
    assert found["petrg.cider"].value == found["cider"].value == pytest.approx(10)
    assert found["petrg.cider"].signature != found["cider"].signature

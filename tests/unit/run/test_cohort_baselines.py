"""Baselines that draw on the cohort: the most frequent states, another patient's report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_pet2rep.anatomy import catalogue, load_profile
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.models.provider import CohortInView, ProviderSettings
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.run.assessment import read_scored
from pytest_pet2rep.run.cohort_baselines import _sentence, _words, majority_states
from pytest_pet2rep.types import (
    Case,
    Generation,
    GenerationRequest,
    Language,
    Section,
    UptakeState,
)

HOT, COLD = "肝脏FDG摄取增高。脾脏FDG摄取未见异常。", "肝脏FDG摄取减低。脾脏FDG摄取未见异常。"


def case(number: int, report: str, sex: str = "M") -> Case:
    return Case(
        id=f"P-{number}",
        folder=Path(),
        cohort="made",
        sex=sex,
        references={Language.ZH: report},
        digest=str(number),
    )


def in_view(*cases: Case, organs: str = "pet2rep19") -> CohortInView:
    return CohortInView(cases=lambda: cases, organs=organs)


def ask(name: str, view: CohortInView, case_id: str, sex: str = "M") -> str:
    provider = load_provider(f"baseline/{name}", ProviderSettings(cohort=view))
    request = GenerationRequest(
        case_id=case_id, language=Language.ZH, system="", user="", template="", sex=sex
    )
    (reply,) = provider.generate([request])
    assert isinstance(reply, Generation), reply
    return reply.raw


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("state", [s for s in UptakeState if s is not UptakeState.UNSTATED])
def test_every_sentence_of_the_majority_is_read_as_it_is_meant(
    language: Language, state: UptakeState
) -> None:
    words = _words(language)
    scored = {
        fine
        for name in ("pet2rep19", "petrg24", "extended")
        for organ in load_profile(name).organs
        for fine in organ.fine
        if not catalogue().organs[fine].secondary
    }
    for organ in sorted(scored):
        text = f"{words['findings']}\n{_sentence(organ, state, words)}"
        assert read_scored(text, language, Section.FINDINGS).states == {organ: frozenset({state})}


def test_the_majority_is_what_most_references_of_that_sex_say() -> None:
    view = in_view(
        case(1, HOT), case(2, HOT), case(3, COLD), case(4, COLD, "F"), case(5, COLD, "F")
    )
    male = dict(majority_states(view, Language.ZH, "M"))
    female = dict(majority_states(view, Language.ZH, "F"))
    assert (male["liver"], female["liver"]) == (UptakeState.INCREASED, UptakeState.DECREASED)
    assert male["spleen"] is UptakeState.NORMAL


def test_the_majority_leaves_out_what_most_references_leave_out() -> None:
    view = in_view(case(1, HOT + "胰腺FDG摄取增高。"), case(2, HOT), case(3, HOT))
    assert "pancreas" not in dict(majority_states(view, Language.ZH, "M"))


def test_the_majority_report_reads_back_as_the_majority() -> None:
    view = in_view(case(1, HOT), case(2, HOT), case(3, COLD))
    report = ask("majority", view, "P-1")
    read = read_scored(report, Language.ZH, Section.FINDINGS).states
    assert {organ: next(iter(states)) for organ, states in read.items()} == dict(
        majority_states(view, Language.ZH, "M")
    )


def test_every_patient_gets_exactly_one_other_patients_report() -> None:
    cases = [case(number, f"报告{number}。") for number in range(9)]
    view = in_view(*cases)
    got = [ask("shuffled", view, c.id) for c in cases]
    assert sorted(got) == sorted(c.references[Language.ZH] for c in cases)
    assert all(report != c.references[Language.ZH] for report, c in zip(got, cases, strict=True))


def test_the_order_of_the_cohort_does_not_change_who_gets_whose_report() -> None:
    cases = [case(number, f"报告{number}。") for number in range(9)]
    assert ask("shuffled", in_view(*cases), "P-3") == ask("shuffled", in_view(*cases[::-1]), "P-3")


def test_a_single_patient_has_nobody_to_take_a_report_of() -> None:
    provider = load_provider(
        "baseline/shuffled", ProviderSettings(cohort=in_view(case(1, "报告。")))
    )
    request = GenerationRequest(
        case_id="P-1", language=Language.ZH, system="", user="", template=""
    )
    (reply,) = provider.generate([request])
    assert "no other case" in str(reply)


def test_other_cases_are_another_baseline() -> None:
    one, two = case(1, HOT), case(2, COLD)
    names = [
        load_provider("baseline/majority", ProviderSettings(cohort=in_view(*cases))).identity.text
        for cases in ((one, two), (one, replace(two, digest="changed")))
    ]
    assert names[0] != names[1]


@pytest.mark.parametrize("name", ["majority", "shuffled"])
def test_a_baseline_of_the_cohort_has_no_revision(name: str) -> None:
    with pytest.raises(UsageProblem, match="no revision"):
        load_provider(f"baseline/{name}@2")

"""PETRG-Score against scikit-learn."""

from __future__ import annotations

import random

import pytest
from sklearn.metrics import f1_score

from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.counts import add_counts
from pytest_pet2rep.metrics.petrg import (
    petrg_counts,
    petrg_scores,
    petrg_signature,
    petrg_table,
)
from pytest_pet2rep.types import Score

REGIONS = tuple(f"region {n}" for n in range(24))
BASIS = Basis(
    organs="pet2rep19.v1",
    extractor="rules:1",
    section="findings",
    language="zh",
    cleaning="clean:1",
)
SIGNATURE = petrg_signature(BASIS, regions="petrg24.v1")
Statuses = dict[str, str | int]


def drawn(seed: int, cases: int = 30) -> list[tuple[Statuses, Statuses | None]]:
    draw = random.Random(seed)
    weights = [20, 4, 9, 3, 64]

    def statuses() -> Statuses:
        chosen = draw.choices("12345", weights, k=len(REGIONS))
        return {
            r: s for r, s in zip(REGIONS, chosen, strict=True) if s != "5" or draw.random() < 0.5
        }

    return [(statuses(), statuses() if draw.random() > 0.1 else None) for _ in range(cases)]


def scored(cases: list[tuple[Statuses, Statuses | None]]) -> dict[str, Score]:
    counts = add_counts(petrg_counts(r, g, regions=REGIONS) for r, g in cases)
    return {s.name: s for s in petrg_scores(petrg_table(counts), signature=SIGNATURE)}


@pytest.mark.parametrize("seed", range(4))
def test_macro_f1_is_that_of_scikit_learn(seed: int) -> None:
    cases = drawn(seed)
    truth = [int(r.get(region, 5)) for r, _ in cases for region in REGIONS]
    said = [
        int((g or {}).get(region, 5)) if g is not None else 0
        for _, g in cases
        for region in REGIONS
    ]
    ours = scored(cases)
    for name, labels in (("petrg_all", [1, 2, 3, 4, 5]), ("petrg_abnormal", [1, 2, 3, 4])):
        wanted = f1_score(truth, said, labels=labels, average="macro", zero_division=0)
        assert ours[name].value == pytest.approx(wanted, abs=1e-12)


def test_a_region_that_is_not_mentioned_is_normal() -> None:
    counts = petrg_counts({"liver": "1"}, {}, regions=("liver", "spleen"))
    assert counts["pairs"] == {"1>5": 1, "5>5": 1}


def test_numbers_and_strings_mean_the_same_status() -> None:
    one = petrg_counts({"liver": 1}, {"liver": 2}, regions=("liver",))
    assert one == petrg_counts({"liver": "1"}, {"liver": "2"}, regions=("liver",))


def test_a_failed_generation_misses_the_normal_regions_too() -> None:
    table = petrg_table(petrg_counts({"liver": "1"}, None, regions=("liver", "spleen")))
    assert (table.per_status["1"].fn, table.per_status["5"].fn) == (1, 1)
    assert sum(counts.fp for counts in table.per_status.values()) == 0


def test_a_status_that_nobody_uses_counts_as_zero() -> None:
    same: Statuses = {"region 1": "1", "region 2": "3"}
    ours = scored([(same, same)])
    assert ours["petrg_all"].value == pytest.approx(3 / 5)
    assert ours["petrg_abnormal"].value == pytest.approx(2 / 4)


def test_healthy_references_leave_the_abnormal_value_unscored() -> None:
    ours = scored([({}, {"region 1": "1"})])
    assert ours["petrg_abnormal"].value is None
    assert "normal" in ours["petrg_abnormal"].reason
    assert ours["petrg_all"].value is not None


def test_without_cases_nothing_is_scored() -> None:
    assert {s.reason for s in petrg_scores(petrg_table({}), signature=SIGNATURE)} == {"no cases"}


def test_the_signature_names_the_labels() -> None:
    assert scored([({}, {})])["petrg_all"].signature == (
        "petrg|regions:petrg24.v1|extractor:rules:1|section:findings|language:zh|clean:1"
        "|unmentioned:normal|zero_division:0|failed:miss|labels:1-5"
    )


@pytest.mark.parametrize("status", ["0", "6", "", "normal"])
def test_what_is_no_status_is_refused(status: str) -> None:
    with pytest.raises(ValueError, match="liver"):
        petrg_counts({"liver": status}, {}, regions=("liver",))

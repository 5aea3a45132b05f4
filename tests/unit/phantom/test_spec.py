"""A [phantom] table is checked before anything is painted, and the wrong entry is named."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_pet2rep.phantom.spec import PhantomError, parse_phantom
from pytest_pet2rep.types import Side, UptakeState

LUNG = {
    "organ": "lungs", "part": "upper lobe", "side": "left", "state": "increased",
    "suv": 6.0, "diameter_mm": 22,
}  # fmt: skip


def table(**facts: Any) -> dict[str, Any]:
    return {"seed": 1, "sex": "F", **facts}


def with_lesion(**changes: Any) -> dict[str, Any]:
    lesion = {**LUNG, **changes}
    return table(lesions=[LUNG, {k: v for k, v in lesion.items() if v is not None}])


def test_a_lesion_is_read_into_words_of_the_house() -> None:
    lesion = parse_phantom(table(lesions=[LUNG])).lesions[0]
    assert (lesion.organ, lesion.state, lesion.side) == ("lungs", UptakeState.INCREASED, Side.LEFT)
    assert lesion.diameter_mm == 22


@pytest.mark.parametrize(
    ("wrong", "key", "says"),
    [
        ({"sex": "F"}, "seed", "missing"),
        ({"seed": 1}, "sex", "missing"),
        (table(seed=1.5), "seed", "whole number"),
        (table(seed=True), "seed", "whole number"),
        (table(wieght_kg=60), "wieght_kg", "weight_kg"),
        (table(weight_kg="60"), "weight_kg", "number"),
        (table(height_cm=400), "height_cm", "140 to 200"),
        (table(arms_up=1), "arms_up", "true or false"),
        (table(heart="hot"), "heart", "patchy"),
        (table(lesions={}), "lesions", "array"),
        (table(lesions=["lungs"]), "lesions[0]", "table"),
        (with_lesion(organ="lung"), "lesions[1].organ", "lungs"),
        (with_lesion(organ=None), "lesions[1].organ", "organ"),
        (with_lesion(part="uper lobe"), "lesions[1].part", "upper lobe"),
        (with_lesion(part="middle lobe"), "lesions[1].side", "right"),
        (with_lesion(side="bilateral"), "lesions[1].side", "left or right"),
        (with_lesion(side="links"), "lesions[1].side", "left"),
        (with_lesion(state=None), "lesions[1].state", "missing"),
        (with_lesion(state="absent"), "lesions[1].state", "cannot be seen"),
        (with_lesion(suv=1.4), "lesions[1].suv", "at least 2.5"),
        (with_lesion(suv=None), "lesions[1].suv", "takes suv"),
        (with_lesion(factor=0.5), "lesions[1].suv", "not factor"),
        (with_lesion(diametre_mm=20), "lesions[1].diametre_mm", "diameter_mm"),
        (with_lesion(organ="neck_nodes", extent="whole", part=None), "lesions[1].extent", "focal"),
        (with_lesion(organ="spleen", extent="whole", part=None), "lesions[1].side", "no sides"),
        (with_lesion(organ="prostate", part="lobe"), "lesions[1].organ", "sex F"),
    ],
)
def test_a_wrong_entry_is_named_with_what_would_be_right(
    wrong: dict[str, Any], key: str, says: str
) -> None:
    with pytest.raises(PhantomError) as caught:
        parse_phantom(wrong)
    assert caught.value.key == key
    assert says in caught.value.problem
    assert str(caught.value).startswith(f"phantom.{key}: ")


@pytest.mark.parametrize(
    ("state", "factor", "size", "key"),
    [
        ("decreased", 0.8, 40, "factor"),  # 0.75 to 1.3 is a grey zone
        ("decreased", 0.3, 40, "factor"),
        ("absent", 0.3, 40, "factor"),
        ("absent", 0.1, 12, "diameter_mm"),  # too small to be seen as cold
    ],
)
def test_no_lesion_lies_in_the_grey_zone(state: str, factor: float, size: float, key: str) -> None:
    lesion = {
        "organ": "liver", "part": "right lobe", "side": "right", "state": state,
        "factor": factor, "diameter_mm": size,
    }  # fmt: skip
    with pytest.raises(PhantomError) as caught:
        parse_phantom(table(lesions=[lesion]))
    assert caught.value.key == f"lesions[0].{key}"

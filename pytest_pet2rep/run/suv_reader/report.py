"""The words of ``baseline/suv-reader``: foci in, a plain report in Chinese or English out."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.run.suv_reader.foci import Focus
from pytest_pet2rep.types import ABNORMAL_STATES, Language, Side, UptakeState

PARAGRAPHS = (
    ("brain", "eyes", "sinuses", "nasopharynx", "tonsils", "salivary", "thyroid", "neck_nodes"),
    ("lungs", "thoracic_nodes", "axillary_nodes", "esophagus"),
    ("liver", "portal_vein", "gallbladder", "pancreas", "spleen", "kidneys", "adrenals", "stomach",
     "intestine", "abdominal_nodes"),
    ("prostate", "uterus", "ovaries", "pelvic_nodes"),
    ("bone",),
)  # fmt: skip
ONE_SEX = {"prostate": "M", "uterus": "F", "ovaries": "F"}


def write_reading(foci: Sequence[Focus], sex: str, language: Language) -> str:
    """Findings that state every organ of ``pet2rep19``, and an impression of what is abnormal.

    ``sex`` (``M`` or ``F``) is the one that was read off the images.
    """
    words = _words(language)
    lines = [words["findings"]]
    for organs in PARAGRAPHS:
        present = [organ for organ in organs if ONE_SEX.get(organ, sex) == sex]
        lines.append(words["gap"].join(_stated(organ, foci, words) for organ in present))
    wrong = [s for row in PARAGRAPHS for organ in row for s in _abnormal(organ, foci, words)]
    lines += ["", words["impression"]]
    if not wrong:
        return "\n".join([*lines, words["nothing"]]) + "\n"
    numbered = [words["number"].format(n=n) + s for n, s in enumerate(wrong, start=1)]
    return "\n".join([*lines, *numbered]) + "\n"


def write_nothing_seen(language: Language) -> str:
    """What is written where the images show no body."""
    words = _words(language)
    return f"{words['findings']}\n{words['no_body']}\n"


@cache
def _words(language: Language) -> dict[str, Any]:
    file = resources.files("pytest_pet2rep") / f"data/suv_reader/words.{language.value}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _stated(organ: str, foci: Sequence[Focus], words: dict[str, Any]) -> str:
    found = _abnormal(organ, foci, words)
    normal = str(words["normal"]).format(place=words["names"][organ])
    return str(words["gap"]).join(found) if found else normal


def _abnormal(organ: str, foci: Sequence[Focus], words: dict[str, Any]) -> list[str]:
    """One sentence for each state that was found in an organ."""
    sentences = []
    for state in ABNORMAL_STATES:
        own = [focus for focus in foci if focus.organ == organ and focus.state == state]
        if not own:
            continue
        place = words["sides"][_side(own)] + words["names"][organ]
        suv = max(focus.suv_max for focus in own)
        in_range = state is UptakeState.INCREASED and math.isfinite(suv)
        pattern = words["states"]["measured" if in_range else state.value]
        sentences.append(str(pattern).format(place=place, suv=f"{suv:.1f}"))
    return sentences


def _side(foci: Sequence[Focus]) -> Side:
    sides = {focus.side for focus in foci} - {Side.NONE}
    if len(sides) > 1:
        return Side.BILATERAL
    return sides.pop() if sides else Side.NONE

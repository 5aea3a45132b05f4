"""The preset ``paper``: what the PET2Rep authors chose, and their published rows beside a run's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.render.columns import Align
from pytest_pet2rep.render.numbers import score
from pytest_pet2rep.render.table import Column, Table

if TYPE_CHECKING:
    from pytest_pet2rep.run.scoreboard import ScoreSet

PRESETS = ("paper",)
COMPARED = ("bleu4", "meteor", "rouge_l", "ce_precision", "ce_recall", "ce_f1", "overall")


@cache
def preset(name: str) -> Mapping[str, Any]:
    """Load a preset: ``options``, ``source``, ``published`` rows and ``caveat`` texts."""
    text = (files("pytest_pet2rep") / "data" / "presets" / f"{name}.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(text))


def preset_options(name: str) -> Mapping[str, str]:
    """Return option -> value of a preset; none without a name."""
    return dict(preset(name)["options"]) if name else {}


def paper_table(found: ScoreSet, model: str) -> Table:
    """Put the scores of a run first, and the published rows below it, times 100."""
    by_name = {each.name: each.value for each in found.all()}
    mine = (f"this run: {model}", *(score(by_name.get(name)) for name in COMPARED))
    published = (
        (str(row["model"]), *(score(row.get(name)) for name in COMPARED))
        for row in preset("paper")["published"]
    )
    return Table(
        columns=(
            Column(title="model", shrink_to=26),
            *(Column(title=name, align=Align.RIGHT) for name in COMPARED),
        ),
        rows=(mine, (), *published),
    )


def paper_notes(chosen: Mapping[str, str]) -> list[str]:
    """Return the source, what this run does otherwise than the preset, and the caveats."""
    found = preset("paper")
    lines = [f"published rows: {found['source']}"]
    for name, value in found["options"].items():
        if chosen.get(name, value) != value:
            lines.append(f"unlike the preset: {name} is {chosen[name]}, not {value}")
    return [*lines, *(str(caveat["text"]) for caveat in found["caveat"])]

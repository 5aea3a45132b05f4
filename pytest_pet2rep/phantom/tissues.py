"""The tissue table: uptake and CT number of everything that the body is made of."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, kw_only=True, slots=True)
class Tissue:
    """One row of ``data/tissues.toml``; ``number`` is its value in a label map."""

    name: str
    number: int
    suv: float
    """Mean over subjects, body-weight SUV."""
    sd: float
    """Standard deviation between subjects, SUV."""
    hu: float
    grain: float
    """Texture: standard deviation within one subject's tissue, HU."""
    shared: bool = False
    """Varies with the factor that liver, blood, spleen, marrow and muscle of a subject share."""


@cache
def tissues() -> dict[str, Tissue]:
    """All tissues by name, numbered from 0 (air) in the order of the file."""
    text = resources.files(__package__).joinpath("data/tissues.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["tissues"]
    return {
        name: Tissue(name=name, number=number, **row)
        for number, (name, row) in enumerate(rows.items())
    }

"""The organ catalogue and the profiles that roll fine organs up to what is scored.

Extraction and expectations speak of *fine* organs (``neck_nodes``, ``portal_vein``); a score
speaks of the organs of one *profile* (``lymph_nodes``, ``liver``), whose id it carries.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from pytest_pet2rep.errors import DataProblem, UnknownName
from pytest_pet2rep.types import ABNORMAL_STATES, NORMAL, UNSTATED, States, UptakeState


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileOrgan:
    """One organ of a profile and the fine organs that it covers."""

    id: str
    en: str
    zh: str
    fine: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """An ordered, versioned list of organs; its ``label`` is stamped on every score."""

    id: str
    version: int
    organs: tuple[ProfileOrgan, ...]

    @property
    def label(self) -> str:
        return f"{self.id}.v{self.version}"

    def __getitem__(self, organ: str) -> ProfileOrgan:
        for candidate in self.organs:
            if candidate.id == organ:
                return candidate
        raise UnknownName("organ", organ, (o.id for o in self.organs), f"of profile {self.id}")


def combine(states: Iterable[States]) -> States:
    """Combine statements on one organ: any abnormal state wins over normal, normal over unstated."""
    found = frozenset().union(*states)
    abnormal = found.intersection(ABNORMAL_STATES)
    if abnormal:
        return abnormal
    return NORMAL if UptakeState.NORMAL in found else UNSTATED


def roll_up(states: Mapping[str, States], profile: Profile) -> dict[str, States]:
    """Roll fine organ states up to every organ of ``profile``, in its order.

    An organ none of whose fine organs has a statement is ``{UNSTATED}``.
    """
    return {
        organ.id: combine(states[fine] for fine in organ.fine if fine in states)
        for organ in profile.organs
    }


@cache
def load_profile(name: str) -> Profile:
    """Load a shipped profile by id, or a user's profile file by path (``*.toml``).

    Raises ``UnknownName`` for an id that is not shipped and ``DataProblem`` for a bad file.
    """
    shipped = {
        entry.name.removesuffix(".toml"): entry
        for entry in resources.files(__package__).joinpath("data/anatomy").iterdir()
        if entry.name.endswith(".toml") and entry.name != "organs.toml"
    }
    if name in shipped:
        text = shipped[name].read_text(encoding="utf-8")
    elif name.endswith(".toml") and Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8")
    else:
        raise UnknownName("organ list", name, shipped, "(or give the path of a profile .toml)")
    return _parse_profile(text, name)


def _parse_profile(text: str, name: str) -> Profile:
    try:
        table = tomllib.loads(text)
        organs = tuple(
            ProfileOrgan(id=id_, en=o["en"], zh=o["zh"], fine=tuple(o["fine"]))
            for id_, o in table["organs"].items()
        )
        return Profile(id=table["id"], version=int(table["version"]), organs=organs)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as why:
        raise DataProblem(
            f"{name}: not a profile file ({type(why).__name__}: {why}); it needs id, version and "
            f"[organs] with en, zh and fine for each"
        ) from why

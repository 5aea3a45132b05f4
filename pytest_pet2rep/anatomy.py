"""The organ catalogue and the profiles that roll fine organs up to what is scored.

Extraction and expectations speak of *fine* organs (``neck_nodes``, ``portal_vein``); a score
speaks of the organs of one *profile* (``lymph_nodes``, ``liver``), whose id it carries.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

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
    digest: str = ""
    """Of the organs of a user's file, which may bear the id and version of a shipped list."""

    @property
    def label(self) -> str:
        return ".".join(filter(None, (self.id, f"v{self.version}", self.digest)))

    def __getitem__(self, organ: str) -> ProfileOrgan:
        for candidate in self.organs:
            if candidate.id == organ:
                return candidate
        raise UnknownName("organ", organ, (o.id for o in self.organs), f"of profile {self.id}")


def combine(states: Iterable[States]) -> States:
    """Combine statements on one organ: abnormal wins over normal, normal over unstated."""
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
        profile = _parse_profile(Path(name).read_text(encoding="utf-8"), name)
        return replace(profile, digest=_organs_digest(profile))
    else:
        raise UnknownName("organ list", name, shipped, "(or give the path of a profile .toml)")
    return _parse_profile(text, name)


def _organs_digest(profile: Profile) -> str:
    """First 8 hex digits of the SHA-256 of what decides a score: ids and their fine organs."""
    listed = "\n".join(" ".join((organ.id, *organ.fine)) for organ in profile.organs)
    return hashlib.sha256(listed.encode()).hexdigest()[:8]


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Organ:
    """One fine organ of the catalogue.

    ``parts`` maps the name of a part to its words; ``part_region`` names the parts that lie in
    another region of the profile ``petrg24`` than the organ (``region``, empty for none).
    ``snomed`` is a SNOMED CT concept id, ``totalsegmentator`` the label names that make it up.
    """

    id: str
    zh: tuple[str, ...]
    en: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]
    paired: bool
    secondary: bool
    """Read and mentioned, but outside the organs that states are given for."""
    region: str
    part_region: Mapping[str, str]
    snomed: str
    totalsegmentator: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """A part of the body that names its lymph nodes (``nodes``) beside a word for node.

    Without such a word it names the fine organ ``plain``, or nothing where that is empty.
    """

    part: str
    nodes: str
    plain: str
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedPart:
    """A part that several organs have: it is one of the organ named before it.

    ``of`` limits the organs (empty: any); ``default`` is meant where no organ has been named.
    """

    of: tuple[str, ...]
    default: str
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """All fine organs, areas, and part words that mean nothing without an organ."""

    version: int
    organs: Mapping[str, Organ]
    areas: tuple[Area, ...]
    shared_parts: Mapping[str, SharedPart]
    organ_nodes: Mapping[str, str]
    """Fine organ -> station of the nodes beside it (empty for none)."""


@cache
def catalogue() -> Catalogue:
    """The shipped organ catalogue (``data/anatomy/organs.toml``)."""
    source = resources.files(__package__).joinpath("data/anatomy/organs.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    return Catalogue(
        version=table["version"],
        organs={id_: _organ(id_, entry) for id_, entry in table["organs"].items()},
        areas=tuple(
            Area(part=part, nodes=a["nodes"], plain=a["plain"], words=tuple(a["words"]))
            for part, a in table["areas"].items()
        ),
        shared_parts={
            part: SharedPart(of=tuple(p["of"]), default=p["default"], words=tuple(p["words"]))
            for part, p in table["shared_parts"].items()
        },
        organ_nodes=dict(table["organ_nodes"]),
    )


def _organ(id_: str, entry: Mapping[str, Any]) -> Organ:
    return Organ(
        id=id_,
        zh=tuple(entry["zh"]),
        en=tuple(entry["en"]),
        parts={part: tuple(words) for part, words in entry.get("parts", {}).items()},
        paired=entry.get("paired", False),
        secondary=entry.get("secondary", False),
        region=entry["region"],
        part_region=dict(entry.get("part_region", {})),
        snomed=entry.get("snomed", ""),
        totalsegmentator=tuple(entry.get("totalsegmentator", ())),
    )

"""What a reading says in the terms of PETRG-Score: one of five statuses for each of 24 regions.

Convention of arXiv 2511.20145: 1 high abnormal uptake, 2 mild or equivocal, 3 physiological,
4 reduced or defect, 5 normal.  A region that is not mentioned is normal, and a region with
several findings takes the most salient one.  "No uptake in the cyst" (absent by negation, policy
1) is normal there; a defect or photopenia is 4.
"""

from __future__ import annotations

from pytest_pet2rep.anatomy import catalogue, load_profile
from pytest_pet2rep.types import Certainty, Mention, Reading, Section, UptakeState

NORMAL = "5"
_SALIENCE = ("1", "2", "4", "3", NORMAL)
_MILD_DEGREES = ("mild",)


def petrg_status(reading: Reading, section: Section = Section.FINDINGS) -> dict[str, str]:
    """Region (Chinese key of the profile ``petrg24``) -> status ``"1"`` to ``"5"``."""
    found: dict[str, set[str]] = {organ.id: set() for organ in load_profile("petrg24").organs}
    for mention in scored_mentions(reading, section):
        status = _status(mention)
        for region in regions_of(mention):
            found[region].add(status)
    return {region: _most_salient(statuses) for region, statuses in found.items()}


def scored_mentions(reading: Reading, section: Section) -> list[Mention]:
    """The mentions of one section.

    For ``BOTH`` those of the findings, and of the impression only those of organs that the findings
    do not mention: a lesion that the impression repeats is one lesion, and the findings decide.
    """
    if section is not Section.BOTH:
        return [m for m in reading.mentions if m.section is section]
    described = {m.organ for m in reading.mentions if m.section is Section.FINDINGS}
    return [
        m
        for m in reading.mentions
        if m.section is Section.FINDINGS
        or (m.section is Section.IMPRESSION and m.organ not in described)
    ]


def regions_of(mention: Mention) -> tuple[str, ...]:
    """The petrg24 regions of a mention; bone or marrow as a whole is the spine and the rest."""
    organ = catalogue().organs[mention.organ]
    parts = [part.strip() for part in mention.part.split(",") if part.strip()]
    if mention.organ == "bone" and set(parts) <= {"bone marrow"}:
        return (organ.part_region["spine"], organ.region)
    regions = [organ.part_region.get(part, organ.region) for part in parts] or [organ.region]
    return tuple(dict.fromkeys(region for region in regions if region))


def _status(mention: Mention) -> str:
    if mention.state is UptakeState.INCREASED:
        mild = mention.degree in _MILD_DEGREES or mention.certainty is Certainty.UNCERTAIN
        return "2" if mild else "1"
    if mention.state is UptakeState.ABSENT and mention.rule == "P1":
        return NORMAL
    if mention.state in (UptakeState.DECREASED, UptakeState.ABSENT):
        return "4"
    return "3" if mention.rule.startswith("P9") else NORMAL


def _most_salient(statuses: set[str]) -> str:
    return next((status for status in _SALIENCE if status in statuses), NORMAL)

"""Reference reports of the phantom cases, Chinese and English, written from what was measured.

Wording is data (``data/reports``); what is said of which organ follows from the findings, so
that both languages and the expectations state the same.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.phantom.places import organ_rules
from pytest_pet2rep.phantom.spec import Extent, Lesion, PhantomSpec
from pytest_pet2rep.phantom.streams import stream
from pytest_pet2rep.phantom.truth import Finding
from pytest_pet2rep.types import Language, UptakeState

MALE_ONLY, FEMALE_ONLY = ("prostate",), ("uterus", "ovaries")
MILD_BELOW, MARKED_FROM = 5.0, 9.0
"""SUVmax at which increased uptake starts to be called markedly so, and always is."""


@cache
def _data(name: str) -> dict[str, Any]:
    file = resources.files(__package__).joinpath(f"data/reports/{name}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def stated_organs(spec: PhantomSpec) -> tuple[str, ...]:
    """Organs of which the reports of a case say something, head to foot.

    All that the body has, but for a few normal ones that real reports pass over as well.
    """
    layout = _data("layout")
    touched = {lesion.organ for lesion in spec.lesions}
    foreign = FEMALE_ONLY if spec.sex == "M" else MALE_ONLY
    stated = []
    for organ in (o for paragraph in layout["paragraphs"] for o in paragraph):
        silent = stream(spec.seed, f"silence {organ}").random() < layout["silence"].get(organ, 0)
        if organ in touched or (organ not in foreign and not silent):
            stated.append(organ)
    return tuple(stated)


def write_report(spec: PhantomSpec, findings: Sequence[Finding], language: Language) -> str:
    """Findings and impression of one case under their headings; ends with a line break."""
    words = _data(language.value)
    writer = _Writer(spec, findings, language)
    lines = [words["findings"], writer.pick(words["technique"], "technique")]
    lines += writer.paragraphs()
    lines += ["", words["impression"], *writer.impression()]
    return "\n".join(lines) + "\n"


class _Writer:
    """Chooses wordings of one report; every choice has a random stream of its own name."""

    def __init__(self, spec: PhantomSpec, findings: Sequence[Finding], language: Language) -> None:
        self.spec = spec
        self.findings = findings
        self.language = language
        self.words = _data(language.value)
        self.gap = "" if language is Language.ZH else " "
        self.stated = stated_organs(spec)

    def pick(self, choices: Sequence[str], name: str) -> str:
        rng = stream(self.spec.seed, f"{self.language} {name}")
        return str(choices[int(rng.integers(len(choices)))])

    def paragraphs(self) -> list[str]:
        """One line a paragraph of the layout."""
        lines = []
        for organs in _data("layout")["paragraphs"]:
            present = [organ for organ in organs if organ in self.stated]
            sentences = [self._sentences(group) for group in self._grouped(present)]
            if sentences:
                lines.append(self.gap.join(sentences))
        return lines

    def _grouped(self, organs: list[str]) -> list[list[str]]:
        """Put neighbours together that one sentence sums up."""
        layout = _data("layout")["together"]
        abnormal = {finding.lesion.organ for finding in self.findings}
        groups, at = [], 0
        while at < len(organs):
            fitting = [
                group
                for group in layout["groups"]
                if organs[at : at + len(group)] == group and not abnormal.intersection(group)
            ]
            rng = stream(self.spec.seed, f"{self.language} together {organs[at]}")
            if fitting and rng.random() < layout["chance"]:
                groups.append(list(fitting[int(rng.integers(len(fitting)))]))
            else:
                groups.append([organs[at]])
            at += len(groups[-1])
        return groups

    def _sentences(self, organs: list[str]) -> str:
        if len(organs) > 1:
            names = [self.words["names"][organ] for organ in organs]
            joined = self.words["comma"].join(names[:-1]) + self.words["last"] + names[-1]
            return self.pick(self.words["together"], f"sum {organs[0]}").format(names=joined)
        organ = organs[0]
        own = [f for f in self.findings if f.lesion.organ == organ]
        if not own:
            return self.pick(self.words["normal"][organ], f"normal {organ}")
        sentences = [self._fill(finding, "findings") for finding in own]
        whole = any(f.lesion.extent is Extent.WHOLE for f in own)
        if organ in self.words["rest"] and not whole:
            sentences.append(self.pick(self.words["rest"][organ], f"rest {organ}"))
        return self.gap.join(sentences)

    def impression(self) -> list[str]:
        """Numbered conclusions: increased first, then cold lesions; one closing line."""
        if not self.findings:
            return [self.pick(self.words["normal_study"], "normal study")]
        rank = [UptakeState.INCREASED, UptakeState.DECREASED, UptakeState.ABSENT]
        ordered = sorted(self.findings, key=lambda f: rank.index(f.lesion.state))
        lines = [self._fill(finding, "impression") for finding in ordered]
        lines.append(self.pick(self.words["closing"], "closing"))
        mark = "．" if self.language is Language.ZH else ". "
        return [f"{n}{mark}{line}" for n, line in enumerate(lines, start=1)]

    def _fill(self, finding: Finding, section: str) -> str:
        lesion = finding.lesion
        templates = self.words[lesion.state.value]
        entry = templates.get(_template_name(lesion, templates), templates.get("default"))
        number = list(self.findings).index(finding)
        text = self.pick(entry[section], f"{section} {number}")
        place = self._place(lesion)
        a, b, half = self._sizes(finding, number)
        size = self.pick(self.words["size"], f"size {number}").format(a=a, b=b)
        extent = self.pick(self.words["extent"], f"extent {number}").format(a=a, b=b)
        filled = text.format(
            place=place, Place=place[0].upper() + place[1:], size=size, extent=extent, a=a,
            half=half, suv=f"{finding.suv_max:.1f}", degree=self._degree(finding, number),
        )  # fmt: skip
        return filled[0].upper() + filled[1:]

    def _place(self, lesion: Lesion) -> str:
        name = lesion.part or "whole"
        side = self.words["sides"].get(lesion.side.value, "")
        return str(self.words["places"][lesion.organ][name]).format(side=side)

    def _sizes(self, finding: Finding, number: int) -> tuple[str, str, str]:
        """Diameter and a slightly smaller second one, and a wall thickness, as text in cm."""
        long = organ_rules()[finding.lesion.organ].long
        diameter = finding.lesion.diameter_mm * long / 10
        other = diameter * float(
            stream(self.spec.seed, f"second size {number}").uniform(0.88, 0.97)
        )
        return f"{diameter:.1f}", f"{other:.1f}", f"{finding.lesion.diameter_mm / 20:.1f}"

    def _degree(self, finding: Finding, number: int) -> str:
        level = "moderate"
        if finding.suv_max < MILD_BELOW:
            level = "mild"
        elif finding.suv_max >= MARKED_FROM:
            level = "marked"
        return self.pick(self.words["degrees"][level], f"degree {number}")


def _template_name(lesion: Lesion, templates: Mapping[str, Any]) -> str:
    whole = f"{lesion.organ}_whole"
    if lesion.extent is Extent.WHOLE and whole in templates:
        return whole
    return "nodes" if lesion.organ.endswith("_nodes") else lesion.organ

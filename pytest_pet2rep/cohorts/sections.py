"""Putting findings and impression together under the headings that this project reads."""

from __future__ import annotations

from pytest_pet2rep.types import Language

_HEADINGS = {
    Language.ZH: ("影像所见：", "影像诊断："),
    Language.EN: ("Findings: ", "Impression: "),
}


def join_sections(language: Language, findings: str, impression: str) -> str:
    """One report; a part that is blank gets no heading, one that has its heading no second."""
    parts = zip(_HEADINGS[language], (findings.strip(), impression.strip()), strict=True)
    return "\n".join(_headed(heading, text) for heading, text in parts if text)


def _headed(heading: str, text: str) -> str:
    word = heading.strip(" ：:")
    begins = text[: len(word)].lower() == word.lower() and text[len(word) :].lstrip()[:1] in "：:"
    return text if begins and len(text) > len(word) else heading + text

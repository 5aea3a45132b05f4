"""Was the answer copied from the prompt: findings of its template, sentences around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pytest_pet2rep.findings.checks.squeezed import squeeze
from pytest_pet2rep.findings.checks.vocabulary import pattern
from pytest_pet2rep.findings.normalise import fold
from pytest_pet2rep.findings.reader import read
from pytest_pet2rep.types import ABNORMAL_STATES, Flag, Language, Reading, UptakeState

_SIMILARITY = 92.0
"""Per cent (normalised Indel similarity of the best window) from which a sentence is a copy."""
_LEAST = {Language.ZH: 8, Language.EN: 20}
"""Letters and digits of the shortest sentence that can be recognised as a copy."""
_MEASURE = re.compile(r"\d[ ]?(?:mm|cm|毫米|厘米)|suv(?:max)?[^。;\n\d]{0,4}\d")
_BREAK = re.compile(r"[。;!?\n]+|(?<!\d)\.(?=\s|$)")
_BRACKETS = str.maketrans("", "", "[]［］【】")
_NUMBERING = re.compile(r"^\s*(?:\d{1,2}\s?[.、)]|[-*•])\s*")

Finding = tuple[str, UptakeState]


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A sentence of the template that describes one imagined patient and no other."""

    text: str
    squeezed: str
    findings: frozenset[Finding]
    numbers: tuple[str, ...]


def template_echo(
    text: str,
    *,
    language: Language,
    template: str,
    reading: Reading,
    reference: str | None,
    reference_reading: Reading | None,
) -> list[Flag]:
    """Flag findings of the template that were copied although the reference lacks them.

    A sentence of the template counts if it has an abnormal uptake or a measured lesion; it is
    copied if the text holds it word for word or nearly so, with the same numbers and the same
    states.  Whatever the reference says too is no echo, and a normal report in the words of the
    template is none.
    """
    examples = examples_of(template, language)
    if not examples or not text.strip():
        return []
    said = abnormal_findings(reading)
    true = abnormal_findings(reference_reading) if reference_reading else frozenset()
    squeezed, known = squeeze(text), squeeze(reference or "").text
    flags = []
    for example in examples:
        if not example.findings <= said or (example.findings and example.findings <= true):
            continue
        if not example.findings and _copied(example, known):
            continue
        if window := _copied(example, squeezed.text):
            start, end = squeezed.original(*window)
            flags.append(Flag(name="template_echo", start=start, end=end, detail=example.text[:80]))
    return flags


def instruction_echo(
    text: str, *, language: Language, template: str, instructions: str, reference: str | None
) -> list[Flag]:
    """Flag sentences of the instructions (the prompt around the template), and any request.

    A request to describe or to fill in is an instruction whoever wrote it.
    """
    squeezed, known = squeeze(text), squeeze(reference or "").text
    flags = []
    for sentence in _instruction_sentences(instructions, template, language):
        at = squeezed.text.find(sentence)
        if at >= 0 and sentence not in known:
            start, end = squeezed.original(at, at + len(sentence))
            flags.append(Flag(name="instruction_echo", start=start, end=end))
    folded, in_reference = fold(text), fold(reference or "")
    for request in (m for lang in Language for m in pattern(lang, "instruction").finditer(folded)):
        seen = any(f.start < request.end() and request.start() < f.end for f in flags)
        if not seen and request.group() not in in_reference:
            flags.append(Flag(name="instruction_echo", start=request.start(), end=request.end()))
    return sorted(flags, key=lambda flag: flag.start)


def abnormal_findings(reading: Reading) -> frozenset[Finding]:
    """Return the abnormal (fine organ, state) pairs of a reading, in any section."""
    return frozenset((m.organ, m.state) for m in reading.mentions if m.state in ABNORMAL_STATES)


@lru_cache(maxsize=64)
def examples_of(template: str, language: Language) -> tuple[Example, ...]:
    """Return the case-specific sentences of ``template``, brackets removed, in their order."""
    plain = template.translate(_BRACKETS)
    mentions = [m for m in read(plain, language=language).mentions if m.state in ABNORMAL_STATES]
    examples = []
    for start, end in _pieces(plain):
        sentence = plain[start:end].strip()
        findings = frozenset((m.organ, m.state) for m in mentions if start <= m.start < end)
        squeezed = squeeze(sentence).text
        if len(squeezed) >= _LEAST[language] and (findings or _MEASURE.search(fold(sentence))):
            numbers = tuple(re.findall(r"\d+", squeezed))
            examples.append(
                Example(text=sentence, squeezed=squeezed, findings=findings, numbers=numbers)
            )
    return tuple(examples)


def _copied(example: Example, squeezed: str) -> tuple[int, int] | None:
    """Where in ``squeezed`` the example stands, nearly word for word and with its numbers."""
    if not squeezed:
        return None
    at = squeezed.find(example.squeezed)
    if at >= 0:
        return at, at + len(example.squeezed)
    if len(squeezed) < len(example.squeezed) * _SIMILARITY / 100:
        return None
    from rapidfuzz.fuzz import partial_ratio_alignment

    found = partial_ratio_alignment(example.squeezed, squeezed, score_cutoff=_SIMILARITY)
    if found is None or found.dest_end <= found.dest_start:
        return None
    window = squeezed[found.dest_start : found.dest_end]
    same_numbers = tuple(re.findall(r"\d+", window)) == example.numbers
    return (found.dest_start, found.dest_end) if same_numbers else None


@lru_cache(maxsize=64)
def _instruction_sentences(instructions: str, template: str, language: Language) -> tuple[str, ...]:
    example = squeeze(template).text
    found = dict.fromkeys(
        squeeze(_NUMBERING.sub("", instructions[start:end])).text
        for start, end in _pieces(instructions)
    )
    return tuple(s for s in found if len(s) >= _LEAST[language] and s not in example)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _BREAK.finditer(fold(text)):
        yield start, match.start()
        start = match.end()
    yield start, len(text)

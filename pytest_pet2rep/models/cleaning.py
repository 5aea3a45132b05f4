"""From what a model returned to the text of its report.

Takes out what is no part of a report: think blocks, code fences, a leading courtesy sentence, a
JSON envelope, and whatever follows an end-of-report mark.  Never raises, takes time linear in the
text, and cleaning a cleaned text changes nothing.
"""

from __future__ import annotations

import json
import re
import tomllib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pytest_pet2rep.types import Language

CLEANING = "clean:1"
"""Signature of this step; a new number whenever any text may come out differently."""

AFTER_END = "after the end of the report"
"""Reason of a removed stretch that followed an end-of-report mark."""

SHORTEST_REPORT = 60
"""Characters; behind a lone closing think tag what is shorter is not taken for the report, if what
stands before it is not."""

_THINK = re.compile(r"<(/?)(?:think|thinking|reasoning|thought)>", re.IGNORECASE)
_INFO = "[A-Za-z0-9_+-]{0,20}[ \t]{0,20}"
_FENCE_LINE = re.compile(rf"^[ \t]{{0,20}}(?:```|~~~){_INFO}\r?(?:\n|\Z)", re.MULTILINE)
_FENCE_START = re.compile(
    rf"(?:```|~~~)(?:{_INFO}\r?(?=\n|\Z)|(?:json|text|txt|markdown|md|plaintext)(?![A-Za-z]))?"
)
_FENCE_END = re.compile(rf"(?:(?<=\n)[ \t]{{0,20}}(?:```|~~~){_INFO}|```|~~~)\Z")
_LINE_REACH = 200
"""Longer than any mark that is a line of its own, in characters."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_HEADINGS = {
    Language.ZH: ("影像所见：", "影像诊断："),
    Language.EN: ("Findings:", "Impression:"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleaned:
    """The text of a report and what was taken away to get it."""

    text: str
    removed: tuple[tuple[int, int, str], ...] = ()
    """(start, end, why): character offsets into the raw text, end exclusive, sorted."""
    unclosed_think: bool = False
    """The model was still thinking when its answer ended: the generation is truncated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Marks:
    courtesy: re.Pattern[str]
    end: re.Pattern[str]
    end_line: re.Pattern[str]
    envelope: tuple[str, ...]
    findings: tuple[str, ...]
    impression: tuple[str, ...]


def clean(raw: str, *, language: Language) -> Cleaned:
    """Take out of ``raw`` what is no part of the report.

    ``language`` chooses the headings that are put before sections which a JSON envelope held
    apart.  A text without any such mark comes back unchanged, white space included.
    """
    working = _Working(raw)
    unclosed = working.tidy()
    while working.removed and _THINK.search(working.text):
        # A lone closing tag may be read otherwise once its surroundings have gone.
        before = working.text
        unclosed = working.tidy() or unclosed
        if working.text == before:
            break
    inner = _opened_envelope(working.text, language)
    if inner is None:
        text = working.text if working.removed else raw
        return Cleaned(text=text, removed=working.noted(), unclosed_think=unclosed)
    # An envelope inside an envelope has its quotes escaped once more than the outer one, so the
    # outer one is at least twice as deep in backslashes: the recursion is logarithmic.
    within = clean(inner, language=language)
    working.drop([(0, len(working.text))], "JSON envelope")
    return Cleaned(
        text=within.text.strip(),
        removed=working.noted(),
        unclosed_think=unclosed or within.unclosed_think,
    )


class _Working:
    """A text that shrinks, with the offset in the raw text of each character that is left."""

    def __init__(self, raw: str) -> None:
        self.text = raw
        self.removed: list[tuple[int, int, str]] = []
        self._origins: Sequence[int] = range(len(raw))

    def noted(self) -> tuple[tuple[int, int, str], ...]:
        return tuple(sorted(self.removed))

    def tidy(self) -> bool:
        """Drop all that is no report; returns whether a think block is still open at the end."""
        unclosed = self.drop_thinking()
        self.drop_after_end()
        self.drop_fence_lines()
        self.trim()
        return unclosed

    def drop_thinking(self) -> bool:
        """Drop think blocks; a lone closing tag ends a block that began with the answer.

        Chat templates of reasoning models open the block themselves, so their answers begin
        inside it.  But a lone tag with next to nothing behind it follows a report: there the
        report is what stands before, and nothing is dropped.

        Returns whether a block is still open at the end.
        """
        spans: list[tuple[int, int]] = []
        depth = begin = 0
        end = len(self.text.rstrip())
        for tag in _THINK.finditer(self.text):
            if not tag.group(1):
                begin = begin if depth else tag.start()
                depth += 1
            elif depth:
                depth -= 1
                if not depth:
                    spans.append((begin, tag.end()))
            else:
                before = tag.start() - (spans[-1][1] if spans else 0)
                if end - tag.end() >= min(SHORTEST_REPORT, before):
                    spans = [(0, tag.end())]
        if depth:
            spans.append((begin, len(self.text)))
        # The line break keeps what stood on either side from growing together to a new mark.
        self.drop(spans, "think block", joint="\n")
        return depth > 0

    def drop_after_end(self) -> None:
        """Drop the first end-of-report mark and all that follows."""
        marks = (_marks().end, _marks().end_line)
        found = [match.start() for mark in marks if (match := mark.search(self.text))]
        if found:
            self.drop([(min(found), len(self.text))], AFTER_END)

    def drop_fence_lines(self) -> None:
        """Drop lines that hold nothing but a code fence."""
        self.drop([line.span() for line in _FENCE_LINE.finditer(self.text)], "code fence")

    def trim(self) -> None:
        """Drop courtesy sentences and fences from both ends, until there are none."""
        start, end = 0, len(self.text)
        while True:
            start, end = _without_space(self.text, start, end)
            if found := self._at_start(start, end):
                stop, why = found
                self._note(start, stop, why)
                start = stop
            elif found := self._at_end(start, end):
                first, why = found
                self._note(first, end, why)
                end = first
            else:
                break
        if self.removed:
            self.text, self._origins = self.text[start:end], self._origins[start:end]

    def _at_start(self, start: int, end: int) -> tuple[int, str] | None:
        """What stands at the start and is no report: where it ends, and what it is."""
        marks = _marks()
        if marks.end_line.match(self.text[start : min(end, start + _LINE_REACH)]):
            return end, AFTER_END
        if fence := _FENCE_START.match(self.text, start, end):
            return fence.end(), "code fence"
        if courtesy := marks.courtesy.match(self.text, start, end):
            return courtesy.end(), "courtesy sentence"
        return None

    def _at_end(self, start: int, end: int) -> tuple[int, str] | None:
        """What stands at the end and is no report: where it starts, and what it is."""
        tail = self.text[max(start, end - _LINE_REACH) : end]
        if closing := _FENCE_END.search(tail):
            return end - len(closing.group()), "code fence"
        last_line = tail.rpartition("\n")[2]
        if len(last_line) < _LINE_REACH and _marks().end_line.fullmatch(last_line):
            return end - len(last_line), AFTER_END
        return None

    def drop(self, spans: Sequence[tuple[int, int]], why: str, joint: str = "") -> None:
        """Drop disjoint, sorted stretches of the text; ``joint`` takes the place of each."""
        if not spans:
            return
        texts, origins, done = [], array("q"), 0
        for start, end in spans:
            self._note(start, end, why)
            texts += [self.text[done:start], joint]
            origins.extend(self._origins[done:start])
            origins.extend(self._origins[start : start + len(joint)])
            done = end
        texts.append(self.text[done:])
        origins.extend(self._origins[done:])
        self.text, self._origins = "".join(texts), origins

    def _note(self, start: int, end: int, why: str) -> None:
        if start < end:
            self.removed.append((self._origins[start], self._origins[end - 1] + 1, why))


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _opened_envelope(text: str, language: Language) -> str | None:
    """The report inside a JSON object, or ``None`` if the text is none."""
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        table = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    found = _report_in({str(key).strip().lower(): value for key, value in table.items()}, language)
    return None if found is None else _SURROGATE.sub("\ufffd", found)


def _report_in(table: Mapping[str, Any], language: Language) -> str | None:
    marks = _marks()
    report = _first_text(table, marks.envelope)
    if report is not None:
        return report
    findings = _first_text(table, marks.findings)
    impression = _first_text(table, marks.impression)
    if findings is not None and impression is None:
        return findings
    if impression is not None:
        headings = zip(_HEADINGS[language], (findings, impression), strict=True)
        return "\n".join(f"{heading}\n{text}" for heading, text in headings if text)
    only = list(table.values())
    return only[0] if len(only) == 1 and isinstance(only[0], str) else None


def _first_text(table: Mapping[str, Any], names: Sequence[str]) -> str | None:
    for name in names:
        if isinstance(table.get(name), str):
            text: str = table[name]
            return text
    return None


@cache
def _marks() -> _Marks:
    file = resources.files("pytest_pet2rep") / "data/cleaning/marks.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    lines = "|".join(table["end_line"])
    return _Marks(
        courtesy=_either(table["courtesy"]),
        end=_either(table["end"]),
        end_line=re.compile(rf"^(?:{lines})[ \t]{{0,20}}\r?$", re.IGNORECASE | re.MULTILINE),
        envelope=tuple(table["envelope"]),
        findings=tuple(table["findings"]),
        impression=tuple(table["impression"]),
    )


def _either(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)

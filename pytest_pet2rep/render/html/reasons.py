"""What runs and gates say of themselves, in Chinese: the phrases are a data file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

LONGEST = 400
"""Letters of a reason that is looked up; what is longer is no phrase of ours."""
FIELDS: Mapping[str, str] = {
    "n": r"\d[\d,]*",
    "m": r"\d[\d,]*",
    "p": r"\d[\d.e+-]*",
    "text": r".+",
}
JOINTS = (("; ", "；"), (", ", "，"))


def in_chinese(reason: str) -> str:
    """Say an English ``reason`` in Chinese; empty where one of its phrases has no translation."""
    if not reason or len(reason) > LONGEST:
        return ""
    for pattern, chinese in _phrases():
        found = pattern.fullmatch(reason)
        if found:
            fields = {name: in_chinese(text) or text for name, text in found.groupdict().items()}
            return chinese.format_map(fields)
    for joint, chinese_joint in JOINTS:
        if joint in reason:
            parts = [in_chinese(part) for part in reason.split(joint)]
            if all(parts):
                return chinese_joint.join(parts)
    return ""


@cache
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the phrases, those with free text last: a plain one is the better match."""
    file = resources.files("pytest_pet2rep").joinpath("data/report/reasons.toml")
    rows = tomllib.loads(file.read_text("utf-8"))["reason"]
    rows.sort(key=lambda row: "{text}" in row["en"])
    return tuple((_pattern(row["en"]), row["zh"]) for row in rows)


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    source = "".join(
        f"(?P<{part}>{FIELDS[part]})" if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    )
    return re.compile(source)

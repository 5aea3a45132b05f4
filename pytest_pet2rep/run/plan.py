"""Which item a node id stands for: what was planned is compared with what was recorded."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_ITEM = re.compile(
    r"^(?P<path>.*case\.toml)::test_(?P<check>uptake|report|text|control)(?:\[(?P<name>.+)\])?$"
)
_REPEAT = re.compile(r"^(?:(?P<name>.+)-)?repeat(?P<repeat>\d+)$")


def repeat_id(repeat: int) -> str:
    """Return what a repeat (from 0) is called in node ids; without repeats there is nothing."""
    return f"repeat{repeat}"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class PlannedItem:
    """One planned item; ``check`` and ``organ`` are those of its record."""

    case: str
    check: str
    organ: str = ""
    repeat: int = 0


def planned_item(nodeid: str, root: Path) -> PlannedItem | None:
    """Return the item that ``nodeid`` names, or ``None`` for a test that is not of the suite.

    ``root`` is the folder that node ids are relative to.
    """
    match = _ITEM.match(nodeid)
    if match is None:
        return None
    case = Path(os.path.abspath(root / match["path"])).parent.name
    name, repeat = _name_and_repeat(match["name"] or "")
    if match["check"] == "uptake":
        return PlannedItem(case=case, check="uptake", organ=name, repeat=repeat)
    check = "text" if match["check"] == "text" else f"{match['check']}:{name}"
    return PlannedItem(case=case, check=check, repeat=repeat)


def _name_and_repeat(parameters: str) -> tuple[str, int]:
    found = _REPEAT.match(parameters)
    return (found["name"] or "", int(found["repeat"])) if found else (parameters, 0)

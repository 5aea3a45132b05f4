"""Which item a node id stands for: what was planned is compared with what was recorded."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_ITEM = re.compile(
    r"^(?P<path>.*case\.toml)::test_(?P<check>uptake|report|text)(?:\[(?P<name>.+)\])?$"
)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class PlannedItem:
    """One planned item; ``check`` and ``organ`` are those of its record."""

    case: str
    check: str
    organ: str = ""


def planned_item(nodeid: str, root: Path) -> PlannedItem | None:
    """Return the item that ``nodeid`` names, or ``None`` for a test that is not of the suite.

    ``root`` is the folder that node ids are relative to.
    """
    match = _ITEM.match(nodeid)
    if match is None:
        return None
    case = Path(os.path.abspath(root / match["path"])).parent.name
    name = match["name"] or ""
    if match["check"] == "uptake":
        return PlannedItem(case=case, check="uptake", organ=name)
    check = "text" if match["check"] == "text" else f"report:{name}"
    return PlannedItem(case=case, check=check)

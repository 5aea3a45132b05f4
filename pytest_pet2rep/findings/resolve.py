"""First, simple reading of clauses (to be deepened): organ names and uptake phrases per sentence."""

from __future__ import annotations

import re
from functools import cache

from pytest_pet2rep.anatomy import catalogue
from pytest_pet2rep.types import UptakeState

_PHRASES = (
    (
        UptakeState.NORMAL,
        r"(?:未见|无)(?:明显|确切)?异常|未见增高|生理性|no abnormal|not increased|normal|unremarkable|physiologic",
    ),
    (UptakeState.ABSENT, r"缺失|缺损|(?:未见|无)(?:fdg)?(?:摄取|代谢)|no uptake|absent|photopenic"),
    (
        UptakeState.INCREASED,
        r"增高|浓聚|高代谢|高摄取|增加|活跃|increased|hypermetabolic|avid|intense",
    ),
    (UptakeState.DECREASED, r"减低|降低|稀疏|低代谢|decreased|reduced|hypometabolic"),
)


@cache
def _organs() -> re.Pattern[str]:
    names = {}
    for organ in catalogue().organs.values():
        for name in (*organ.zh, *organ.en, *(w for ws in organ.parts.values() for w in ws)):
            names[name] = organ.id
    return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))


@cache
def _ids() -> dict[str, str]:
    return {
        name: organ.id
        for organ in catalogue().organs.values()
        for name in (*organ.zh, *organ.en, *(w for ws in organ.parts.values() for w in ws))
    }


def simple_statements(text: str) -> list[tuple[str, UptakeState, int, int]]:
    """Organ, state and span of every organ in a sentence that holds an uptake phrase."""
    found = []
    for sentence in re.finditer(r"[^。;\n]+", text):
        body = sentence.group()
        state = next((s for s, p in _PHRASES if re.search(p, body)), None)
        if state is None:
            continue
        for match in _organs().finditer(body):
            found.append((_ids()[match.group()], state, sentence.start(), sentence.end()))
    return found

"""Slots, option lists and placeholders of a template that nobody filled in."""

from __future__ import annotations

import re
from functools import cache

from pytest_pet2rep.findings.checks.vocabulary import any_of, words
from pytest_pet2rep.findings.normalise import fold
from pytest_pet2rep.types import Flag, Language


def unfilled_template(text: str, *, reference: str | None) -> list[Flag]:
    """Flag empty brackets, lists of options, and placeholders that the reference lacks.

    Brackets that hold a statement are filled, two states joined by a stroke in running text
    (``neither increased/decreased``) are no list of options, nor is a remark in round brackets
    that joins two states by a word (``(increased or decreased)``).
    """
    known = fold(reference or "")
    folded = fold(text)
    flags = []
    for match in _slots().finditer(folded):
        if match.group() not in known:
            shown = text[match.start() : match.end()]
            flags.append(
                Flag(name="unfilled_template", start=match.start(), end=match.end(), detail=shown)
            )
    return flags


@cache
def _slots() -> re.Pattern[str]:
    """Everything that is a slot in either language; every repetition is bounded."""
    opened, closed = r"[\[【({<]", r"[\]】)}>]"
    before, after = (rf"[^\[\]【】()\n]{{0,{reach}}}" for reach in (12, 40))
    stroke = r"[ ]?[/|][ ]?"
    found = [rf"{opened}[ ….·]{{0,6}}{closed}", *words("common")["placeholders"]["anywhere"]]
    for language in Language:
        table = words(language.value)
        option, joint = table["option"], table["joint"]
        placeholder = any_of(table["placeholder"]).pattern
        found += [
            rf"{option}(?:{stroke}{option}){{2,8}}",
            rf"[\[【{{<]{before}{option}{joint}{option}{after}[\]】}}>]",
            rf"\({before}{option}{stroke}{option}{after}\)",
            rf"[\[【<]{{1,2}}[ ]?(?:{placeholder})[ ]?[\]】>]",
        ]
    return any_of(found)

"""The grammar of a gate: text to its parts, with the place of every mistake.

::

    gate   = NAME [slice] op right
           | lift(NAME [slice] [, FLOOR]) >= NUMBER
           | must_pass = [CASE, ORGAN]
    slice  = "[" ... "]"          (run/slices.py reads what is inside)
    op     = ">=" | "<="
    right  = NUMBER | ("baseline" | "floor" | "floor(NAME)") [("+" | "-") NUMBER]

Numbers are 0..1 as in the files; ``2%`` is 0.02.  Nothing here knows which metrics there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from pytest_pet2rep.errors import UsageProblem

MUST_PASS = "must_pass"

_NAME = re.compile(r"[A-Za-z_][\w.:]*(?:\+[A-Za-z]\w*)?")
_FLOOR_NAME = re.compile(r"[A-Za-z_][\w-]*")
_NUMBER = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<percent>%?)")
_OPERATOR = re.compile(r">=|<=|≥|≤|=>|=<|==|=|>|<|!=")
_ITEM = re.compile(r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\[\](),"']+))\s*""")
_HINT = "must_pass needs pairs of case and organ, as in [PET-0001, liver]"


class Op(StrEnum):
    """Which side of the threshold is the good one."""

    AT_LEAST = ">="
    AT_MOST = "<="


class Against(StrEnum):
    """What a gate is compared with."""

    NUMBER = "number"
    BASELINE = "baseline"
    FLOOR = "floor"
    ITEMS = "items"
    """Named (case, organ) items that must pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedGate:
    """The parts of one gate as written; what ends in ``_at`` are offsets into ``text``."""

    text: str
    metric: str
    op: Op
    against: Against
    value: float = 0.0
    """The number; beside ``baseline`` and ``floor`` what is added to them."""
    slice: str = ""
    """What stands between the brackets, unread."""
    floor: str = ""
    """Name of one floor; empty means the best of all."""
    is_gain: bool = False
    """``value`` says by how much better, whatever the direction of the metric: a lift (or, if
    negative, a margin); ``op`` then says nothing."""
    op_given: bool = True
    """The user chose ``op``; otherwise the direction of the metric does."""
    items: tuple[tuple[str, str], ...] = ()
    """(case, organ) of ``must_pass``."""
    metric_at: int = 0
    slice_at: int = 0
    op_at: int = 0


def parse_gate(text: str) -> ParsedGate:
    """Take a gate apart.  Raises ``UsageProblem`` that names the column of the mistake."""
    return _Parser(text).gate()


def mistake(text: str, at: int, problem: str) -> UsageProblem:
    """Return the error of a gate: which one, where in it (1-based column), what is wrong."""
    return UsageProblem(f"gate {text!r}, column {at + 1}: {problem}")


class _Parser:
    """Reads from left to right; ``at`` is the offset of what comes next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def gate(self) -> ParsedGate:
        self._space()
        start = self.at
        name = self._name("a metric")
        if name == MUST_PASS:
            return self._must_pass(start)
        if name == "lift" and self._take("("):
            return self._lift()
        inside, slice_at = self._slice()
        op_at, op = self._operator()
        against, floor, value = self._right()
        self._end()
        return ParsedGate(
            text=self.text, metric=name, op=op, against=against, value=value, slice=inside,
            floor=floor, metric_at=start, slice_at=slice_at, op_at=op_at,
        )  # fmt: skip

    def _lift(self) -> ParsedGate:
        self._space()
        start = self.at
        name = self._name("a metric")
        inside, slice_at = self._slice()
        floor = self._name("the name of a floor", dashes=True) if self._take(",") else ""
        self._need(")", f"after lift({name}")
        op_at, op = self._operator()
        if op is not Op.AT_LEAST:
            self._fail(op_at, "a lift is better when higher: write lift(...) >= NUMBER")
        value = self._number()
        self._end()
        return ParsedGate(
            text=self.text, metric=name, op=op, against=Against.FLOOR, value=value, slice=inside,
            floor=floor, is_gain=True, metric_at=start, slice_at=slice_at, op_at=op_at,
        )  # fmt: skip

    def _must_pass(self, start: int) -> ParsedGate:
        if not self._take("=="):
            self._take("=")
        items_at = self._space()
        try:
            items = _pairs(self._list())
        except ValueError as why:
            self._fail(items_at, str(why))
        self._end()
        return _must_pass(self.text, items, at=start)

    def _list(self) -> list[object]:
        """Read ``[a, b]`` or ``(a, b)``, nested, with or without quotes."""
        close = {"[": "]", "(": ")"}.get(self._peek())
        if close is None:
            self._fail(self.at, _HINT)
        self.at += 1
        found: list[object] = []
        while not self._take(close):
            found.append(self._list() if self._peek() in ("[", "(") else self._item())
            if not self._take(",") and self._peek() != close:
                self._fail(self.at, f"expected , or {close}")
        return found

    def _item(self) -> str:
        match = _ITEM.match(self.text, self.at)
        if match is None:
            self._fail(self.at, "expected a case id or an organ")
        self.at = match.end()
        return (match["double"] or match["single"] or match["bare"] or "").strip()

    def _slice(self) -> tuple[str, int]:
        if not self._take("["):
            return "", 0
        start = self.at
        end = self.text.find("]", start)
        if end < 0:
            self._fail(start - 1, "the bracket of the slice is not closed")
        inside = self.text[start:end]
        if not inside.strip():
            self._fail(start, "the slice is empty: write it as in [organ=liver]")
        self.at = end + 1
        return inside, start

    def _operator(self) -> tuple[int, Op]:
        at = self._space()
        match = _OPERATOR.match(self.text, at)
        if match is None:
            self._fail(at, "expected >= or <=")
        found = {"≥": ">=", "≤": "<="}.get(match[0], match[0])
        if found not in set(Op):
            self._fail(at, f"{match[0]!r} is no comparison of gates: write >= or <=")
        self.at = match.end()
        return at, Op(found)

    def _right(self) -> tuple[Against, str, float]:
        at = self._space()
        word = _NAME.match(self.text, at)
        if word is None:
            return Against.NUMBER, "", self._number()
        if word[0] not in (Against.BASELINE, Against.FLOOR):
            self._fail(at, f"expected a number, baseline or floor, not {word[0]!r}")
        self.at = word.end()
        floor = ""
        if word[0] == Against.FLOOR and self._take("("):
            floor = self._name("the name of a floor", dashes=True)
            self._need(")", f"after floor({floor}")
        return Against(word[0]), floor, self._offset()

    def _offset(self) -> float:
        sign = -1.0 if self._take("-") or self._take("−") else 1.0
        if sign > 0 and not self._take("+"):
            if self._space() < len(self.text):
                self._fail(self.at, "expected + NUMBER or - NUMBER")
            return 0.0
        return sign * self._number() + 0.0

    def _number(self) -> float:
        at = self._space()
        match = _NUMBER.match(self.text, at)
        if match is None:
            self._fail(at, "expected a number")
        self.at = match.end()
        value = float(match["number"])
        return round(value / 100, 12) if match["percent"] else value

    def _name(self, what: str, *, dashes: bool = False) -> str:
        at = self._space()
        match = (_FLOOR_NAME if dashes else _NAME).match(self.text, at)
        if match is None:
            self._fail(at, f"expected {what}")
        self.at = match.end()
        return match[0]

    def _take(self, token: str) -> bool:
        if self.text.startswith(token, self._space()):
            self.at += len(token)
            return True
        return False

    def _need(self, token: str, where: str) -> None:
        if not self._take(token):
            self._fail(self.at, f"expected {token} {where}")

    def _end(self) -> None:
        if self._space() < len(self.text):
            self._fail(self.at, f"nothing may follow here: {self.text[self.at :]!r}")

    def _peek(self) -> str:
        at = self._space()
        return self.text[at : at + 1]

    def _space(self) -> int:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at

    def _fail(self, at: int, problem: str) -> NoReturn:
        raise mistake(self.text, at, problem)


def must_pass_gate(items: object) -> ParsedGate:
    """Make the gate of a ``must_pass`` list as a TOML file has it: ``[["PET-0001", "liver"]]``.

    Raises ``UsageProblem`` for anything else.
    """
    try:
        pairs = _pairs(items)
    except ValueError as why:
        raise mistake(f"{MUST_PASS} = {items!r}", 0, str(why)) from why
    shown = ", ".join(f"[{case}, {organ}]" for case, organ in pairs)
    return _must_pass(f"{MUST_PASS} = {f'[{shown}]' if len(pairs) > 1 else shown}", pairs)


def _must_pass(text: str, items: tuple[tuple[str, str], ...], at: int = 0) -> ParsedGate:
    return ParsedGate(
        text=text, metric=MUST_PASS, op=Op.AT_LEAST, against=Against.ITEMS, value=1.0, items=items,
        metric_at=at,
    )  # fmt: skip


def _pairs(items: object) -> tuple[tuple[str, str], ...]:
    """Return the pairs, each once; one pair may stand without a list around it."""
    if not isinstance(items, list) or not items:
        raise ValueError(_HINT)
    listed = [items] if all(isinstance(item, str) for item in items) else items
    pairs = []
    for item in listed:
        if not isinstance(item, list) or len(item) != 2:
            raise ValueError(_HINT)
        if not all(isinstance(part, str) and part for part in item):
            raise ValueError(_HINT)
        pairs.append((item[0], item[1]))
    return tuple(dict.fromkeys(pairs))

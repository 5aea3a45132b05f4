"""From what the user wrote to gates: expressions, tables of ``pyproject.toml``, names of tables.

Two steps: ``gate_specs`` reads the grammar alone (cheap, in every process); ``bind_gates`` puts
metric and slice to what the run can compute, before the first report is made.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.run.error_budget import ANY, NONE, ErrorBudget
from pytest_pet2rep.run.gates.grammar import (
    Against,
    Op,
    ParsedGate,
    must_pass_gate,
    parse_gate,
)
from pytest_pet2rep.run.verdict import Undecided

KEYS = (
    "expr", "metric", "slice", "op", "value", "margin", "lift", "floor", "must_pass", "confidence",
    "family",
)  # fmt: skip
"""Keys of a table ``[tool.pet2rep.gates.NAME]``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSpec:
    """One gate as the user wrote it."""

    name: str
    parsed: ParsedGate
    confidence: float | None = None
    """``None``: that of the run."""
    family: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gating:
    """What the user demands of a run, and how undecided and broken cases are taken."""

    specs: tuple[GateSpec, ...] = ()
    confidence: float = 0.95
    """Of the one-sided bounds, where a gate names none."""
    undecided: Undecided = Undecided.FAIL
    stated_budget: ErrorBudget | None = None
    """``--pet2rep-fail-on-error``; ``None``: see ``budget``."""

    @property
    def budget(self) -> ErrorBudget:
        """One case that breaks fails the run, unless the user said otherwise or gates all cases."""
        if self.stated_budget is not None:
            return self.stated_budget
        gated = any(
            spec.parsed.metric == "error_rate" and not spec.parsed.slice.strip()
            for spec in self.specs
        )
        return NONE if gated else ANY


def read_gate_tables(pyproject: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the tables ``[tool.pet2rep.gates.NAME]`` by name; none without such a file.

    Raises ``UsageProblem`` for a file that is no TOML and for what is no table.
    """
    try:
        text = pyproject.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as why:
        raise UsageProblem(f"{pyproject} cannot be read: {why}") from why
    if "pet2rep" not in text:
        return {}
    try:
        tables = tomllib.loads(text).get("tool", {}).get("pet2rep", {}).get("gates", {})
    except tomllib.TOMLDecodeError as why:
        raise UsageProblem(f"{pyproject}: {why}") from why
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise UsageProblem(f"{pyproject}: write each gate as a table [tool.pet2rep.gates.NAME]")
    return tables


def gate_specs(
    expressions: Sequence[str],
    tables: Mapping[str, Mapping[str, Any]],
    names: Collection[str] | None = None,
) -> tuple[GateSpec, ...]:
    """Read the tables (those called ``names``, all where ``None``), then the expressions.

    The name ``none`` alone chooses no table.  Raises ``UsageProblem`` for what is no gate, and
    ``UnknownName`` for a name without a table.
    """
    wanted = list(tables) if names is None else [n for n in names if n != "none" or n in tables]
    for name in wanted:
        if name not in tables:
            raise UnknownName("gate", name, tables, "(tables [tool.pet2rep.gates.NAME])")
    specs = [_from_table(name, tables[name]) for name in dict.fromkeys(wanted)]
    for text in dict.fromkeys(expression.strip() for expression in expressions):
        specs.append(GateSpec(name=text, parsed=parse_gate(text)))
    return tuple(specs)


def _from_table(name: str, table: Mapping[str, Any]) -> GateSpec:
    where = f"[tool.pet2rep.gates.{name}]"
    for key in table:
        if key not in KEYS:
            raise UnknownName(f"key in {where}", key, KEYS)
    try:
        parsed = _parsed(table)
    except UsageProblem as why:
        raise UsageProblem(f"{where}: {why}") from why
    return GateSpec(
        name=name,
        parsed=parsed,
        confidence=confidence_of(table["confidence"], where) if "confidence" in table else None,
        family=_text(table, "family"),
    )


def confidence_of(value: object, where: str) -> float:
    """Return the confidence of a one-sided bound.  Raises ``UsageProblem`` outside [0.5, 1)."""
    try:
        number = float(str(value))
    except ValueError:
        number = 0.0
    if isinstance(value, bool) or not 0.5 < number < 1:
        raise UsageProblem(f"{where}: confidence {value} is not allowed: between 0.5 and 1")
    return number


def _parsed(table: Mapping[str, Any]) -> ParsedGate:
    kinds = [key for key in ("expr", "metric", "must_pass") if key in table]
    if len(kinds) != 1:
        raise UsageProblem("give exactly one of expr, metric and must_pass")
    used = {"confidence", "family", *kinds}
    if kinds == ["must_pass"]:
        parsed = must_pass_gate(table["must_pass"])
    elif kinds == ["expr"]:
        parsed = parse_gate(_text(table, "expr"))
    else:
        parsed, keys = _from_fields(table)
        used |= keys
    if "slice" in table and parsed.against is not Against.ITEMS:
        if parsed.slice:
            raise UsageProblem("the slice stands twice, in expr and in slice")
        parsed = replace(parsed, slice=_slice(table["slice"]))
        used.add("slice")
    for key in table:
        if key not in used:
            raise UsageProblem(f"{key} has no meaning beside {kinds[0]}")
    return parsed


def _from_fields(table: Mapping[str, Any]) -> tuple[ParsedGate, set[str]]:
    """Make a gate of ``metric`` and one of ``value``, ``margin`` and ``lift``."""
    metric = _text(table, "metric")
    kinds = [key for key in ("value", "margin", "lift") if key in table]
    if len(kinds) != 1:
        raise UsageProblem("metric needs exactly one of value, margin and lift")
    number = _number(table, kinds[0])
    if kinds == ["margin"]:
        if number < 0:
            raise UsageProblem("margin is how much worse than the baseline is allowed: 0 or more")
        parsed = parse_gate(f"{metric} >= baseline")
        return replace(parsed, value=-number + 0.0, is_gain=True), {"margin"}
    if kinds == ["lift"]:
        floor = f", {_text(table, 'floor')}" if "floor" in table else ""
        return parse_gate(f"lift({metric}{floor}) >= {number}"), {"lift", "floor"}
    op = _text(table, "op") if "op" in table else Op.AT_LEAST.value
    parsed = parse_gate(f"{metric} {op} {number}")
    return replace(parsed, op_given="op" in table), {"value", "op"}


def _slice(given: object) -> str:
    """Return a slice as text, from text or from a table of its conditions."""
    if isinstance(given, str):
        return given.strip().removeprefix("[").removesuffix("]")
    if isinstance(given, dict) and given:
        return ",".join(_condition(key, value) for key, value in given.items())
    raise UsageProblem('slice needs text, as in slice = "organ=liver,state=increased"')


def _condition(key: str, value: object) -> str:
    if isinstance(value, bool):
        return f"{key}={str(value).lower()}"
    return f"{key}{value}" if str(value)[:1] in "<>" else f"{key}={value}"


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str) or (key in table and not value.strip()):
        raise UsageProblem(f"{key} needs text, not {value!r}")
    return value


def _number(table: Mapping[str, Any], key: str) -> float:
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise UsageProblem(f"{key} needs a number, not {value!r}")
    return float(value)

"""The clinical metrics that a gate may name: what they are made from, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from pytest_pet2rep.anatomy import Profile, load_profile
from pytest_pet2rep.metrics.basis import Basis
from pytest_pet2rep.metrics.efficacy import class_vector, efficacy_counts, row_of
from pytest_pet2rep.metrics.efficacy_scores import CE_NAMES, Convention, ce_signature
from pytest_pet2rep.metrics.lesions import KEYS as LESION_KEYS
from pytest_pet2rep.metrics.lesions import lesion_signature
from pytest_pet2rep.metrics.petrg import ABNORMAL, STATUSES, petrg_signature, petrg_table
from pytest_pet2rep.metrics.rates import RATES, rate_counts, rate_signature
from pytest_pet2rep.metrics.resampling_statistic import StatisticKind
from pytest_pet2rep.metrics.resampling_values import (
    Value,
    efficacy_value,
    macro_f1_value,
    matching_value,
    ratio,
)
from pytest_pet2rep.metrics.risk import (
    risk_counts,
    risk_model,
    risk_row,
    risk_signature,
    risk_table,
)
from pytest_pet2rep.run.check_words import check_words_digest
from pytest_pet2rep.run.estimands.reports import Report, Row
from pytest_pet2rep.run.slices import CASE_KEYS, CONVENTION_KEYS, PAIR_KEYS, Slice, is_abnormal
from pytest_pet2rep.types import ABNORMAL_STATES, UNUSABLE, Record, UptakeState

_NANO = 10**9


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Scores that are made from the same sums."""

    name: str
    columns: tuple[str, ...]
    row: Callable[[Report, Profile], Row | None]
    slice_keys: frozenset[str]
    by_pair: bool = False
    """Slices choose (case, organ) pairs; else whole cases."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassColumns:
    """One class of a score: columns whose sum is its expected events, and those that it uses."""

    support: tuple[int, ...]
    used: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """One metric: which columns of its family it takes, and its value of them."""

    name: str
    family: Family
    columns: tuple[int, ...]
    value: Value
    signature: Callable[[Basis], str]
    classes: tuple[ClassColumns, ...] = ()
    """By position among ``columns``."""
    rate: bool = False
    bounds: tuple[float, float] = (0.0, 1.0)
    higher_is_better: bool = True
    kind: StatisticKind = StatisticKind.ESTIMATE


def _efficacy_row(report: Report, _: Profile) -> Row | None:
    if not report.uptake:
        return None
    return class_vector(efficacy_counts(map(row_of, report.uptake)))


_TALLIED = (
    "missed_states", "expected_states", "false_alarms", "normal_pairs", "stated_both",
    "stated_reference",
)  # fmt: skip


def _rate_row(report: Report, _: Profile) -> Row | None:
    if not report.uptake:
        return None
    counts = rate_counts(report.uptake)
    ended = counts["outcomes"]
    return [
        *(counts.get(name, 0) for name in _TALLIED),
        ended.get("error", 0) + ended.get("timeout", 0),
        ended.get("refusal", 0),
        counts["cases"],
        *(_false_alarms(report.uptake, state) for state in ABNORMAL_STATES),
    ]


def _false_alarms(uptake: Iterable[Record], state: UptakeState) -> int:
    """Pairs without an abnormal state in the reference to which the report gives this one."""
    return sum(
        state in record.generated and record.outcome not in UNUSABLE and not is_abnormal(record)
        for record in uptake
    )


def _risk_row(report: Report, organs: Profile) -> Row | None:
    if not report.uptake:
        return None
    rows = [risk_row(record, organs[record.organ].fine) for record in report.uptake]
    table = risk_table(risk_counts(rows, flags=_flags(report) if report.whole else ()))
    miss, alarm = table.weighted["miss"], table.weighted["false_alarm"]
    total = sum(table.weighted.values())
    return [total, miss, alarm, 1, table.critical.events, table.critical.of]


def _flags(report: Report) -> set[str]:
    if report.text is None:
        return set()
    flags = set(report.text.facts["flags"])
    if report.text.facts["lesions"]["suv_invented"]:
        flags.add("invented_suv")
    return flags


_LESION_FACTS = ("generated", "reference", "same_side", "sided", "suv_within", "suv_pairs")


def _lesion_row(report: Report, _: Profile) -> Row | None:
    if report.text is None:
        return None
    counts = report.text.facts["lesions"]
    return [
        *(counts["matched"].get(name, 0) for name in LESION_KEYS),
        *(counts[name] for name in _LESION_FACTS),
        counts["suv_difference_nano"] / _NANO,
    ]


def _petrg_row(report: Report, _: Profile) -> Row | None:
    if report.text is None:
        return None
    table = petrg_table(report.text.facts["petrg"])
    counts = [table.per_status[status] for status in STATUSES]
    return [n for each in counts for n in (each.tp, each.predicted, each.support)]


EFFICACY = Family(
    name="efficacy",
    columns=tuple(f"{part}_{state}" for state in ABNORMAL_STATES for part in ("tp", "fp", "fn")),
    row=_efficacy_row,
    slice_keys=PAIR_KEYS | CASE_KEYS | CONVENTION_KEYS,
    by_pair=True,
)
_RATES = Family(
    name="rates",
    columns=(
        *_TALLIED, "errors", "refusals", "cases",
        *(f"false_{state}" for state in ABNORMAL_STATES),
    ),
    row=_rate_row,
    slice_keys=PAIR_KEYS | CASE_KEYS,
    by_pair=True,
)  # fmt: skip
# Of the cases with a usable report none ended otherwise: such a gate could not fail.
_ENDINGS = replace(_RATES, slice_keys=CASE_KEYS - {"scored_only"}, by_pair=False)
_RISK = Family(
    name="risk",
    columns=("total", "miss", "false_alarm", "cases", "critical", "must_find"),
    row=_risk_row,
    slice_keys=CASE_KEYS | {"organ"},
)
_LESIONS = Family(
    name="lesions",
    columns=(*LESION_KEYS, *_LESION_FACTS, "suv_difference"),
    row=_lesion_row,
    slice_keys=CASE_KEYS,
)
_PETRG = Family(
    name="petrg",
    columns=tuple(f"{part}_{s}" for s in STATUSES for part in ("tp", "predicted", "support")),
    row=_petrg_row,
    slice_keys=CASE_KEYS,
)


def efficacy_definition(name: str, slice_: Slice) -> Definition:
    """Return a metric of clinical efficacy for a slice, which may name one state of the three."""
    sklearn0 = slice_.sklearn0
    convention = Convention.SKLEARN0 if sklearn0 else Convention.PAPER
    states = [s for s in ABNORMAL_STATES if not slice_.state or s == slice_.state]
    columns = tuple(3 * ABNORMAL_STATES.index(s) + at for s in states for at in range(3))
    thirds = range(0, len(columns), 3)
    classes = [ClassColumns(support=(at, at + 2), used=(at, at + 1, at + 2)) for at in thirds]
    if name.endswith("_micro"):
        support = tuple(column for each in classes for column in each.support)
        classes = [ClassColumns(support=support, used=tuple(range(len(columns))))]
    definition = Definition(
        name=name,
        family=EFFICACY,
        columns=columns,
        value=efficacy_value(name.removeprefix("ce_"), every_class=sklearn0),
        signature=lambda basis: ce_signature(basis, convention),
        classes=tuple(classes),
    )
    return _of_one_state(definition, slice_.state) if slice_.state else definition


def _rate(name: str, family: Family, part: str, whole: str, **more: Any) -> Definition:
    """Define a rate: ``part`` of ``whole``, the support being the whole."""
    known: dict[str, Any] = {
        "rate": True,
        "value": ratio,
        "classes": (ClassColumns(support=(1,), used=(1,)),),
    }
    columns = (family.columns.index(part), family.columns.index(whole))
    return Definition(name=name, family=family, columns=columns, **{**known, **more})


def rate_definition(name: str, slice_: Slice) -> Definition:
    """Return a rate for a slice, which may name one state of the three."""
    definition = clinical_definitions()[name]
    if not slice_.state:
        return definition
    if name == "miss_rate":
        columns = _state_columns(slice_.state, "missed", "expected")
        return replace(definition, family=_BY_STATE, columns=columns)
    invented = _RATES.columns.index(f"false_{slice_.state}")
    return replace(definition, columns=(invented, _RATES.columns.index("normal_pairs")))


def _state_row(report: Report, organs: Profile) -> Row | None:
    """Return what ``_BY_STATE`` holds of each state."""
    found = _efficacy_row(report, organs)
    if found is None:
        return None
    thirds = (found[at : at + 3] for at in range(0, len(found), 3))
    return [n for tp, fp, fn in thirds for n in (tp, tp + fn, tp + fp, fn)]


_STATE_PARTS = ("hit", "expected", "reported", "missed")
_BY_STATE = Family(
    name="by_state",
    columns=tuple(f"{part}_{state}" for state in ABNORMAL_STATES for part in _STATE_PARTS),
    row=_state_row,
    slice_keys=EFFICACY.slice_keys,
    by_pair=True,
)


def _state_columns(state: str, *parts: str) -> tuple[int, ...]:
    return tuple(_BY_STATE.columns.index(f"{part}_{state}") for part in parts)


def _of_one_state(definition: Definition, state: str) -> Definition:
    """Precision and recall of one state are rates, which have better limits than a bootstrap."""
    name = definition.name.removesuffix("_micro")
    if name == "ce_recall":
        columns, support = _state_columns(state, "hit", "expected"), 1
        value: Value = ratio
    elif name == "ce_precision":
        columns = _state_columns(state, "hit", "reported", "expected")
        value, support = matching_value("precision"), 2
    else:
        return definition
    return replace(
        definition,
        family=_BY_STATE,
        columns=columns,
        value=value,
        classes=(ClassColumns(support=(support,), used=(1, support)),),
        rate=True,
    )


@cache
def clinical_definitions() -> Mapping[str, Definition]:
    """Return every clinical metric over everything, by name."""
    return MappingProxyType({each.name: each for each in _definitions()})


def _definitions() -> Iterator[Definition]:
    for name in CE_NAMES:
        yield efficacy_definition(name, Slice())
    yield from _rate_definitions()
    yield from _risk_definitions()
    yield from _lesion_definitions()
    yield from _petrg_definitions()


def _rate_definitions() -> Iterator[Definition]:
    parts = {
        "miss_rate": ("missed_states", "expected_states"),
        "false_alarm_rate": ("false_alarms", "normal_pairs"),
        "coverage": ("stated_both", "stated_reference"),
        "error_rate": ("errors", "cases"),
        "refusal_rate": ("refusals", "cases"),
    }
    for name, (_, higher_is_better) in RATES.items():
        part, whole = parts[name]
        operational = name in ("coverage", "error_rate", "refusal_rate")
        family = _ENDINGS if whole == "cases" else _RATES
        if name == "coverage":
            family = replace(_RATES, slice_keys=_RATES.slice_keys - {"state"})
        yield _rate(
            name,
            family,
            part,
            whole,
            signature=rate_signature,
            higher_is_better=higher_is_better,
            kind=StatisticKind.OPERATIONAL if operational else StatisticKind.ESTIMATE,
            **({"classes": ()} if whole == "cases" else {}),
        )


def _risk_definitions() -> Iterator[Definition]:
    def signature(basis: Basis) -> str:
        return risk_signature(basis, checks=check_words_digest())

    common: dict[str, Any] = {"signature": signature, "higher_is_better": False}
    parts = {"": "total", "_miss": "miss", "_false_alarm": "false_alarm"}
    for suffix, part in parts.items():
        name = f"risk_per_case{suffix}"
        bounds = (0.0, _highest_risk())
        yield _rate(name, _RISK, part, "cases", rate=False, classes=(), bounds=bounds, **common)
    yield _rate("critical_miss_rate", _RISK, "critical", "must_find", **common)


def _highest_risk() -> float:
    """Return what a report weighs that gets every organ of the usual list as wrong as can be."""
    errors = risk_model().errors.values()
    heaviest = max(error.weight for error in errors if error.group != "report")
    organs = len(load_profile("pet2rep19").organs)
    return float(organs * heaviest + sum(e.weight for e in errors if e.group == "report"))


def _lesion_definitions() -> Iterator[Definition]:
    at = _LESIONS.columns.index
    common: dict[str, Any] = {"signature": lesion_signature}
    for name in LESION_KEYS:
        for part in ("precision", "recall", "f1"):
            yield Definition(
                name=f"{name}_{part}",
                family=_LESIONS,
                columns=(at(name), at("generated"), at("reference")),
                value=matching_value(part),
                classes=(ClassColumns(support=(2,), used=(1, 2)),),
                **common,
            )
    yield _rate("laterality_accuracy", _LESIONS, "same_side", "sided", **common)
    yield _rate("suv_within_25", _LESIONS, "suv_within", "suv_pairs", **common)
    more = {"rate": False, "higher_is_better": False, "bounds": (0.0, float("inf"))}
    yield _rate(
        "suv_relative_difference", _LESIONS, "suv_difference", "suv_pairs", **more, **common
    )


def _petrg_definitions() -> Iterator[Definition]:
    columns = tuple(range(len(_PETRG.columns)))
    for name, statuses in {"petrg_all": STATUSES, "petrg_abnormal": ABNORMAL}.items():
        wanted = [STATUSES.index(status) for status in statuses]
        needed = wanted if name == "petrg_abnormal" else ()
        yield Definition(
            name=name,
            family=_PETRG,
            columns=columns,
            value=macro_f1_value(wanted, support_of=needed),
            signature=_petrg_signature_of(statuses),
            classes=tuple(
                ClassColumns(support=(3 * at + 2,), used=(3 * at + 1, 3 * at + 2)) for at in wanted
            ),
        )


def _petrg_signature_of(statuses: tuple[str, ...]) -> Callable[[Basis], str]:
    def signature(basis: Basis) -> str:
        regions = load_profile("petrg24").label
        return f"{petrg_signature(basis, regions=regions)}|labels:{statuses[0]}-{statuses[-1]}"

    return signature

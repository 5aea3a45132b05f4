"""Before the first report: every gate must name something that this run can measure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.metrics.resampling_statistic import StatisticKind
from pytest_pet2rep.run.gates import Gate
from pytest_pet2rep.run.gates.grammar import MUST_PASS, Against, Op, ParsedGate, mistake
from pytest_pet2rep.run.slices import EVERYTHING, Slice, parse_slice

if TYPE_CHECKING:
    from pytest_pet2rep.run.estimands import KnownMetric
    from pytest_pet2rep.run.gates.reading import GateSpec, Gating
    from pytest_pet2rep.run.runfiles import RunData
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.types import Record

_DIGITS = ".12g"
"""A stored gate is read again from its expression: the threshold must be the same then."""

FLOOR_NAMES = ("template", "all-normal", "majority", "shuffled")


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurable:
    """What a run can measure, known before it: of its cohort, and of its metrics."""

    metrics: Mapping[str, KnownMetric]
    organs: tuple[str, ...]
    expected: Sequence[Record]
    """One record for each (case, organ), with what is expected; see ``expected_records``."""
    has_baseline: bool = False
    more_metrics: tuple[str, ...] = ()
    """Text metrics that there are, but not in this run."""
    add_metric: str = "add it to --pet2rep-metrics"
    name_baseline: str = "--pet2rep-baseline=NAME|PATH"


def checked_gates(gating: Gating, runtime: Runtime, *, has_baseline: bool) -> tuple[Gate, ...]:
    """Bind the gates of a run to its cohort; nothing is read where there is no gate.

    Raises ``UsageProblem`` for the first gate that cannot be measured, with the place in it.
    """
    if not gating.specs:
        return ()
    from pytest_pet2rep.metrics.registry import text_metric_names
    from pytest_pet2rep.run.estimands import expected_records, known_metrics

    cases = runtime.cohort_in_view.cases()
    languages = sorted({runtime.language_of(case) for case in cases})
    metrics = [metric for language in languages for metric in runtime.metrics_for(language)]
    measurable = Measurable(
        metrics=known_metrics(metrics),
        organs=tuple(organ.id for organ in runtime.profile.organs),
        expected=expected_records(cases, runtime.profile, runtime.settings),
        has_baseline=has_baseline,
        more_metrics=text_metric_names(),
    )
    return bind_gates(gating.specs, measurable, confidence=gating.confidence)


def bind_gates(
    specs: Iterable[GateSpec], measurable: Measurable, *, confidence: float
) -> tuple[Gate, ...]:
    """Return the gates.  Raises ``UsageProblem`` for what ``measurable`` does not have."""
    gates = tuple(_bound(spec, measurable, confidence) for spec in specs)
    families: dict[str, set[float]] = {}
    for gate in gates:
        families.setdefault(gate.family, set()).add(gate.confidence)
    for family, found in families.items():
        if family and len(found) > 1:
            raise UsageProblem(
                f"the gates of the family {family!r} have different confidences "
                f"({', '.join(map(str, sorted(found)))}): they share one error rate"
            )
    return tuple(dict.fromkeys(gates))


def check_baseline(gates: Iterable[Gate], baseline: RunData, name: str) -> None:
    """Refuse a baseline that a gate cannot be held against.

    A part of a run would be compared on its own cases only, and what it lacks is in no difference.
    Raises ``UsageProblem``.
    """
    compared = [gate for gate in gates if gate.against is Against.BASELINE]
    if not compared:
        return
    from pytest_pet2rep.run.estimands import check_estimand, known_metrics
    from pytest_pet2rep.run.runfiles import scoring_of

    if not baseline.complete:
        raise UsageProblem(
            f"the baseline {name} is partial or has holes, and {compared[0].expression} needs a "
            f"whole run: name one, or make it with --pet2rep-save"
        )
    scoring = scoring_of(baseline)
    known = known_metrics(metric for each in scoring.metrics.values() for metric in each)
    for gate in compared:
        try:
            check_estimand(gate.metric, gate.slice, known)
        except UsageProblem as why:
            raise UsageProblem(f"gate {gate.expression}: the baseline {name} has {why}") from why


def _bound(spec: GateSpec, measurable: Measurable, confidence: float) -> Gate:
    parsed = spec.parsed
    if parsed.against is Against.ITEMS:
        return _must_pass(spec, measurable, confidence)
    metric = _metric(parsed, measurable)
    found = _slice(parsed, metric, measurable)
    op = Op.AT_LEAST if metric.higher_is_better else Op.AT_MOST
    if not parsed.is_gain and parsed.op_given and parsed.op is not op:
        better = "higher" if metric.higher_is_better else "lower"
        raise mistake(
            parsed.text, parsed.op_at, f"{metric.name} is better when {better}: write {op}"
        )
    value = parsed.value
    if parsed.is_gain and not metric.higher_is_better:
        value = -value + 0.0
    _check_value(parsed, metric, value)
    _check_partner(parsed, measurable)
    expression = _expression(parsed, metric.name, found, op, value)
    return Gate(
        name=expression if spec.name == parsed.text else spec.name,
        expression=expression,
        metric=metric.name,
        slice=found,
        op=op,
        against=parsed.against,
        value=value,
        floor=parsed.floor,
        kind=metric.kind,
        confidence=spec.confidence or confidence,
        family=spec.family,
    )


def _metric(parsed: ParsedGate, measurable: Measurable) -> KnownMetric:
    name = parsed.metric
    if name in measurable.metrics:
        return measurable.metrics[name]
    if name in measurable.more_metrics:
        problem = f"{name} is not computed in this run: {measurable.add_metric}"
    else:
        known = {*measurable.metrics, MUST_PASS}
        problem = str(UnknownName("metric", name, known))
    raise mistake(parsed.text, parsed.metric_at, problem)


def _slice(parsed: ParsedGate, metric: KnownMetric, measurable: Measurable) -> Slice:
    from pytest_pet2rep.run.estimands import check_estimand

    found = EVERYTHING
    try:
        if parsed.slice:
            found = parse_slice(parsed.slice, organs=measurable.organs)
        check_estimand(metric.name, found, measurable.metrics)
    except UsageProblem as why:
        raise mistake(parsed.text, parsed.slice_at, str(why)) from why
    if parsed.slice and not found.matches(measurable.expected):
        raise mistake(
            parsed.text, parsed.slice_at, f"the slice {found.text} matches nothing in this cohort"
        )
    if not found.language:
        _check_one_language(parsed, metric.name, found, measurable.expected)
    return found


def _check_one_language(
    parsed: ParsedGate, name: str, found: Slice, expected: Iterable[Record]
) -> None:
    languages = sorted({str(r.facts["language"]) for r in expected if found.keep(r)})
    if len(languages) > 1:
        raise mistake(
            parsed.text,
            parsed.metric_at,
            f"the cohort has reports in {' and '.join(languages)}, and nothing averages over "
            f"languages: write {name}[language={languages[0]}]",
        )


def _check_value(parsed: ParsedGate, metric: KnownMetric, value: float) -> None:
    """Refuse a number that the metric cannot reach: most often one that was written times 100."""
    low, high = metric.bounds
    if parsed.against is not Against.NUMBER:
        low, high = low - high, high - low
    if math.isfinite(value) and low <= value <= high:
        return
    hint = f", not {value:g}"
    if high <= 1 < value <= 100:
        hint += f": write {value / 100:g}"
    kind = metric.name if parsed.against is Against.NUMBER else f"a difference of {metric.name}"
    raise mistake(parsed.text, parsed.op_at, f"{kind} lies between {low:g} and {high:g}{hint}")


def _check_partner(parsed: ParsedGate, measurable: Measurable) -> None:
    if parsed.against is Against.BASELINE and not measurable.has_baseline:
        at = max(parsed.text.find(Against.BASELINE), 0)
        raise mistake(
            parsed.text, at, f"there is no baseline: name one with {measurable.name_baseline}"
        )
    if parsed.floor and parsed.floor not in FLOOR_NAMES:
        problem = str(UnknownName("floor", parsed.floor, FLOOR_NAMES))
        raise mistake(parsed.text, max(parsed.text.find(parsed.floor), 0), problem)


def _must_pass(spec: GateSpec, measurable: Measurable, confidence: float) -> Gate:
    parsed = spec.parsed
    cases = {record.case for record in measurable.expected}
    for case, organ in parsed.items:
        for kind, name, known in (("case", case, cases), ("organ", organ, measurable.organs)):
            if name not in known:
                at = max(parsed.text.find(name), 0)
                raise mistake(parsed.text, at, str(UnknownName(kind, name, known)))
    return Gate(
        name=spec.name,
        expression=parsed.text,
        metric=MUST_PASS,
        op=Op.AT_LEAST,
        against=Against.ITEMS,
        value=1.0,
        items=parsed.items,
        kind=StatisticKind.OPERATIONAL,
        confidence=confidence,
    )


def _expression(parsed: ParsedGate, name: str, found: Slice, op: Op, value: float) -> str:
    """Write the gate in its one canonical form."""
    subject = f"{name}{found.text}"
    if parsed.against is Against.NUMBER:
        return f"{subject} {op} {value:{_DIGITS}}"
    if parsed.against is Against.FLOOR:
        gain = value if op is Op.AT_LEAST else -value
        floor = f", {parsed.floor}" if parsed.floor else ""
        return f"lift({subject}{floor}) >= {gain + 0.0:{_DIGITS}}"
    if not value:
        return f"{subject} {op} baseline"
    return f"{subject} {op} baseline {'+' if value > 0 else '-'} {abs(value):{_DIGITS}}"

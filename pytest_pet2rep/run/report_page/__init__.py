"""A run as the HTML report shows it: plain, frozen, and nothing that a template must work out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.run.gates.stored import gate_needed
from pytest_pet2rep.run.metric_values import value_text
from pytest_pet2rep.run.report_page.cases import CaseLine, case_detail, case_lines
from pytest_pet2rep.run.report_page.compare import ComparisonView, comparison_view
from pytest_pet2rep.run.report_page.organs import BodyFigure, OrganLine, body_figures, organ_lines
from pytest_pet2rep.run.report_page.scores import ScoreTable, score_tables
from pytest_pet2rep.run.report_page.states import ConfusionTable, confusion_tables
from pytest_pet2rep.run.runfiles import CaseKey, RunData, records_by_case
from pytest_pet2rep.types import Kind, Outcome

if TYPE_CHECKING:
    from pytest_pet2rep.run.compare import Comparison
    from pytest_pet2rep.run.report_page.pictures import Picture

SIGNS: Mapping[str, str] = {
    "pass": "✓",
    "fail": "✗",
    "undecided": "?",
    "not_measured": "–",
    "deferred": "…",
    "ended": "!",
}
"""A verdict is never told by colour alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What a release manager reads first."""

    verdict: str
    sign: str
    reason: str
    code: int | None
    gates_set: bool
    model: str
    identity: str
    verified: bool
    cohort: str
    cases: int
    reports: int
    items: int
    complete: bool
    started: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GateLine:
    """One demand and what became of it; numbers as they are shown."""

    verdict: str
    sign: str
    expression: str
    observed: str
    bound: str
    needed: str
    """On the scale of the other two; the expression names shares 0..1, these are times 100."""
    reason: str
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportPage:
    """Everything on the page."""

    head: Head
    gates: tuple[GateLine, ...]
    scores: tuple[ScoreTable, ...]
    figures: tuple[BodyFigure, ...]
    organs: tuple[OrganLine, ...]
    confusion: tuple[ConfusionTable, ...]
    outcomes: tuple[tuple[str, int], ...]
    kinds: tuple[tuple[str, int], ...]
    checks: tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
    """Report check -> outcome -> count."""
    controls: tuple[Mapping[str, Any], ...]
    repeats: tuple[Mapping[str, Any], ...]
    holes: tuple[tuple[str, str, str], ...]
    """Case, item, reason."""
    cases: tuple[CaseLine, ...]
    details: tuple[tuple[str, Mapping[str, Any]], ...]
    """Id of the element that holds it, and what the page of the case is made of."""
    comparison: ComparisonView | None
    not_compared: str
    """Why there is no comparison, where one was asked for."""
    card: tuple[tuple[str, str], ...]
    texts: bool
    """The run keeps the texts of its reports."""
    pictures_note: str
    linked_pictures: bool
    """Images lie beside the page."""


def report_page(
    run: RunData,
    *,
    baseline: RunData | None = None,
    comparison: Comparison | None = None,
    not_compared: str = "",
    pictures: Mapping[str, Sequence[Picture]] | None = None,
    pictures_note: str = "",
) -> ReportPage:
    """Put the page of ``run`` together; ``pictures`` are those of each case id, if any."""
    grouped = records_by_case(run.records)
    lines = case_lines(run, grouped)
    shown = pictures or {}
    organs = organ_lines(run)
    return ReportPage(
        head=_head(run, len(grouped)),
        gates=tuple(_gate_line(gate) for gate in run.gates),
        scores=score_tables(run, baseline),
        figures=body_figures(organs, run.profile),
        organs=organs,
        confusion=confusion_tables(run),
        outcomes=_counted(run, [str(o) for o in Outcome], "outcome"),
        kinds=_counted(run, [str(k) for k in Kind if k], "kind"),
        checks=tuple(_checks(run)),
        controls=tuple(run.summary.get("controls", ())),
        repeats=tuple(run.summary.get("repeats", ())),
        holes=tuple(
            (hole.item.case, hole.item.organ or hole.item.check, hole.reason) for hole in run.holes
        ),
        cases=lines,
        details=tuple(
            (line.element, case_detail(run, line, grouped[_key(line)], shown.get(line.case, ())))
            for line in lines
        ),
        comparison=comparison_view(comparison) if comparison is not None else None,
        not_compared=not_compared,
        card=tuple(_flat(run.card)),
        texts=any(text.reference is not None for text in run.texts.values()),
        pictures_note=pictures_note,
        linked_pictures=any(
            not picture.source.startswith("data:") for found in shown.values() for picture in found
        ),
    )


def _key(line: CaseLine) -> CaseKey:
    return (line.case, line.repeat)


def _head(run: RunData, reports: int) -> Head:
    model, cohort = run.card.get("model", {}), run.card.get("cohort", {})
    verdict = run.verdict or "not_measured"
    code = run.exit.get("code")
    return Head(
        verdict=verdict,
        sign=SIGNS.get(verdict, "?"),
        reason=str(run.exit.get("reason", "")),
        code=code if isinstance(code, int) else None,
        gates_set=bool(run.gates),
        model=str(model.get("spec", "")),
        identity=str(model.get("identity", "")),
        verified=bool(model.get("verified", False)),
        cohort=str(cohort.get("name", "")),
        cases=len({record.case for record in run.records}),
        reports=reports,
        items=len(run.planned),
        complete=run.complete,
        started=str(run.timing.get("started", "")),
    )


def _gate_line(gate: Mapping[str, Any]) -> GateLine:
    name, expression = str(gate.get("name", "")), str(gate.get("expression", ""))
    metric = str(gate.get("metric", ""))
    reference = gate.get("reference")
    observed = value_text(metric, gate.get("value"))
    if reference is not None:
        where = gate.get("reference_name") or gate.get("against", "")
        observed += f" ({where}: {value_text(metric, reference)})"
    return GateLine(
        verdict=str(gate["verdict"]),
        sign=SIGNS.get(str(gate["verdict"]), "?"),
        expression=expression if name in ("", expression) else f"{name}: {expression}",
        observed=observed,
        bound=value_text(metric, gate.get("bound")),
        needed=gate_needed(gate),
        reason=str(gate.get("reason", "")),
        n=int(gate.get("n") or 0),
    )


def _counted(run: RunData, names: Sequence[str], what: str) -> tuple[tuple[str, int], ...]:
    """Count uptake items; planned ones without a record are ``not_run``."""
    found = Counter(str(getattr(r, what)) for r in run.records if r.check == "uptake")
    if what == "outcome":
        found[str(Outcome.NOT_RUN)] += sum(hole.item.check == "uptake" for hole in run.holes)
    return tuple((name, found[name]) for name in names if found[name])


def _checks(run: RunData) -> Iterator[tuple[str, tuple[tuple[str, int], ...]]]:
    found: dict[str, Counter[str]] = {}
    for record in run.records:
        if record.check.startswith("report:"):
            name = record.check.removeprefix("report:")
            found.setdefault(name, Counter())[str(record.outcome)] += 1
    for name, counted in sorted(found.items()):
        yield name, tuple((str(o), counted[str(o)]) for o in Outcome if counted[str(o)])


def _flat(card: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Return the entries of the run card as dotted names and text, without its long lists."""
    for name, value in card.items():
        place = f"{prefix}{name}"
        if place in ("cohort.case_list", "scoring", "metrics"):
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{place}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield place, ", ".join(map(str, value)) or "–"
        else:
            yield place, _written(value)


def _written(value: Any) -> str:
    """Write one entry as the JSON of the card does, with fractions to four places."""
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return str(round(value, 4)) if isinstance(value, float) else str(value)

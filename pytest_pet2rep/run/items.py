"""One record per item: what was expected of it, what came, and the evidence for both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.anatomy import Profile
from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.findings.checks import REPORT_CHECKS
from pytest_pet2rep.findings.sections import section_text
from pytest_pet2rep.metrics.judgement import judge
from pytest_pet2rep.run.assessment import Assessment
from pytest_pet2rep.run.expectations import evidence_of, visible
from pytest_pet2rep.run.settings import RunSettings
from pytest_pet2rep.types import UNSTATED, Mention, Outcome, Record, Side, States, UptakeState

if TYPE_CHECKING:
    from pytest_pet2rep.metrics.text import TextMetric

UPTAKE, TEXT, CHECK = "uptake", "text", "report"
"""Names of the checks in a record; a report check is ``report:NAME``."""


def check_names() -> tuple[str, ...]:
    """Names of the report checks, in their order."""
    return tuple(REPORT_CHECKS)


def items_of_a_report(profile: Profile) -> tuple[tuple[str, str], ...]:
    """Check and organ of each item of one report: organs, report checks, and the text item."""
    uptake = ((UPTAKE, organ.id) for organ in profile.organs)
    return (*uptake, *((f"{CHECK}:{name}", "") for name in check_names()), (TEXT, ""))


def items_per_case(profile: Profile) -> int:
    """Number of items of one report."""
    return len(items_of_a_report(profile))


def uptake_record(
    assessed: Assessment, organ: str, profile: Profile, settings: RunSettings
) -> Record:
    """Judge one organ of one report."""
    attempt = assessed.attempt
    expectation, found = assessed.expected[organ], assessed.found[organ]
    ambiguous = organ in assessed.ambiguous
    judged = judge(
        expectation.states,
        found,
        ambiguous=ambiguous,
        usable=attempt.outcome,
        silence=str(settings.silence),
    )
    reason, evidence = "", ("", "")
    if judged.failed or judged.outcome is not Outcome.HIT:
        reason = _why(organ, expectation.states, found, assessed)
        evidence = _evidence(assessed, organ, profile)
    return Record(
        **_identity(assessed),
        check=UPTAKE,
        organ=organ,
        outcome=judged.outcome,
        kind=judged.kind,
        failed=judged.failed,
        expected=ordered(expectation.states),
        generated=ordered(found),
        source=str(expectation.source),
        visible=expectation.visible,
        certainty="uncertain" if ambiguous else "",
        reason=reason,
        evidence=evidence,
        where=attempt.where,
        facts={**_case_facts(assessed), **_lesion_facts(assessed, organ, profile)},
    )


def check_record(assessed: Assessment, check: str) -> Record:
    """Say whether the report passes one report check; evidence is the span that fails it."""
    attempt = assessed.attempt
    wanted = REPORT_CHECKS[check]
    found = [flag for flag in attempt.flags if flag.name in wanted]
    outcome, reason, shown = Outcome.HIT, "", ""
    if attempt.outcome is not None:
        outcome, reason = attempt.outcome, attempt.reason
    elif found:
        outcome = Outcome.MISS
        reason = f"{check}: {found[0].detail or found[0].name}"
        shown = " ".join(attempt.text[found[0].start : found[0].end].split())[:160]
    return Record(
        **_identity(assessed),
        check=f"{CHECK}:{check}",
        outcome=outcome,
        failed=outcome is not Outcome.HIT,
        reason=reason,
        evidence=("", shown),
        where=attempt.where,
        facts=_case_facts(assessed),
    )


def text_record(
    assessed: Assessment, settings: RunSettings, metrics: tuple[TextMetric, ...]
) -> Record:
    """Keep what the text metrics need to know of one case: their sufficient statistics.

    A case without a usable report stays in the denominator: an empty, failed or timed-out
    answer is scored as empty text, a refusal or a cut-off text as what it says.  A text that one
    metric cannot take is an error that names it, and empty text for this metric alone.
    """
    attempt = assessed.attempt
    generated, flags = section_text(attempt.text, settings.section)
    outcome, reason = attempt.outcome or Outcome.HIT, attempt.reason
    statistics, problems = _text_statistics(assessed, generated, metrics)
    if problems:
        outcome = Outcome.ERROR
        reason = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
    return Record(
        **_identity(assessed),
        check=TEXT,
        outcome=outcome,
        failed=outcome is not Outcome.HIT,
        reason=reason,
        where=attempt.where,
        facts={
            **_case_facts(assessed),
            "statistics": statistics,
            "flags": sorted({flag.name for flag in attempt.flags} | set(flags)),
            "lesions": _lesion_counts(assessed),
            "petrg": _petrg_counts(assessed),
            **_generation_facts(assessed),
        },
    )


def _text_statistics(
    assessed: Assessment, generated: str, metrics: tuple[TextMetric, ...]
) -> tuple[dict[str, list[float]], dict[str, DataProblem]]:
    """Show each metric what it asks for: the scored section, or the whole texts as they came."""
    from pytest_pet2rep.metrics.text import Sees, score_pair_as_far_as_possible
    from pytest_pet2rep.run.text_metrics import sees

    answer = assessed.attempt.generation
    shown = {
        Sees.SCORED: (assessed.reference.scored, generated),
        Sees.WHOLE: (assessed.reference.whole, answer.raw if answer is not None else ""),
    }
    found: dict[str, list[float]] = {}
    problems: dict[str, DataProblem] = {}
    for seen, (reference, prediction) in shown.items():
        asking = [metric for metric in metrics if sees(metric) is seen]
        statistics, failed = score_pair_as_far_as_possible(asking, reference, prediction)
        found |= statistics
        problems |= failed
    return {metric.name: found[metric.name] for metric in metrics}, problems


@cache
def ordered(states: States) -> tuple[str, ...]:
    """Return states as text in the order of ``UptakeState``."""
    return tuple(str(state) for state in UptakeState if state in states)


def _identity(assessed: Assessment) -> dict[str, Any]:
    return {
        "cohort": assessed.case.cohort,
        "case": assessed.case.id,
        "repeat": assessed.attempt.repeat,
    }


def _case_facts(assessed: Assessment) -> Mapping[str, Any]:
    facts: dict[str, Any] = {"language": str(assessed.language), "sex": assessed.case.sex}
    if assessed.attempt.run_wide:
        facts["run_wide"] = True
    return facts


def _generation_facts(assessed: Assessment) -> dict[str, Any]:
    generation = assessed.attempt.generation
    if generation is None:
        return {}
    return {
        "finish_reason": str(generation.finish_reason),
        "prompt_tokens": generation.usage.prompt_tokens,
        "completion_tokens": generation.usage.completion_tokens,
        "images_sent": generation.images_sent,
        "images_consumed": generation.images_consumed,
        "timing": {
            "seconds": round(generation.seconds, 3),
            "made_now": assessed.attempt.made_now,
            "store_skipped": list(assessed.attempt.skipped),
        },
    }


def _lesion_facts(assessed: Assessment, organ: str, profile: Profile) -> dict[str, Any]:
    """Return what the clinical risk needs to know of the lesion of one organ."""
    expectation, fine = assessed.expected[organ], profile[organ].fine
    side = expectation.side
    if side is Side.NONE:
        side = _increased_side(assessed.reference.mentions, fine)
    parts = [assessed.expected_fine[f] for f in fine if f in assessed.expected_fine]
    hot = [part for part in parts if UptakeState.INCREASED in part.states]
    hidden = bool(hot) and visible(hot, frozenset({UptakeState.INCREASED})) is False
    facts = {
        "expected_fine": _carrying({p.organ: p.states for p in parts}, expectation.states, fine),
        "generated_fine": _carrying(assessed.generated.states, assessed.found[organ], fine),
        "increased_visible": not hidden if hidden != (expectation.visible is False) else None,
        "diameter_mm": expectation.diameter_mm,
        "expected_side": str(side) if side is not Side.NONE else None,
        "generated_side": str(found)
        if (found := _increased_side(assessed.generated.mentions, fine)) is not Side.NONE
        else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _carrying(
    stated: Mapping[str, States], states: States, fine: tuple[str, ...]
) -> list[str] | None:
    """Return the fine organs that carry any of ``states``; ``None`` where that says nothing new."""
    carrying = [organ for organ in fine if stated.get(organ, UNSTATED) & states]
    return carrying if states != UNSTATED and carrying != list(fine) else None


def _increased_side(mentions: Sequence[Mention], organs: tuple[str, ...]) -> Side:
    """Return the one side of the increased lesions of some organs, ``NONE`` if there is not one."""
    sides = {m.side for m in mentions if m.organ in organs and m.state is UptakeState.INCREASED}
    return sides.pop() if len(sides) == 1 else Side.NONE


def _lesion_counts(assessed: Assessment) -> dict[str, Any]:
    from pytest_pet2rep.metrics.lesions import lesion_counts

    generated = assessed.generated.mentions if assessed.attempt.usable else None
    return lesion_counts(assessed.reference.mentions, generated)


def _petrg_counts(assessed: Assessment) -> dict[str, Any]:
    from pytest_pet2rep.anatomy import load_profile
    from pytest_pet2rep.findings.petrg import petrg_status
    from pytest_pet2rep.metrics.petrg import petrg_counts

    reference, generated = assessed.reference, assessed.generated
    return petrg_counts(
        petrg_status(reference.reading, reference.section),
        petrg_status(generated.reading, generated.section) if assessed.attempt.usable else None,
        regions=[region.id for region in load_profile("petrg24").organs],
    )


def _why(organ: str, expected: States, found: States, assessed: Assessment) -> str:
    if assessed.attempt.outcome is not None:
        return f"{organ}: {assessed.attempt.outcome}: {assessed.attempt.reason}"
    return f"{organ}: expected {' + '.join(ordered(expected))}, got {' + '.join(ordered(found))}"


def _evidence(assessed: Assessment, organ: str, profile: Profile) -> tuple[str, str]:
    fine = profile[organ].fine
    reference, generated = assessed.reference, assessed.generated
    return (
        evidence_of(reference.mentions, fine, reference.whole),
        evidence_of(generated.mentions, fine, generated.whole),
    )

"""Scoring a stored run again: other metrics, organs or section, from its texts, without a model.

What the model did (its outcomes, the report checks) stands as it was judged in the run; readings,
expectations and statistics are made anew by the rules of today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from pytest_pet2rep.anatomy import Profile, load_profile
from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.run.merge import judged
from pytest_pet2rep.run.plan import PlannedItem
from pytest_pet2rep.run.runfiles import (
    CaseText,
    MissingItem,
    RunData,
    record_order,
    records_by_case,
)
from pytest_pet2rep.run.runfiles.encoding import item_of
from pytest_pet2rep.run.scoreboard import Scoring
from pytest_pet2rep.run.settings import RunSettings, Silence
from pytest_pet2rep.types import (
    UNUSABLE,
    Case,
    FinishReason,
    Flag,
    Generation,
    Language,
    Record,
    Section,
    Usage,
)

_MADE_ANEW = ("text", "uptake")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rescoring:
    """What is to be scored otherwise; ``None`` keeps what the run had."""

    metrics: tuple[str, ...] | None = None
    metric_args: Mapping[str, str] = field(default_factory=dict)
    organs: str | None = None
    section: Section | None = None
    clean: bool | None = None

    @property
    def changes_nothing(self) -> bool:
        """The records of the run serve as they are."""
        return self == Rescoring()


def rescored(run: RunData, wanted: Rescoring) -> RunData:
    """Return ``run`` scored as ``wanted``, summary included; its floors and gates are left out.

    An item that is a hole stays one.  Raises ``DataProblem`` for a run without texts,
    ``UsageProblem`` for an unknown metric, organ list or section.
    """
    if wanted.changes_nothing:
        return judged(run)
    _require_texts(run)
    settings = _settings(run, wanted)
    profile = run.profile if wanted.organs is None else load_profile(wanted.organs)
    scoring = _scoring(run, settings, profile)
    records = list(_records(run, settings, scoring))
    planned = _planned(run, profile)
    heard = {item_of(record) for record in records}
    reasons = {hole.item: hole.reason for hole in run.holes}
    return judged(
        replace(
            run,
            card=_card(run.card, settings, scoring),
            profile=profile,
            planned=planned,
            records=tuple(sorted(records, key=record_order)),
            holes=tuple(
                MissingItem(item=item, reason=reasons.get(item, "its report has holes"))
                for item in planned
                if item not in heard
            ),
            floors={},
            gates=(),
            verdict="",
        )
    )


def _require_texts(run: RunData) -> None:
    for text in run.texts.values():
        unread = text.generated is None and text.outcome not in UNUSABLE
        if text.reference is None or unread:
            raise DataProblem(
                f"the run keeps no text of case {text.case} (redacted, or gone from the store): "
                f"only what is in its records can be scored"
            )
    if not run.texts:
        raise DataProblem("a baseline file keeps no texts: score the run that it was made from")


def _settings(run: RunData, wanted: Rescoring) -> RunSettings:
    card = run.card
    stored = card["scoring"]
    return RunSettings(
        model=card["model"]["spec"],
        metrics=tuple(stored["metrics"]) if wanted.metrics is None else wanted.metrics,
        metric_args={**stored.get("metric_args", {}), **wanted.metric_args},
        section=Section(card["section"]) if wanted.section is None else wanted.section,
        clean=card["cleaning"] != "none" if wanted.clean is None else wanted.clean,
        silence=Silence(card["silence"]),
    )


def _scoring(run: RunData, settings: RunSettings, profile: Profile) -> Scoring:
    from pytest_pet2rep.findings.reader import EXTRACTOR
    from pytest_pet2rep.run.text_metrics import chosen_metrics, cleaning_label

    def references(language: Language) -> Iterable[str]:
        first = {text.case: text for text in run.texts.values() if text.language is language}
        return [str(first[case].reference) for case in sorted(first)]

    languages = sorted({text.language for text in run.texts.values()})
    return Scoring(
        profile=profile,
        section=settings.section,
        extractor=EXTRACTOR,
        cleaning=cleaning_label(settings),
        metrics={
            language: chosen_metrics(settings, language, partial(references, language))
            for language in languages
        },
    )


def _records(run: RunData, settings: RunSettings, scoring: Scoring) -> Iterable[Record]:
    from pytest_pet2rep.run.assessment import assess
    from pytest_pet2rep.run.items import text_record, uptake_record

    for key, records in records_by_case(run.records).items():
        text = run.texts.get(key)
        yield from (r for r in records if r.check not in _MADE_ANEW)
        made = {(r.check, r.organ) for r in records if r.check in _MADE_ANEW}
        if text is None or not made:
            continue
        assessed = assess(
            _case(text),
            _attempt(text, records, settings),
            language=text.language,
            section=settings.section,
            profile=scoring.profile,
        )
        if ("text", "") in made:
            yield text_record(assessed, settings, scoring.metrics[text.language])
        whole = made >= {("uptake", organ.id) for organ in run.profile.organs}
        for organ in scoring.profile.organs:
            if whole or (scoring.profile == run.profile and ("uptake", organ.id) in made):
                yield uptake_record(assessed, organ.id, scoring.profile, settings)


def _case(text: CaseText) -> Case:
    return Case(
        id=text.case,
        folder=Path(),
        cohort=text.cohort,
        sex=text.sex,
        age=text.age,
        language=text.language,
        references={text.language: text.reference or ""},
        expectations=text.expectations,
        private=text.private,
        digest=text.digest,
    )


def _attempt(text: CaseText, records: Iterable[Record], settings: RunSettings) -> Attempt:
    from pytest_pet2rep.findings.sections import NO_FINDINGS

    facts = next((r.facts for r in records if r.check == "text"), {})
    raw = text.raw if text.raw is not None else text.generated
    return Attempt(
        case=text.case,
        repeat=text.repeat,
        text="" if raw is None else _cleaned(raw, text, settings),
        generation=None if raw is None else _generation(raw, facts),
        outcome=text.outcome,
        reason=text.reason,
        where=next((r.where for r in records if r.where), ""),
        flags=tuple(Flag(name=flag.name) for flag in text.flags if flag.name != NO_FINDINGS),
        made_now=bool(facts.get("timing", {}).get("made_now", False)),
    )


def _cleaned(raw: str, text: CaseText, settings: RunSettings) -> str:
    if not settings.clean:
        return raw
    from pytest_pet2rep.models.cleaning import clean

    return clean(raw, language=text.language).text


def _generation(raw: str, facts: Mapping[str, Any]) -> Generation:
    return Generation(
        raw=raw,
        finish_reason=FinishReason(facts.get("finish_reason", FinishReason.UNKNOWN)),
        usage=Usage(
            prompt_tokens=facts.get("prompt_tokens"),
            completion_tokens=facts.get("completion_tokens"),
        ),
        images_sent=facts.get("images_sent", 0),
        images_consumed=facts.get("images_consumed"),
        seconds=facts.get("timing", {}).get("seconds", 0.0),
    )


def _planned(run: RunData, profile: Profile) -> tuple[PlannedItem, ...]:
    """Return the plan with the organs of ``profile``, wherever all organs were planned."""
    if profile == run.profile:
        return run.planned
    kept = {item for item in run.planned if item.check != "uptake"}
    reports = {(item.case, item.repeat) for item in run.planned if item.check == "uptake"}
    organs = {
        PlannedItem(case=case, check="uptake", organ=organ.id, repeat=repeat)
        for case, repeat in reports
        for organ in profile.organs
    }
    return tuple(sorted(kept | organs))


def _card(card: Mapping[str, Any], settings: RunSettings, scoring: Scoring) -> dict[str, Any]:
    from pytest_pet2rep.run.audit.figures import audit_summary
    from pytest_pet2rep.run.card import signatures, text_metric_entries

    return {
        **card,
        "organs": scoring.profile.label,
        "section": str(scoring.section),
        "extractor": scoring.extractor,
        "extractor_audit": audit_summary(scoring.extractor),
        "cleaning": scoring.cleaning if settings.clean else "none",
        "metrics": {str(lang): signatures(lang, scoring) for lang in sorted(scoring.metrics)},
        "scoring": {
            "metrics": list(settings.metrics),
            "metric_args": dict(settings.metric_args),
            "text_metrics": {
                str(lang): text_metric_entries(lang, scoring) for lang in sorted(scoring.metrics)
            },
        },
    }

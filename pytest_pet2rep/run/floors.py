"""Floors: what a model that never looked at the images scores on the cases of a run.

Beside every model stand four text baselines on the very same items.  A template that is copied
without looking scores well on text metrics (arXiv 2508.04062), so a number without its floor says
little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.models.provider import ProviderSettings
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.run.assessment import assess
from pytest_pet2rep.run.check_words import check_words_digest
from pytest_pet2rep.run.floor_cache import FloorsOfItems, Wanted, cached_floors
from pytest_pet2rep.run.items import TEXT, UPTAKE, text_record, uptake_record
from pytest_pet2rep.run.usability import Question, attempt_of
from pytest_pet2rep.types import Case, Record

if TYPE_CHECKING:
    from pytest_pet2rep.models.provider import Provider
    from pytest_pet2rep.run.runtime import Runtime

FLOORS = ("template", "all-normal", "majority", "shuffled")
"""Baselines that see no image, in the order in which they are shown."""


def floor_records(runtime: Runtime, records: Sequence[Record]) -> dict[str, tuple[Record, ...]]:
    """Score every floor on the uptake and text items that ``records`` holds, and on no others.

    Repeats of a case count as often for the floors as for the model.  A floor that has nothing to
    say on a case (no template in its prompt, no other patient) misses it, as a model would.
    """
    wanted = _wanted(records)
    if runtime.floors is None or runtime.floors.wanted != wanted:
        runtime.floors = FloorsOfItems(wanted=wanted, records=_found(runtime, wanted))
    return dict(runtime.floors.records)


def _found(runtime: Runtime, wanted: Wanted) -> dict[str, tuple[Record, ...]]:
    providers = {
        name: load_provider(f"baseline/{name}", ProviderSettings(cohort=runtime.cohort_in_view))
        for name in FLOORS
    }
    found = cached_floors(
        _question(runtime, providers, wanted), lambda: _score(runtime, providers, wanted)
    )
    return {name: found[name] for name in FLOORS}


def _score(
    runtime: Runtime, providers: Mapping[str, Provider], wanted: Wanted
) -> dict[str, tuple[Record, ...]]:
    """Score all floors case by case: what was read of its reference serves all of them."""
    made: dict[str, list[Record]] = {name: [] for name in providers}
    for case in runtime.cases():
        if case.id in wanted:
            for name, provider in providers.items():
                made[name] += _case_records(runtime, provider, case, wanted[case.id])
    return {name: tuple(records) for name, records in made.items()}


def _question(
    runtime: Runtime, providers: Mapping[str, Provider], wanted: Wanted
) -> dict[str, Any]:
    """Return everything that the records of the floors follow from, as plain data."""
    from pytest_pet2rep.findings.reader import EXTRACTOR
    from pytest_pet2rep.run.text_metrics import cleaning_label

    settings = runtime.settings
    languages = sorted({runtime.language_of(case) for case in runtime.cases()})
    return {
        "cohort": [runtime.cohort.name, runtime.cohort.digest],
        "items": sorted(
            [case, repeat, sorted(items)]
            for case, repeats in wanted.items()
            for repeat, items in repeats.items()
        ),
        "baselines": {name: provider.identity.text for name, provider in providers.items()},
        "prompts": [runtime.prompt_for(language).label for language in languages],
        "metrics": [m.signature() for lang in languages for m in runtime.metrics_for(lang)],
        "language": settings.language,
        "section": settings.section,
        "silence": settings.silence,
        "organs": runtime.profile.label,
        "extractor": EXTRACTOR,
        "checks": check_words_digest(),
        "cleaning": cleaning_label(settings),
    }


def _wanted(records: Sequence[Record]) -> Wanted:
    wanted: Wanted = {}
    for record in records:
        if record.check in (UPTAKE, TEXT):
            repeats = wanted.setdefault(record.case, {})
            repeats.setdefault(record.repeat, set()).add((record.check, record.organ))
    return wanted


def _case_records(
    runtime: Runtime,
    provider: Provider,
    case: Case,
    repeats: Mapping[int, set[tuple[str, str]]],
) -> list[Record]:
    items = set().union(*repeats.values())
    made = _made(runtime, provider, case, items)
    return [
        replace(record, repeat=repeat)
        for repeat in sorted(repeats)
        for record in made
        if (record.check, record.organ) in repeats[repeat]
    ]


def _made(
    runtime: Runtime, provider: Provider, case: Case, items: set[tuple[str, str]]
) -> list[Record]:
    from pytest_pet2rep.models.request import build_request, decoding_profile

    settings, language = runtime.settings, runtime.language_of(case)
    request = build_request(
        replace(case, language=language),
        runtime.prompt_for(language),
        decoding=decoding_profile(settings.decoding, seed=settings.seed),
    )
    question = Question(case=case, request=request, language=language, clean=settings.clean)
    (reply,) = provider.generate([request])
    assessed = assess(
        case,
        attempt_of(question, reply),
        language=language,
        section=settings.section,
        profile=runtime.profile,
    )
    records = [
        uptake_record(assessed, organ.id, runtime.profile, settings)
        for organ in runtime.profile.organs
        if (UPTAKE, organ.id) in items
    ]
    if (TEXT, "") in items:
        records.append(text_record(assessed, settings, runtime.metrics_for(language)))
    return records

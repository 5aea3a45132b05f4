"""The run card: what was run on what, with which versions.

Nothing in it differs between two equal runs on one machine; ``environment`` alone says which
machine, and is never compared.  It describes the whole run: all shards of one have the same.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_pet2rep import __version__
from pytest_pet2rep.run.header import notes
from pytest_pet2rep.run.items import items_per_case
from pytest_pet2rep.types import Language, Record

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.run.scoreboard import Scoring

_LIBRARIES = (
    "numpy", "scipy", "nibabel", "pillow", "jieba", "sacrebleu", "rouge-score", "rapidfuzz",
    "torch", "transformers", "accelerate", "vllm",
)  # fmt: skip


def run_card(runtime: Runtime, records: Sequence[Record] = (), planned: int = 0) -> dict[str, Any]:
    """Return the card as plain data.

    Without ``records``, before the first report, all is known but ``preprocessing``.  In
    ``cohort``, ``complete`` says that every item of every case of the cohort was planned (of a
    shard: of its cases): no limit, no selection.
    """
    from pytest_pet2rep.run.audit.figures import audit_summary
    from pytest_pet2rep.run.checkout import checkout_state
    from pytest_pet2rep.run.hardware import hardware

    settings = runtime.settings
    languages = run_languages(runtime)
    scoring = run_scoring(runtime, languages)
    identity = runtime.provider.identity
    return {
        "pytest_pet2rep": __version__,
        "model": {
            "spec": settings.model,
            "identity": identity.text,
            "verified": identity.verified,
            "stated": identity.stated,
        },
        "cohort": _cohort(runtime, planned),
        "prompt": {str(lang): runtime.prompt_for(lang).label for lang in languages},
        "decoding": _decoding(runtime),
        "epochs": settings.epochs,
        "preprocessing": _preprocessing(runtime, records),
        "notes": notes(runtime),
        "organs": runtime.profile.label,
        "section": str(settings.section),
        "extractor": scoring.extractor,
        "extractor_audit": audit_summary(scoring.extractor),
        "cleaning": scoring.cleaning if settings.clean else "none",
        "expectations": str(settings.expectations),
        "silence": str(settings.silence),
        "metrics": {str(lang): signatures(lang, scoring) for lang in languages},
        "scoring": {
            "metrics": list(settings.metrics),
            "metric_args": dict(settings.metric_args),
            "text_metrics": {str(lang): text_metric_entries(lang, scoring) for lang in languages},
        },
        "versions": {"python": platform.python_version(), **_versions()},
        "git": checkout_state(Path.cwd()),
        "environment": hardware(),
    }


def run_languages(runtime: Runtime) -> tuple[Language, ...]:
    """Return the languages of the cases of a run, sorted."""
    return tuple(sorted({runtime.language_of(case) for case in runtime.cases()}))


def run_scoring(runtime: Runtime, languages: Sequence[Language]) -> Scoring:
    """Return what a run is scored with."""
    from pytest_pet2rep.findings.reader import EXTRACTOR
    from pytest_pet2rep.run.scoreboard import Scoring
    from pytest_pet2rep.run.text_metrics import cleaning_label

    return Scoring(
        profile=runtime.profile,
        section=runtime.settings.section,
        extractor=EXTRACTOR,
        cleaning=cleaning_label(runtime.settings),
        metrics={language: runtime.metrics_for(language) for language in languages},
    )


def signatures(language: Language, scoring: Scoring) -> dict[str, str]:
    """Return the signature of every text metric, and one for each family of clinical metrics."""
    from pytest_pet2rep.run.scoreboard import Tally

    found = Tally(language, scoring).scores()
    families = {
        "ce": found.clinical,
        "rates": found.rates,
        "risk": found.risk,
        "lesions": found.lesions,
        "petrg": found.petrg,
    }
    return {
        **{score.name: score.signature for score in found.text},
        **{name: scores[0].signature for name, scores in families.items()},
    }


def text_metric_entries(language: Language, scoring: Scoring) -> list[Mapping[str, Any]]:
    """Return what a stored run must know of its text metrics, in their order."""
    from pytest_pet2rep.run.estimands.text import text_bounds

    return [
        {
            "name": metric.name,
            "signature": metric.signature(),
            "level": str(metric.level),
            "higher_is_better": metric.higher_is_better,
            "bounds": [value if isfinite(value) else None for value in text_bounds(metric)],
        }
        for metric in scoring.metrics[language]
    ]


def _cohort(runtime: Runtime, planned: int) -> dict[str, Any]:
    cohort = runtime.cohort
    return {
        "name": cohort.name,
        "digest": cohort.digest,
        "cases": len(runtime.case_files),
        "case_list": {case.id: case.digest[:16] for case in runtime.cases()},
        "complete": cohort.complete
        and len(runtime.case_files) == len(cohort.case_files)
        and planned == _items(runtime),
    }


def _items(runtime: Runtime) -> int:
    """Return how many items this process has if nothing is left out: those of its shard."""
    mine = runtime.shard_files
    reports = len(mine) * runtime.settings.epochs
    controls = sum(len(runtime.controls_of(path.parent.name)) for path in mine)
    return reports * items_per_case(runtime.profile) + controls


def _decoding(runtime: Runtime) -> dict[str, Any]:
    from pytest_pet2rep.models.request import decoding_profile

    settings = runtime.settings
    return dict(
        decoding_profile(
            settings.decoding, seed=settings.seed, max_new_tokens=settings.max_new_tokens
        )
    )


def _preprocessing(runtime: Runtime, records: Sequence[Record]) -> str:
    """Name how images were made, if any were: the model itself is not asked (it may be large)."""
    if not any(record.facts.get("images_sent") for record in records):
        return "no images"
    from pytest_pet2rep.imaging.options import preprocessing_digest

    return preprocessing_digest(runtime.view_options)


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

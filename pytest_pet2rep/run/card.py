"""The run card: what was run on what, with which versions.

Nothing in it differs between two equal runs.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pytest_pet2rep import __version__
from pytest_pet2rep.run.items import items_per_case
from pytest_pet2rep.types import Language, Record

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime

_LIBRARIES = (
    "numpy", "scipy", "nibabel", "pillow", "jieba", "sacrebleu", "rouge-score", "rapidfuzz",
    "torch", "transformers",
)  # fmt: skip


def run_card(
    runtime: Runtime, languages: tuple[Language, ...], records: Sequence[Record], planned: int
) -> dict[str, Any]:
    """Return the card as plain data.

    ``complete`` says that every item of every case of the cohort was planned: no limit, no
    selection.
    """
    from pytest_pet2rep.findings.reader import EXTRACTOR
    from pytest_pet2rep.models.cleaning import CLEANING
    from pytest_pet2rep.models.request import decoding_profile
    from pytest_pet2rep.run.audit_figures import audit_summary

    settings, cohort = runtime.settings, runtime.cohort
    identity = runtime.provider.identity
    return {
        "pytest_pet2rep": __version__,
        "model": {
            "spec": settings.model,
            "identity": identity.text,
            "verified": identity.verified,
            "stated": identity.stated,
        },
        "cohort": {
            "name": cohort.name,
            "digest": cohort.digest,
            "cases": len(runtime.case_files),
            "complete": cohort.complete
            and planned == len(cohort.case_files) * items_per_case(runtime.profile),
        },
        "prompt": {str(lang): runtime.prompt_for(lang).label for lang in languages},
        "decoding": dict(
            decoding_profile(
                settings.decoding, seed=settings.seed, max_new_tokens=settings.max_new_tokens
            )
        ),
        "preprocessing": _preprocessing(runtime, records),
        "notes": runtime.notes(),
        "organs": runtime.profile.label,
        "section": str(settings.section),
        "extractor": EXTRACTOR,
        "extractor_audit": audit_summary(EXTRACTOR),
        "cleaning": CLEANING if settings.clean else "none",
        "expectations": str(settings.expectations),
        "silence": str(settings.silence),
        "versions": {"python": platform.python_version(), **_versions()},
    }


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

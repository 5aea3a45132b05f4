"""The published figures of the extractor: one entry for each of its signatures that was audited.

``data/audit/figures.json`` is what a run card quotes, so that no run needs to audit anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import DataProblem, UsageProblem
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.run.audit import HalfAudit, Proportion, ReadingError
from pytest_pet2rep.run.audit.sets import Half, audit_folder

FIGURES = "figures.json"
NOT_AUDITED = "not audited"


def audit_summary(extractor: str) -> dict[str, Any]:
    """What a run card says of ``extractor`` (its signature): its figures on the frozen half.

    ``{"status": "audited", "half": "frozen", "sentences": {"en": FIGURE, "zh": FIGURE},
    "report_organs": FIGURE, "reports_without_error": FIGURE, "sides": FIGURE}``, where a figure has
    ``accuracy``, ``low`` and ``high`` (exact 95 % limits, 0..1) and ``n``; or
    ``{"status": "not audited"}`` for a signature without published figures.
    """
    entry = _entry_of(extractor, published_audits())
    if entry is None:
        return {"status": NOT_AUDITED}
    return {"status": "audited", "half": str(Half.FROZEN), **entry["figures"][Half.FROZEN]}


def published_audits(folder: Path | None = None) -> list[dict[str, Any]]:
    """All published audits, the oldest first; raises ``DataProblem`` for a broken file."""
    place = (folder or audit_folder()).joinpath(FIGURES)
    if not place.is_file():
        return []
    try:
        audits: list[dict[str, Any]] = json.loads(place.read_text(encoding="utf-8"))["audits"]
    except (ValueError, KeyError, TypeError) as why:
        raise DataProblem(f"{place} is no file of audit figures: restore it") from why
    return audits


def known_errors(folder: Path | None = None) -> frozenset[str]:
    """Keys of the errors of the audit published last (``error_key``)."""
    audits = published_audits(folder)
    return frozenset(audits[-1]["errors"]) if audits else frozenset()


def error_key(error: ReadingError) -> str:
    """``ID`` of a sentence, ``ID organ`` of a label in a whole report."""
    return f"{error.id} {error.organ}".rstrip()


def publish(extractor: str, halves: Sequence[HalfAudit], folder: Path | None = None) -> Path:
    """Add the figures of both halves under the signature ``extractor``; return the file.

    Figures that stand are never replaced.  Raises ``UsageProblem`` if the same signature once had
    others (the rules changed, their version did not), or if the folder cannot be written.
    """
    entry = audit_entry(extractor, halves)
    audits = published_audits(folder)
    standing = _entry_of(extractor, audits)
    if standing is not None and canonical_json(standing) != canonical_json(entry):
        raise UsageProblem(
            f"{extractor} was audited before with other figures: its rules have changed, so raise "
            f"VERSION in findings/reader.py, then publish again"
        )
    place = Path(str(folder or audit_folder())) / FIGURES
    if standing is None:
        try:
            place.write_text(canonical_json({"audits": [*audits, entry]}), encoding="utf-8")
        except OSError as why:
            raise UsageProblem(f"{place} cannot be written: {why.strerror or why}") from None
    return place


def audit_entry(extractor: str, halves: Sequence[HalfAudit]) -> dict[str, Any]:
    """What is published of an audit: figures, and the keys of all errors."""
    return {
        "extractor": extractor,
        "figures": {str(found.half): _figures(found) for found in halves},
        "errors": [error_key(error) for found in halves for error in found.errors],
        "side_errors": [
            f"{side.id} {side.organ} {side.state}" for found in halves for side in found.side_errors
        ],
    }


def _entry_of(extractor: str, audits: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((entry for entry in audits if entry["extractor"] == extractor), None)


def _figures(found: HalfAudit) -> dict[str, Any]:
    return {
        "sentences": {
            language: figure(value)
            for language, value in found.sentences.slices["language"].items()
        },
        "report_organs": figure(found.reports.organs),
        "reports_without_error": figure(found.reports.flawless),
        "sides": figure(found.sides["all"]),
    }


def figure(value: Proportion) -> dict[str, Any]:
    """A proportion as plain data."""
    return {"accuracy": value.value, "n": value.n, "low": value.low, "high": value.high}

"""The texts of a run, gathered on the controller: from the store, never generated.

A record names where its text lies, and the name of that file is the digest of the text; only
where that says nothing is the request put together again to find the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.run.runfiles.rundata import CaseKey, CaseText, records_by_case
from pytest_pet2rep.types import UNUSABLE, Case, Flag, Language, Record

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime


def case_texts(
    runtime: Runtime, records: Sequence[Record], *, redact: bool = False
) -> dict[CaseKey, CaseText]:
    """Return facts and texts of every report that has a record.

    With ``redact`` only ids, states and numbers: no text, no age.  A generated text that is not
    in the store any more is left out.
    """
    cases = {case.id: case for case in runtime.cases()}
    return {
        key: _case_text(runtime, cases[key[0]], key[1], mine, redact)
        for key, mine in records_by_case(records).items()
        if key[0] in cases
    }


def _case_text(
    runtime: Runtime, case: Case, repeat: int, records: Sequence[Record], redact: bool
) -> CaseText:
    language = runtime.language_of(case)
    unusable = next((record for record in records if record.outcome in UNUSABLE), None)
    generated, raw = (None, None) if redact else _generated(runtime, case, repeat, records)
    return CaseText(
        case=case.id,
        repeat=repeat,
        language=language,
        cohort=case.cohort,
        digest=case.digest,
        sex=case.sex,
        age=None if redact else case.age,
        private=case.private,
        images=case.images.kind,
        expectations=tuple(
            replace(found, evidence="", part="") if redact else found for found in case.expectations
        ),
        reference=None if redact else case.references[language],
        generated=generated,
        raw=raw if raw != generated else None,
        raw_differs=raw != generated,
        outcome=unusable.outcome if unusable else None,
        reason=_why_unusable(records),
        flags=_flags(records),
    )


def _why_unusable(records: Sequence[Record]) -> str:
    """Return the reason of the attempt; that of an organ has its name and outcome before it."""
    reasons = [r.reason for r in records if r.outcome in UNUSABLE and r.check != "uptake"]
    return reasons[0] if reasons else ""


def _flags(records: Sequence[Record]) -> tuple[Flag, ...]:
    names = {name for r in records if r.check == "text" for name in r.facts.get("flags", ())}
    return tuple(Flag(name=name) for name in sorted(names))


def _generated(
    runtime: Runtime, case: Case, repeat: int, records: Sequence[Record]
) -> tuple[str | None, str | None]:
    """Return the cleaned and the raw text, ``None`` for what there is not."""
    where = next((record.where for record in records if record.where), "")
    raw = _stored_raw(runtime, where)
    if raw is not None:
        return _cleaned(runtime, raw, runtime.language_of(case)), raw
    try:
        attempt = runtime.found(case, repeat)
    except StoreError:
        return None, None
    if attempt is None or attempt.generation is None:
        return None, None
    return attempt.text, attempt.generation.raw


def _stored_raw(runtime: Runtime, where: str) -> str | None:
    path = Path(where)
    if not where or runtime.provider.kept_elsewhere or path.suffix != ".txt":
        return None
    try:
        return runtime.store.text(path.stem)
    except StoreError:
        return None


def _cleaned(runtime: Runtime, raw: str, language: Language) -> str:
    if not runtime.settings.clean:
        return raw
    from pytest_pet2rep.models.cleaning import clean

    return clean(raw, language=language).text

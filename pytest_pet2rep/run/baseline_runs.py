"""Baselines: a run kept under a name in the project, in one small file without report texts.

``pet2rep_baselines/NAME.json`` below the root folder is meant to be committed: card, scores, and
of every item the outcome and what the scores are computed from, enough for paired statistics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.render.json_text import canonical_json
from pytest_pet2rep.run.error_budget import RUN_BROKE
from pytest_pet2rep.run.redaction import redacted_record
from pytest_pet2rep.run.runfiles import (
    BASELINE_SCHEMA,
    RUN_FILE,
    RunData,
    load_run,
    records_by_case,
)
from pytest_pet2rep.run.runfiles.encoding import (
    SHARED_FACTS,
    bare_record,
    record_plain,
)
from pytest_pet2rep.types import Record

FOLDER = "pet2rep_baselines"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SCORED = ("scores", "outcomes", "cases")


def baseline_path(root: Path, name: str) -> Path:
    """Return the file of the baseline ``name`` of the project at ``root``.

    Raises ``UsageProblem`` for a name that is no plain file name.
    """
    if not _NAME.fullmatch(name):
        raise UsageProblem(
            f"baseline {name!r}: a name has letters, digits, dots, dashes and underscores only"
        )
    return root / FOLDER / f"{name.removesuffix('.json')}.json"


def find_baseline(root: Path, named: str, folder: Path | None = None) -> Path | None:
    """Return where the baseline ``named`` lies, ``None`` if it is not there.

    ``named`` is a name of the project at ``root``, or a path (relative to ``folder``) of a
    baseline file or a run folder.  Raises ``UsageProblem`` for what can be neither.
    """
    path = Path(folder or Path.cwd(), Path(named).expanduser())
    is_path = "/" in named or "\\" in named or named.endswith(".json")
    if not is_path:
        kept = baseline_path(root, named)
        if kept.is_file():
            return kept
    if path.is_file() or (path / RUN_FILE).is_file():
        return path
    return None


def known_baselines(root: Path) -> tuple[str, ...]:
    """Return the names of the baselines of the project at ``root``, sorted."""
    return tuple(sorted(path.stem for path in (root / FOLDER).glob("*.json")))


def load_baseline(root: Path, named: str, folder: Path | None = None) -> RunData:
    """Load the baseline ``named``.

    Raises ``UsageProblem`` where there is none, ``DataProblem`` for a file that cannot be used.
    """
    path = find_baseline(root, named, folder)
    if path is None:
        known = ", ".join(known_baselines(root)) or "none"
        raise UsageProblem(
            f"there is no baseline {named!r} (of this project: {known}): make one with "
            f"--pet2rep-save={named if _NAME.fullmatch(named) else 'NAME'}"
        )
    return load_run(path)


def save_baseline(root: Path, name: str, run: RunData) -> Path:
    """Keep ``run`` as the baseline ``name``; one of that name is replaced.

    Raises ``UsageProblem`` for a name that is none, and for a run that is not complete: what is
    compared with half a run would be better or worse by the other half.
    """
    path = baseline_path(root, name)
    if not run.complete:
        raise UsageProblem(
            f"the run is not kept as baseline {name!r}: it is partial or has holes, and a baseline "
            f"is a whole run"
        )
    if all(record.outcome in RUN_BROKE for record in run.records):
        raise UsageProblem(
            f"the run is not kept as baseline {name!r}: every case ended in an error or a timeout"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_text(baseline_text(run), encoding="utf-8")
        temporary.replace(path)
    except OSError as why:
        raise UsageProblem(f"{path} cannot be written: {why.strerror or why}") from why
    return path


def baseline_text(run: RunData) -> str:
    """Return the file: one line for the head, one for each report, so that git shows changes."""
    head = {
        "schema": BASELINE_SCHEMA,
        "card": _card(run.card),
        "organ_list": run.profile,
        "summary": {name: run.summary[name] for name in _SCORED if name in run.summary},
        "timing": {"run_id": run.run_id},
    }
    reports = [
        canonical_json(_report_plain(records), indent=None, exact=True).rstrip("\n")
        for records in records_by_case(run.records).values()
    ]
    opening = canonical_json(_without_counts(head), indent=None).rstrip("\n").removesuffix("}")
    return f'{opening},"reports":[\n' + ",\n".join(reports) + "\n]}\n"


def without_texts(run: RunData) -> RunData:
    """Return ``run`` as its baseline file would give it back, but for its summary."""
    records = tuple(_kept(record) for record in run.records)
    return replace(run, records=records, texts={})


def _card(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card without what belongs to the machine that the run was made on."""
    scoring = {name: value for name, value in card["scoring"].items() if name != "metric_args"}
    kept = {name: value for name, value in card.items() if name != "environment"}
    return kept | {"scoring": scoring}


def _without_counts(head: dict[str, Any]) -> dict[str, Any]:
    """Leave the tables behind the scores out: they follow from the records."""
    scores = {
        language: {"cases": found["cases"], "metrics": found["metrics"]}
        for language, found in head["summary"].get("scores", {}).items()
    }
    return head | {"summary": head["summary"] | {"scores": scores}}


def _report_plain(records: Sequence[Record]) -> dict[str, Any]:
    first = records[0]
    return {
        "cohort": first.cohort,
        "case": first.case,
        "repeat": first.repeat,
        **{name: first.facts[name] for name in SHARED_FACTS if name in first.facts},
        "records": [record_plain(_kept(record)) for record in records],
    }


def _kept(record: Record) -> Record:
    return bare_record(redacted_record(record))

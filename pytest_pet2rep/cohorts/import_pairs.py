"""Importer ``pairs``: text-only cases from lines of id, reference and (if there) prediction."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import IO

from pytest_pet2rep.cohorts.casewriter import CaseWriter, NewCase
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport, language_of
from pytest_pet2rep.cohorts.jsonlines import Line, read_lines
from pytest_pet2rep.cohorts.pairs import pair_of

OUTPUTS = "outputs.jsonl"


def import_pairs(source: Path, dest: Path, options: ImportOptions) -> ImportReport:
    """Make every line of ``source`` a text-only case; predictions go to ``dest/outputs.jsonl``.

    The predictions are keyed by case id, so that ``replay/dest/outputs.jsonl`` scores them.
    """
    writer = CaseWriter(source, dest, options)
    with tempfile.TemporaryDirectory(prefix=".importing-", dir=dest) as scratch:
        draft = Path(scratch) / OUTPUTS
        with draft.open("w", encoding="utf-8", newline="\n") as outputs:
            predictions = sum(_write(line, writer, outputs) for line in read_lines(source))
        return writer.report(_publish(draft, dest / OUTPUTS, writer) if predictions else None)


def _write(line: Line, writer: CaseWriter, outputs: IO[str]) -> bool:
    """Write the case of a line; say whether a prediction was written with it."""
    try:
        pair = pair_of(line, writer.options.fields)
    except ValueError as why:
        writer.skip(line.place, str(why))
        return False
    language = language_of(pair.reference, writer.options)
    case_id = writer.write(
        NewCase(
            original_id=pair.id,
            where=line.place,
            reports={language: pair.reference},
            language=language,
            provenance=f"imported from {writer.source.name}, line {line.number}",
        )
    )
    if case_id is None or pair.prediction is None:
        return False
    fields = {"id": case_id, "prediction": pair.prediction}
    outputs.write(json.dumps(fields, ensure_ascii=False) + "\n")
    return True


def _publish(draft: Path, place: Path, writer: CaseWriter) -> Path | None:
    """Move the predictions to their place, unless others are there."""
    other = place.exists() and place.read_bytes() != draft.read_bytes()
    if other and not writer.options.overwrite:
        writer.skip(str(place), "holds other predictions: move it, or allow overwriting")
        return None
    os.replace(draft, place)
    return place

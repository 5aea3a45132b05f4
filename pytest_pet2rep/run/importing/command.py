"""``pet2rep import NAME SRC DEST``: a data set becomes case folders."""

from __future__ import annotations

import argparse

from pytest_pet2rep.cohorts.importers import load_importer
from pytest_pet2rep.cohorts.importing import ImportOptions
from pytest_pet2rep.cohorts.pairs import PairFields
from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.types import Language


def import_cases(options: argparse.Namespace) -> int:
    """Import, print what became of every entry, and return 1 if something was left out."""
    importer = load_importer(options.importer)
    if not options.source.exists():
        raise UsageProblem(f"there is nothing to import at {options.source}")
    try:
        options.destination.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise UsageProblem(f"{options.destination} cannot be made: {why.strerror or why}") from why
    report = importer(
        options.source,
        options.destination,
        ImportOptions(
            language=Language(options.language) if options.language else None,
            overwrite=options.overwrite,
            images_root=options.images,
            fields=PairFields(
                id=options.id_field,
                reference=options.reference_field,
                prediction=options.prediction_field,
            ),
        ),
    )
    for sentence in report.sentences():
        print(terminal_safe(sentence))
    return 1 if report.skipped or report.missing else 0

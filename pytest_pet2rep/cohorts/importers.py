"""Which importers there are; each is loaded only when it is asked for."""

from __future__ import annotations

import importlib
from importlib import metadata

from pytest_pet2rep.cohorts.importing import Importer
from pytest_pet2rep.errors import UnknownName, UsageProblem

ENTRY_POINT_GROUP = "pytest_pet2rep.importers"
"""Distributions add importers under it: ``name = "module:function"``; our own names stay ours."""

_BUILTIN = {
    "dicom": "pytest_pet2rep.run.importing.dicom:import_dicom",
    "folder": "pytest_pet2rep.cohorts.import_folder:import_folder",
    "pairs": "pytest_pet2rep.cohorts.import_pairs:import_pairs",
    "petrg": "pytest_pet2rep.cohorts.import_petrg:import_petrg",
    "petwb-rep": "pytest_pet2rep.cohorts.import_petwb:import_petwb",
    "pet2rep-jsonl": "pytest_pet2rep.cohorts.import_jsonl:import_jsonl",
}


def importer_names() -> tuple[str, ...]:
    """Names that ``pet2rep import`` knows, sorted."""
    return tuple(sorted({*_BUILTIN, *_third_party()}))


def load_importer(name: str) -> Importer:
    """Load an importer; ``UnknownName`` for one that nobody registered."""
    if name in _BUILTIN:
        module, _, attribute = _BUILTIN[name].partition(":")
        builtin: Importer = getattr(importlib.import_module(module), attribute)
        return builtin
    third_party = _third_party()
    if name not in third_party:
        raise UnknownName("importer", name, importer_names())
    point = third_party[name]
    try:
        loaded: Importer = point.load()
    except Exception as why:
        raise UsageProblem(
            f"the importer {name!r} ({point.value}) cannot be imported: {type(why).__name__}: {why}"
        ) from why
    return loaded


def _third_party() -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=ENTRY_POINT_GROUP)}

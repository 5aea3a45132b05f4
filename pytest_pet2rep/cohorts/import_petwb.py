"""Importer ``petwb-rep``: the PETWB-REP data set, in both layouts that were published.

Layouts as in arXiv 2511.03194, figure 4 (``Imaging_data``, ``Non-Imaging_data``) and as in the
BIDS-like release (``rawdata``, ``derivatives``).  CT is taken raw (HU; the normalised one is not
in HU), PET as SUV.  No volume is opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.casewriter import CaseWriter, NewCase
from pytest_pet2rep.cohorts.csvtables import CHINESE, WESTERN, Row, read_csv
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport
from pytest_pet2rep.cohorts.patientfacts import patient_facts
from pytest_pet2rep.cohorts.sections import join_sections
from pytest_pet2rep.cohorts.volumefiles import by_study, find_volumes
from pytest_pet2rep.errors import ImportProblem
from pytest_pet2rep.types import Language

ID_COLUMNS = ("image id", "image_id", "影像号", "patient_id", "id")
FINDINGS_COLUMNS = {Language.ZH: ("影像描述", "影像所见"), Language.EN: ("image description",)}
IMPRESSION_COLUMNS = {Language.ZH: ("报告诊断", "影像诊断"), Language.EN: ("report diagnosis",)}
REPORT_TABLES = {Language.ZH: ("report_zh.csv", CHINESE), Language.EN: ("report_en.csv", WESTERN)}
FACT_TABLES = ("metadata.csv", "meta_data.csv")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Volumes:
    """Where the volumes of one kind lie, and what their files are called."""

    folder: Path
    name: re.Pattern[str]


@dataclass(kw_only=True, slots=True)
class _Study:
    """What the tables and folders have on one study."""

    reports: dict[Language, str] = field(default_factory=dict)
    facts: Row | None = None
    volumes: dict[str, Sequence[Path]] = field(default_factory=dict)
    """``ct`` and ``pet`` -> files."""


def import_petwb(source: Path, dest: Path, options: ImportOptions) -> ImportReport:
    """Make every study of a PETWB-REP folder that has a report a case.

    A study without PET or without CT becomes a case without images, and is listed.
    """
    places = _places(source)
    writer = CaseWriter(source, dest, options)
    studies: dict[str, _Study] = {}
    for language in Language:
        _read_reports(source, language, studies, writer)
    if not studies:
        names = " or ".join(name for name, _ in REPORT_TABLES.values())
        raise ImportProblem(f"{source} has no {names} with a report")
    _read_facts(source, studies, writer)
    for kind, place in places.items():
        files = find_volumes(place.folder, place.name)
        for study, found in by_study(files, place.folder, studies, study_key).items():
            studies.setdefault(study, _Study()).volumes[kind] = found
    for study in sorted(studies):
        _write(study, studies[study], places, writer)
    return writer.report()


def study_key(written: str) -> str:
    """The id of a study in one form: without ``sub-`` or ``sub_`` before it."""
    return re.sub(r"^sub[-_]", "", written.strip(), flags=re.IGNORECASE)


def _places(source: Path) -> dict[str, _Volumes]:
    bids, plain = source / "rawdata", source / "Imaging_data"
    if bids.is_dir():
        raw_ct = re.compile(r"^(?!.*desc-).*_ct\.nii", re.IGNORECASE)
        suv = re.compile(r"desc-(pet_suv|suv_pet)", re.IGNORECASE)
        return {
            "ct": _Volumes(folder=bids, name=raw_ct),
            "pet": _Volumes(folder=source / "derivatives", name=suv),
        }
    if plain.is_dir():
        every = re.compile("")
        return {
            "ct": _Volumes(folder=plain / "CT_RAW", name=every),
            "pet": _Volumes(folder=plain / "PET_SUV", name=every),
        }
    raise ImportProblem(f"{source} is no PETWB-REP folder: it has no rawdata and no Imaging_data")


def _table(source: Path, name: str) -> Path | None:
    """The table in the folder itself or in one directly below it."""
    candidates = (source / name, *sorted(source.glob(f"*/{name}")))
    return next((path for path in candidates if path.is_file()), None)


def _read_reports(
    source: Path, language: Language, studies: dict[str, _Study], writer: CaseWriter
) -> None:
    name, encodings = REPORT_TABLES[language]
    path = _table(source, name)
    if path is None:
        writer.miss(name, f"no such table in {source}: there are no reports in {language}")
        return
    table = read_csv(path, encodings)
    for place, what in table.problems:
        writer.skip(place, what)
    for row in table.rows:
        study = study_key(row.first(ID_COLUMNS))
        findings, impression = FINDINGS_COLUMNS[language], IMPRESSION_COLUMNS[language]
        text = join_sections(language, row.first(findings), row.first(impression))
        if not study or not text:
            what = f"has no report in {' or '.join(findings)}" if study else "has no id"
            writer.skip(row.place, what)
            continue
        reports = studies.setdefault(study, _Study()).reports
        if reports.setdefault(language, text) != text:
            writer.skip(row.place, f"is a second, other report of {study}")


def _read_facts(source: Path, studies: Mapping[str, _Study], writer: CaseWriter) -> None:
    path = next((p for p in (_table(source, name) for name in FACT_TABLES) if p), None)
    if path is None:
        writer.miss(FACT_TABLES[0], f"no such table in {source}: sex, age and weight stay unknown")
        return
    table = read_csv(path, (*CHINESE, *WESTERN))
    for place, what in table.problems:
        writer.skip(place, what)
    for row in table.rows:
        key = study_key(row.first(ID_COLUMNS))
        study = studies.get(key)
        if study is None:
            writer.skip(row.place, "there is no report for this row")
        elif study.facts is None:
            study.facts = row
        elif study.facts.cells != row.cells:
            writer.skip(row.place, f"is a second, other row of {key}: the first is used")


def _write(key: str, study: _Study, places: Mapping[str, _Volumes], writer: CaseWriter) -> None:
    case_id = f"sub-{key}"
    if not study.reports:
        files = ", ".join(str(path) for found in study.volumes.values() for path in found)
        writer.skip(case_id, f"there is no report for {files}")
        return
    facts, doubts = patient_facts(study.facts)
    table: dict[str, Any] = dict(facts)
    if len(study.volumes) == len(places):
        table["images"] = {kind: study.volumes[kind][0].as_posix() for kind in ("pet", "ct")}
    written = writer.write(
        NewCase(
            original_id=case_id,
            where=case_id,
            reports=study.reports,
            language=writer.options.language or min(study.reports, key=[*Language].index),
            table=table,
            provenance=f"PETWB-REP, {case_id}",
        )
    )
    if written is None:
        return
    for doubt in doubts:
        writer.note(f"case {written}", doubt)
    for kind, place in places.items():
        found = study.volumes.get(kind, ())
        if not found:
            what = f"no {kind.upper()} volume below {place.folder}: the case is without images"
            writer.miss(f"case {written}", what)
        elif len(found) > 1:
            others = ", ".join(str(path) for path in found[1:])
            writer.note(f"case {written}", f"the first {kind.upper()} is used, not {others}")

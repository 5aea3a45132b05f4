"""Importer ``dicom``: studies as they come from the scanner become cases without identity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport, Notice
from pytest_pet2rep.cohorts.reports import report_name
from pytest_pet2rep.errors import ImagingError, ImportProblem
from pytest_pet2rep.imaging.dicom_series import Contents, Pair, Study, choose_pair, scan_folder
from pytest_pet2rep.imaging.suv_facts import Normalisation
from pytest_pet2rep.run.importing.dicom_case import (
    case_id,
    cohort_key,
    drafting,
    patient_table,
    place_case,
    read_study_reports,
    write_texts,
)
from pytest_pet2rep.types import Language

PET_FILE, CT_FILE = "pet.nii.gz", "ct.nii.gz"
REPORT_FILES = frozenset(report_name(language) for language in Language)


@dataclass(kw_only=True, slots=True)
class _Account:
    """What became of every study so far."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Notice] = field(default_factory=list)
    missing: list[Notice] = field(default_factory=list)
    notes: list[Notice] = field(default_factory=list)


def import_dicom(source: Path, dest: Path, options: ImportOptions) -> ImportReport:
    """Make every study below ``source`` that has a PET a case, its volumes written as NIfTI.

    ``pet.nii.gz`` is SUVbw (float32), ``ct.nii.gz`` HU (int16).  Of the header only sex, age,
    weight, height and how the SUV came about are kept; the case id is made from the Study Instance
    UID with a secret key (``run.dicom_case.case_id``).  ``report.zh.txt`` and ``report.en.txt`` are
    taken from the folder of the study or one above it that holds no other study.

    What cannot be converted is skipped with its reason; what a case still lacks is listed as
    missing.  Raises ``ImportProblem`` if there is no study, ``MissingDependency`` without pydicom.
    """
    if not source.is_dir():
        raise ImportProblem(f"{source} is no folder: give the folder that holds the DICOM files")
    contents = scan_folder(source)
    if not contents.studies and not contents.damaged:
        raise ImportProblem(
            f"{source} holds no PET or CT images in DICOM ({len(contents.others)} other files)"
        )
    account = _Account()
    try:
        dest.mkdir(parents=True, exist_ok=True)
        key = cohort_key(dest)
        folders = _own_folders(contents, source)
        for study, where in _named(contents, source):
            _Importing(
                study=study,
                where=where,
                name=case_id(study.uid, key),
                folders=folders[study.uid],
                dest=dest,
                options=options,
                account=account,
            ).run()
    except OSError as why:
        raise ImportProblem(f"{dest} cannot be written: {why.strerror or why}") from None
    _account_for_files(contents, source, account)
    return ImportReport(
        source=source,
        dest=dest,
        written=tuple(account.written),
        unchanged=tuple(account.unchanged),
        skipped=tuple(account.skipped),
        missing=tuple(account.missing),
        notes=tuple(account.notes),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Importing:
    """One study on its way to a case."""

    study: Study
    where: str
    name: str
    folders: list[Path]
    dest: Path
    options: ImportOptions
    account: _Account

    def run(self) -> None:
        """Write the case, or skip the study with its reason."""
        with drafting(self.dest, self.name) as draft:
            try:
                pair = choose_pair(self.study, Normalisation.BODY_WEIGHT)
                notes = self._write_volumes(pair, draft)
            except ImagingError as why:
                self._skip(str(why))
                return
            facts, doubts = patient_table(self.study.patient)
            reports, faults = read_study_reports(self.folders, self.study.patient)
            language = self.options.language or min(
                reports, key=[*Language].index, default=Language.ZH
            )
            write_texts(draft, self._table(pair, facts, language), reports)
            outcome, lacking = place_case(
                self.dest, self.name, draft, overwrite=self.options.overwrite
            )
        if outcome == "differs":
            folder = self.dest / self.name
            self._skip(f"{folder} holds another case: move it, or allow overwriting")
            return
        (self.account.written if outcome == "written" else self.account.unchanged).append(self.name)
        self._note(f"made from {self.where}; " + _method(pair))
        for sentence in (*pair.notes, *notes, *doubts):
            self._note(sentence)
        for fault in faults:
            self._miss(*fault)
        if lacking and not faults:
            self._miss(report_name(language), "the study has no report: write it here")
        if pair.ct is None:
            what = "the study has no CT in the frame of reference of the PET: add one, and the "
            self._miss(CT_FILE, what + "keys images.pet and images.ct to the case file")

    def _write_volumes(self, pair: Pair, draft: Path) -> list[str]:
        """Write PET and CT; return what is notable.  ``ImagingError`` if they are no pair."""
        from pytest_pet2rep.imaging.dicom_voxels import read_hu, read_suv
        from pytest_pet2rep.imaging.sanity import Severity, check_volumes
        from pytest_pet2rep.imaging.volumes import save_volume

        pet = read_suv(pair.pet)
        save_volume(pet, draft / PET_FILE)
        if pair.ct is None:
            return []
        ct = read_hu(pair.ct)
        notices = check_volumes(pet, ct)
        if broken := [notice.what for notice in notices if notice.severity is Severity.ERROR]:
            raise ImagingError("; ".join(broken))
        save_volume(ct, draft / CT_FILE)
        return [notice.what for notice in notices]

    def _table(self, pair: Pair, facts: Mapping[str, Any], language: Language) -> dict[str, Any]:
        return {
            "id": self.name,
            **facts,
            "language": str(language),
            "private": self.options.private,
            **({"licence": self.options.licence} if self.options.licence else {}),
            "provenance": f"DICOM; {_method(pair)}",
            **({"images": {"pet": PET_FILE, "ct": CT_FILE}} if pair.ct is not None else {}),
        }

    def _skip(self, what: str) -> None:
        self.account.skipped.append(Notice(where=self.where, what=what))

    def _note(self, what: str) -> None:
        self.account.notes.append(Notice(where=f"case {self.name}", what=what))

    def _miss(self, file: str, what: str) -> None:
        path = self.dest / self.name / file
        self.account.missing.append(Notice(where=f"case {self.name}", what=f"{path}: {what}"))


def _method(pair: Pair) -> str:
    return "SUVbw: " + ", ".join(pair.pet.suv.basis)


def _named(contents: Contents, source: Path) -> Iterator[tuple[Study, str]]:
    """Studies with a name for messages: their folder, numbered where several share it."""
    shared: dict[Path, int] = defaultdict(int)
    for study in contents.studies:
        shared[study.folder] += 1
    seen: dict[Path, int] = defaultdict(int)
    for study in contents.studies:
        seen[study.folder] += 1
        where = str(study.folder.relative_to(source))
        where = str(source) if where == "." else where
        many = shared[study.folder] > 1
        yield study, f"{where} (study {seen[study.folder]})" if many else where


def _own_folders(contents: Contents, source: Path) -> dict[str, list[Path]]:
    """Folders that hold files of one study only, by its UID, the deepest first."""
    owners: dict[Path, set[str]] = defaultdict(set)
    for study in contents.studies:
        for place in {header.path.parent for one in study.series for header in one.headers}:
            for folder in (place, *place.parents):
                owners[folder].add(study.uid)
                if folder == source:
                    break
    own: dict[str, list[Path]] = {study.uid: [] for study in contents.studies}
    for folder, uids in owners.items():
        if len(uids) == 1:
            own[next(iter(uids))].append(folder)
    return {uid: sorted(places, key=lambda p: (-len(p.parts), p)) for uid, places in own.items()}


def _account_for_files(contents: Contents, source: Path, account: _Account) -> None:
    """Nothing is passed over without a line: damaged files, copies, and files of other kinds."""
    for path, why in contents.damaged:
        account.skipped.append(Notice(where=str(path), what=why))
    if contents.copies:
        what = f"{len(contents.copies)} files are copies of others and left out"
        account.notes.append(Notice(where=str(source), what=what))
    if others := [path for path in contents.others if path.name not in REPORT_FILES]:
        what = f"{len(others)} files are no slices of PET or CT and left out"
        account.notes.append(Notice(where=str(source), what=what))

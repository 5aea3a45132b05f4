"""Writing imported cases: whole or not at all, and never over something that differs."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.importing import ImportOptions, ImportReport, Notice, case_id_for
from pytest_pet2rep.cohorts.reports import CASE_FILE, report_name
from pytest_pet2rep.errors import CaseFileError, ImportProblem
from pytest_pet2rep.types import Language


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCase:
    """One case to be written."""

    original_id: str
    """Id in the source."""
    where: str
    """Where in the source it stands, as messages show it."""
    reports: Mapping[Language, str]
    language: Language
    table: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of ``case.toml``; image paths absolute."""
    provenance: str = ""


class CaseWriter:
    """Writes the cases of one import into a folder and keeps account of them."""

    def __init__(self, source: Path, dest: Path, options: ImportOptions) -> None:
        self.source, self.dest, self.options = source, dest, options
        self._seen: dict[str, str] = {}
        self._written: list[str] = []
        self._unchanged: list[str] = []
        self._renamed: list[tuple[str, str]] = []
        self._skipped: list[Notice] = []
        self._missing: list[Notice] = []
        self._notes: list[Notice] = []
        if not source.exists():
            raise ImportProblem(f"there is nothing at {source}")
        try:
            dest.mkdir(parents=True, exist_ok=True)
        except OSError as why:
            raise ImportProblem(f"{dest} cannot be made: {why.strerror or why}") from None

    def skip(self, where: str, what: str) -> None:
        """Say that an entry of the source becomes no case."""
        self._skipped.append(Notice(where=where, what=what))

    def miss(self, where: str, what: str) -> None:
        """Say that a file of a case is not there."""
        self._missing.append(Notice(where=where, what=what))

    def note(self, where: str, what: str) -> None:
        """Say something that changes nothing."""
        self._notes.append(Notice(where=where, what=what))

    def write(self, case: NewCase) -> str | None:
        """Write one case; return its id, or ``None`` if it was skipped, with the reason kept."""
        case_id = case_id_for(case.original_id)
        if case_id.lower() in self._seen:
            first = self._seen[case_id.lower()]
            what = f"the id {case.original_id!r} needs the folder of the case at {first}"
            self.skip(case.where, what)
            return None
        self._seen[case_id.lower()] = case.where
        if case_id != case.original_id:
            self._renamed.append((case.original_id, case_id))
        try:
            return self._place(case_id, self._files(case_id, case), case.where)
        except UnicodeEncodeError:
            self.skip(case.where, "refers to a file whose name is not UTF-8: rename it")
            return None
        except OSError as why:
            raise ImportProblem(
                f"{self.dest / case_id} cannot be written: {why.strerror or why}"
            ) from None

    def report(self, outputs: Path | None = None) -> ImportReport:
        """Account of the import; raises ``ImportProblem`` if the source gave no case at all."""
        if not (self._written or self._unchanged or self._skipped):
            raise ImportProblem(f"{self.source} holds nothing to import")
        return ImportReport(
            source=self.source,
            dest=self.dest,
            written=tuple(self._written),
            unchanged=tuple(self._unchanged),
            skipped=tuple(self._skipped),
            missing=tuple(self._missing),
            notes=tuple(self._notes),
            renamed=tuple(self._renamed),
            outputs=outputs,
        )

    def _files(self, case_id: str, case: NewCase) -> dict[str, bytes]:
        table: dict[str, Any] = {
            "id": case_id,
            **{key: value for key, value in case.table.items() if not isinstance(value, dict)},
            "language": str(case.language),
            "private": self.options.private,
            **({"licence": self.options.licence} if self.options.licence else {}),
            **({"provenance": case.provenance} if case.provenance else {}),
            **{key: value for key, value in case.table.items() if isinstance(value, dict)},
        }
        files = {CASE_FILE: to_toml(table).encode("utf-8")}
        for language, text in sorted(case.reports.items()):
            files[report_name(language)] = (text.strip("\n") + "\n").encode("utf-8")
        return files

    def _place(self, case_id: str, files: Mapping[str, bytes], where: str) -> str | None:
        folder = self.dest / case_id
        present = {name: _content(folder / name) for name in _names(files)}
        if all(present[name] == files.get(name) for name in present):
            self._unchanged.append(case_id)
            return case_id
        if present[CASE_FILE] is not None and not self.options.overwrite:
            self.skip(where, f"{folder} holds another case: move it, or allow overwriting")
            return None
        with tempfile.TemporaryDirectory(prefix=".importing-", dir=self.dest) as scratch:
            draft = Path(scratch) / case_id
            draft.mkdir()
            for name, content in files.items():
                (draft / name).write_bytes(content)
            try:
                load_case(draft / CASE_FILE, cohort="")
            except CaseFileError as why:
                self.skip(where, _without_place(why))
                return None
            folder.mkdir(exist_ok=True)
            for name in present:
                if name in files:
                    os.replace(draft / name, folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)
        self._written.append(case_id)
        return case_id


def to_toml(table: Mapping[str, Any]) -> str:
    """Write a table as TOML; texts of several lines stay readable where that loses nothing."""
    import tomli_w

    # The multi-line form would turn a carriage return into a line feed.
    return tomli_w.dumps(table, multiline_strings=r"\r" not in repr(table))


def _names(files: Mapping[str, bytes]) -> list[str]:
    """Reports first and the case file last: it makes the folder a case."""
    reports = (report_name(language) for language in Language)
    return [*reports, CASE_FILE]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _without_place(why: CaseFileError) -> str:
    """The error without the place of the draft, which is gone by then."""
    return re.sub(r"^(:\d+)?: ", "", str(why).removeprefix(str(why.path)))

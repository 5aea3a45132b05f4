"""What is written of a DICOM study: facts without identity, its reports, and files placed whole."""

from __future__ import annotations

import filecmp
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pytest_pet2rep.cohorts.casefile import load_case
from pytest_pet2rep.cohorts.reports import CASE_FILE, report_name
from pytest_pet2rep.errors import CaseFileError, ImportProblem
from pytest_pet2rep.imaging.dicom_headers import Patient
from pytest_pet2rep.types import Language

KEY_FILE = ".dicom-key"
OLDEST = 90
"""Ages above 89 are written as 90: rarer ages identify (HIPAA, 45 CFR 164.514(b)(2)(i)(C))."""
SHORTEST_WORD = 4
"""Letters or digits; shorter values of a header stand in too many reports by chance."""
SHORTEST_IDEOGRAPHS = 2


def cohort_key(dest: Path) -> bytes:
    """Return the secret that the case ids of ``dest`` are made with; make it if there is none.

    It lies in ``dest/.dicom-key``, readable by its owner only.
    """
    path = dest / KEY_FILE
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    key = path.read_bytes()
    if len(key) < 32:
        raise ImportProblem(f"{path} is no key: restore it, or remove it to get new case ids")
    return key


def case_id(study_uid: str, key: bytes) -> str:
    """Case id of a study: ``dicom-`` and 12 hexadecimal digits of HMAC-SHA-256 over its UID.

    The same study keeps its id whenever it is imported with the same key; without the key nobody
    can tell whether a known UID is in the cohort.
    """
    return "dicom-" + hmac.new(key, study_uid.encode(), hashlib.sha256).hexdigest()[:12]


def patient_table(patient: Patient) -> tuple[dict[str, str | float], list[str]]:
    """Keys of a case file for sex, age, weight and height, and a sentence for each left out."""
    facts: dict[str, str | float] = {"sex": patient.sex} if patient.sex else {}
    doubts = []
    if patient.age is not None and patient.age >= OLDEST:
        facts["age"] = OLDEST
        doubts.append(f"an age of 90 or more is written as {OLDEST}")
    elif patient.age is not None:
        facts["age"] = _plain(patient.age, 2)
    for key, value, low, high in (
        ("weight_kg", patient.weight_kg, 1, 400),
        ("height_cm", patient.height_cm, 30, 280),
    ):
        if value is not None and low <= value <= high:
            facts[key] = _plain(value, 1)
        elif value is not None:
            doubts.append(f"{key} {value:g} is left out: it cannot be right")
    return facts, doubts


def read_study_reports(
    folders: list[Path], patient: Patient
) -> tuple[dict[Language, str], list[tuple[str, str]]]:
    """Reports of a study, each the first found in ``folders``; and why one (by name) is not used.

    A report that holds a name, number or date of the header is not taken.
    """
    reports: dict[Language, str] = {}
    faults = []
    for language in Language:
        name = report_name(language)
        path = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if path is None:
            continue
        try:
            text = path.read_bytes().decode("utf-8-sig").strip()
        except (OSError, UnicodeDecodeError):
            faults.append((name, "that of the study cannot be read as UTF-8: write it here"))
            continue
        if not text:
            faults.append((name, "that of the study is empty: write it here"))
        elif holds_identity(text, patient.identifying):
            what = "that of the study holds a name, number or date of the DICOM header"
            faults.append((name, f"{what}: write the report here without it"))
        else:
            reports[language] = text
    return reports, faults


def holds_identity(text: str, identifying: frozenset[str]) -> bool:
    """Whether one of the values stands in the text, as a word; dates in any usual spelling."""
    low = text.lower()
    for value in sorted(identifying):
        for spelling in _spellings(value.strip().lower()):
            if not spelling.isascii():
                if len(spelling) >= SHORTEST_IDEOGRAPHS and spelling in low:
                    return True
            elif len(spelling) >= SHORTEST_WORD and re.search(
                rf"(?<![a-z0-9]){re.escape(spelling)}(?![a-z0-9])", low
            ):
                return True
    return False


def place_case(
    dest: Path, name: str, draft: Path, *, overwrite: bool
) -> tuple[str, list[CaseFileError]]:
    """Move the files of ``draft`` to ``dest/name``; the case file last, for it makes a case.

    Return ``written``, ``unchanged`` or ``differs`` (nothing was touched), and what the case
    format still asks for.  A report that is in the folder already and not in the draft stays.
    """
    folder = dest / name
    files = sorted(
        (path.name for path in draft.iterdir()), key=lambda file: (file == CASE_FILE, file)
    )
    if all(_same(draft / file, folder / file) for file in files):
        return "unchanged", _faults(folder)
    if (folder / CASE_FILE).exists() and not overwrite:
        return "differs", []
    folder.mkdir(exist_ok=True)
    for file in files:
        os.replace(draft / file, folder / file)
    return "written", _faults(folder)


@contextmanager
def drafting(dest: Path, name: str) -> Iterator[Path]:
    """A folder inside ``dest`` in which a case is made before it is placed, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=".importing-", dir=dest) as scratch:
        draft = Path(scratch) / name
        draft.mkdir()
        yield draft


def write_texts(draft: Path, table: Mapping[str, Any], reports: Mapping[Language, str]) -> None:
    """Write the case file and the reports of a case."""
    from pytest_pet2rep.cohorts.casewriter import to_toml

    (draft / CASE_FILE).write_bytes(to_toml(table).encode("utf-8"))
    for language, text in reports.items():
        (draft / report_name(language)).write_bytes((text + "\n").encode("utf-8"))


def _faults(folder: Path) -> list[CaseFileError]:
    try:
        load_case(folder / CASE_FILE, cohort="")
    except CaseFileError as why:
        return [why]
    return []


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)


def _plain(value: float, digits: int) -> float:
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def _spellings(value: str) -> Iterator[str]:
    yield value
    try:
        day = datetime.strptime(value, "%Y%m%d") if len(value) == 8 else None
    except ValueError:
        day = None
    if day is not None:
        for mark in "-/.":
            yield day.strftime(f"%Y{mark}%m{mark}%d")
            yield day.strftime(f"%d{mark}%m{mark}%Y")
            yield day.strftime(f"%m{mark}%d{mark}%Y")
            yield f"{day.year}{mark}{day.month}{mark}{day.day}"
        yield f"{day.year}年{day.month}月{day.day}日"
        yield day.strftime("%Y年%m月%d日")

"""The reference reports that lie beside a case file, and the digest over all that is text."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pytest_pet2rep.cohorts.tables import decode, read_bytes, wrong
from pytest_pet2rep.errors import CaseFileError
from pytest_pet2rep.types import Language

CASE_FILE = "case.toml"


def report_name(language: Language) -> str:
    """``report.zh.txt`` or ``report.en.txt``."""
    return f"report.{language}.txt"


def read_reports(case_file: Path, language: Language) -> dict[Language, str]:
    """Read the whole reference reports beside ``case_file``, by language; lines end in a line feed.

    Raises ``CaseFileError`` if there is none in ``language`` (the language of the case), or if
    one is empty or not UTF-8.
    """
    found = {}
    for each in Language:
        path = case_file.parent / report_name(each)
        if path.is_file():
            text = decode(read_bytes(path), path).replace("\r\n", "\n").replace("\r", "\n")
            found[each] = text.strip("\n")
            if not found[each].strip():
                raise CaseFileError("is empty: write the reference report, or remove it", path)
    if language not in found:
        raise _missing(case_file, language, sorted(found))
    return found


def digest_case(case_file: Path) -> str:
    """SHA-256, in hexadecimal, over the names, lengths and bytes of case.toml and the reports."""
    digest = hashlib.sha256()
    for name in (CASE_FILE, *(report_name(language) for language in sorted(Language))):
        path = case_file.parent / name
        if name == CASE_FILE or path.is_file():
            raw = read_bytes(path)
            digest.update(f"{name}\0{len(raw)}\0".encode())
            digest.update(raw)
    return digest.hexdigest()


def _missing(case_file: Path, language: Language, found: list[Language]) -> CaseFileError:
    message = f"the language of the case is {language}, but there is no {report_name(language)}"
    if found:
        message += f' beside it: write it, or set language = "{found[0]}"'
    else:
        near = sorted(p.name for p in case_file.parent.glob("[Rr]eport*"))
        message += " beside it" + (f" (there is {', '.join(near)})" if near else "")
    return wrong(case_file, "language", message)

"""What every importer takes and gives back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_pet2rep.cohorts.casefile import CASE_ID
from pytest_pet2rep.cohorts.pairs import PairFields
from pytest_pet2rep.types import Language

LONGEST_ID = 100
"""Characters; longer ids make paths that some file systems refuse."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportOptions:
    """What the user may say about an import."""

    language: Language | None = None
    """Language of the reports; ``None``: as the layout says, else told from the text."""
    overwrite: bool = False
    """Replace cases of the destination that differ."""
    private: bool = True
    licence: str = ""
    images_root: Path | None = None
    """Folder that relative image paths start from, looked in first."""
    fields: PairFields = field(default_factory=PairFields)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something that the user must know: where (``file:line``, a case or a file), and what."""

    where: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """What became of every entry of the source; nothing is dropped without a line here."""

    source: Path
    dest: Path
    written: tuple[str, ...] = ()
    """Ids of the cases written now, in the order of the source."""
    unchanged: tuple[str, ...] = ()
    """Ids of the cases that were there already, byte for byte."""
    skipped: tuple[Notice, ...] = ()
    """Entries that became no case, with the reason."""
    missing: tuple[Notice, ...] = ()
    """Files that a written case refers to and that are not there."""
    notes: tuple[Notice, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    """(id in the source, case id) where the two differ."""
    outputs: Path | None = None
    """File of predictions for ``replay/``, where the source had some."""

    def sentences(self) -> list[str]:
        """Say it all, one line each, the counts first."""
        said = [f"{_cases(self.written)} written to {self.dest}"]
        if self.unchanged:
            said.append(f"{_cases(self.unchanged)} there already, unchanged")
        if self.outputs:
            said.append(f"predictions for replay: {self.outputs}")
        said += [f"id {old!r} became {new}" for old, new in self.renamed]
        said += [f"note: {n.where}: {n.what}" for n in self.notes]
        said += [f"file not found: {n.where}: {n.what}" for n in self.missing]
        said += [f"skipped: {n.where}: {n.what}" for n in self.skipped]
        return said


def _cases(ids: Sequence[str]) -> str:
    return "1 case" if len(ids) == 1 else f"{len(ids)} cases"


Importer = Callable[[Path, Path, ImportOptions], ImportReport]
"""(source, destination folder, options) -> report; raises ``ImportProblem``."""


def case_id_for(original: str) -> str:
    """Case id for the id of a source: the same, if it can be a folder name everywhere.

    Any other id keeps its letters, digits, ``.``, ``_`` and ``-``, each run of other characters
    becomes one ``-``, and ``-`` and the first 12 hexadecimal digits of the SHA-256 of the
    original follow.  The rule knows nothing of other ids, so outputs can be matched by it again,
    and different originals get different case ids.
    """
    if CASE_ID.fullmatch(original) and len(original) <= LONGEST_ID and original[-1] != ".":
        return original
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", original).strip("._-")[: LONGEST_ID - 13].rstrip("._-")
    digest = hashlib.sha256(original.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{kept}-{digest}" if kept else f"case-{digest}"


def language_of(text: str, options: ImportOptions) -> Language:
    """Language as the options say, else Chinese where a tenth of the characters are."""
    if options.language is not None:
        return options.language
    return Language.ZH if len(_CHINESE.findall(text)) * 10 >= len(text) else Language.EN

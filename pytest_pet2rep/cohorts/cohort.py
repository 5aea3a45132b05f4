"""A cohort: which case files belong together, under which name and digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pytest_pet2rep.cohorts.keys import COHORT
from pytest_pet2rep.cohorts.reports import CASE_FILE, digest_case
from pytest_pet2rep.cohorts.tables import check_table, read_toml, unknown, wrong
from pytest_pet2rep.errors import UsageProblem

COHORT_FILE = "cohort.toml"
SHIPPED = "shipped"
"""Name of the cohort that comes with the package, from a checkout and from a wheel alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cohort:
    """A set of cases, found but not loaded."""

    name: str
    """Part of the identity of every record; does not depend on where the cohort lies."""
    root: Path
    """Absolute path of the folder that holds the case folders."""
    case_files: tuple[Path, ...]
    """Absolute paths of the ``case.toml`` files, sorted by case id."""
    digest: str
    """SHA-256, in hexadecimal, over the sorted digests of the cases."""
    complete: bool = True
    """False where a single case was picked out of a folder."""

    @property
    def case_ids(self) -> tuple[str, ...]:
        """Folder names of the cases, in order."""
        return tuple(path.parent.name for path in self.case_files)


def find_cohort(path: Path | None) -> Cohort:
    """Find the cohort at ``path``, or the shipped one for ``None``.

    ``path`` is a folder of case folders, a cohort file (``*.toml`` with ``cases``), or one case
    (its folder or its ``case.toml``).  No case is parsed and no image touched.  Raises
    ``UsageProblem`` where there is no case, ``CaseFileError`` for a wrong cohort file.
    """
    if path is None:
        return _folder(shipped_cases())
    path = Path(os.path.abspath(path.expanduser()))
    if path.is_dir():
        return _single(path / CASE_FILE) if (path / CASE_FILE).is_file() else _folder(path)
    if not path.exists():
        raise UsageProblem(f"there is no cohort at {path}: give a folder of cases or a cohort file")
    if path.suffix != ".toml":
        raise UsageProblem(
            f"{path} is not a cohort: give a folder of cases or a cohort file (.toml)"
        )
    return _single(path) if path.name == CASE_FILE else _listed(path)


def shipped_cases() -> Path:
    """Folder of the shipped cases: inside an installed wheel, or beside the package in a checkout.

    Raises ``UsageProblem`` for an installation without them.
    """
    package = Path(__file__).resolve().parents[1]
    if (package / "cases").is_dir():
        return package / "cases"
    checkout = package.parent
    if (checkout / "cases").is_dir() and (checkout / "pyproject.toml").is_file():
        return checkout / "cases"
    raise UsageProblem(f"this installation has no shipped cases beside {package}: install it again")


def _folder(root: Path) -> Cohort:
    if (root / COHORT_FILE).is_file():
        return _listed(root / COHORT_FILE)
    return _cohort(_folder_name(root), root, _case_files(root))


def _single(case_file: Path) -> Cohort:
    root = case_file.parent.parent
    described = root / COHORT_FILE
    name = _described(described)[0] if described.is_file() else _folder_name(root)
    return _cohort(name, root, [case_file], complete=False)


def _listed(path: Path) -> Cohort:
    name, root, ids = _described(path)
    if ids is None:
        return _cohort(name, root, _case_files(root))
    seen: set[str] = set()
    for index, case_id in enumerate(ids):
        key = f"cases[{index}]"
        if case_id in seen:
            raise wrong(path, key, f"{case_id!r} is listed twice")
        seen.add(case_id)
        if Path(case_id).name != case_id or not (root / case_id / CASE_FILE).is_file():
            near = unknown("case", case_id, (file.parent.name for file in _children(root)))
            raise wrong(path, key, f"{near} (looked in {root})")
    return _cohort(name, root, (root / case_id / CASE_FILE for case_id in ids))


def _described(path: Path) -> tuple[str, Path, list[str] | None]:
    """Name, root and listed ids of a cohort file; ``None`` where it lists none: all in the root."""
    table, _ = read_toml(path)
    check_table(table, COHORT, path)
    root = Path(os.path.abspath(path.parent / Path(table.get("root", ".")).expanduser()))
    if not root.is_dir():
        raise wrong(path, "root", f"there is no folder {root}")
    default = _folder_name(root) if path.name == COHORT_FILE else path.stem
    name = table.get("name", default)
    if not name.strip():
        raise wrong(path, "name", "is empty")
    ids: list[str] | None = table.get("cases")
    if ids is not None and not ids:
        raise wrong(path, "cases", "is empty: list case ids, or remove the key to take all")
    return name, root, ids


def _folder_name(root: Path) -> str:
    try:
        shipped = shipped_cases()
    except UsageProblem:
        return root.name or str(root)
    return SHIPPED if root == shipped or root.resolve() == shipped else root.name or str(root)


def _case_files(root: Path) -> list[Path]:
    found = _children(root)
    if not found:
        deeper = sorted(root.glob(f"*/*/{CASE_FILE}"))
        hint = f"; there are some in {deeper[0].parents[1]}" if deeper else ""
        raise UsageProblem(f"{root} holds no case (a folder with a {CASE_FILE}){hint}")
    return found


def _children(root: Path) -> list[Path]:
    try:
        names = [name for name in os.listdir(root) if not name.startswith(".")]
    except OSError as why:
        raise UsageProblem(f"{root} cannot be read: {why.strerror or why}") from None
    return [root / n / CASE_FILE for n in sorted(names) if (root / n / CASE_FILE).is_file()]


def _cohort(name: str, root: Path, files: Iterable[Path], *, complete: bool = True) -> Cohort:
    ordered = tuple(sorted(files, key=lambda path: path.parent.name))
    digests = sorted(digest_case(path) for path in ordered)
    digest = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return Cohort(name=name, root=root, case_files=ordered, digest=digest, complete=complete)

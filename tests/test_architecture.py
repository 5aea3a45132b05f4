"""The house keeps its floors: imports go down only, never sideways between rooms, never up."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pytest_pet2rep"
FLOOR = {
    "errors": 1, "types": 1, "anatomy": 1, "cachefolder": 1,
    "imaging": 2, "phantom": 2, "findings": 2, "metrics": 2, "models": 2, "store": 2,
    "render": 2, "cohorts": 2,
    "run": 3, "adapter": 4, "plugin": 5, "cli": 5, "__init__": 5,
}  # fmt: skip
GROUND = {"errors": 0.1, "cachefolder": 0.15, "types": 0.2, "anatomy": 0.3}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Rooms of this package that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import, line {node.lineno}"
            names = [node.module or ""]
            if node.module == "pytest_pet2rep":
                names = [f"pytest_pet2rep.{alias.name}" for alias in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("pytest_pet2rep.")}
    return {name for name in found if name in FLOOR}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    here = room(path)
    for there in imports(path) - {here}:
        if here in GROUND and there in GROUND:
            assert GROUND[there] < GROUND[here], f"{here} imports {there}"
        else:
            assert FLOOR[there] < FLOOR[here], f"{here} (floor {FLOOR[here]}) imports {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_pytest_is_imported_by_the_adapter_and_the_plugin_only(path: Path) -> None:
    roots = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots.add(node.module.split(".")[0])
    if {"pytest", "_pytest", "xdist"} & roots:
        assert room(path) in {"adapter", "plugin"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_has_one_concern_and_fits_in_four_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_every_room_has_a_floor() -> None:
    assert {room(p) for p in FILES} <= set(FLOOR)


def test_no_file_imports_its_way_back_to_itself() -> None:
    """Neither at once nor inside a function, nor for types alone.

    But for the face of the package: it knows the version, and hands out what lies deep inside.
    """
    names = {module_name(path): path for path in FILES if path != PACKAGE / "__init__.py"}
    graph = {name: imported_modules(path, set(names)) - {name} for name, path in names.items()}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, with the circle
    assert set(order) == set(names)


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, known: set[str]) -> set[str]:
    """The files of this package that a file names in an import, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inside & known) or {node.module}
    return found & known

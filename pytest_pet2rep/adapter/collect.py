"""From case files to test items: a case file collects as a module whose tests are the suite."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_pet2rep.adapter.naming import CASE_FILE
from pytest_pet2rep.adapter.state import RUNTIME
from pytest_pet2rep.anatomy import ProfileOrgan
from pytest_pet2rep.errors import DataProblem
from pytest_pet2rep.run.plan import repeat_id
from pytest_pet2rep.types import Case

if TYPE_CHECKING:
    from pytest_pet2rep.run.runtime import Runtime


class CaseFile(pytest.Module):
    """One case.  Its module object is the suite, so checks are ordinary parametrized functions.

    ``_getobj`` is the one private detail of pytest that is overridden here.
    """

    case: Case

    def _getobj(self) -> ModuleType:
        from pytest_pet2rep.adapter import suite

        return suite

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        runtime = self.config.stash[RUNTIME]
        try:
            self.case = runtime.load(self.path)
        except DataProblem as why:
            raise self.CollectError(str(why)) from why
        for item in super().collect():
            if _without_controls(item):
                continue
            _add_keywords(item, self.case, runtime)
            yield item


def _without_controls(item: pytest.Item | pytest.Collector) -> bool:
    """Say whether it is the check of the controls on a case that none is tried on.

    pytest makes an item that is skipped for an empty set of parameters; it would be a hole.
    """
    return getattr(item, "originalname", "") == "test_control" and not item.config.stash[
        RUNTIME
    ].controls_of(item.path.parent.name)


def _add_keywords(item: pytest.Item | pytest.Collector, case: Case, runtime: Runtime) -> None:
    """Let ``-k`` find an item by its case id and by the Chinese name of its organ."""
    item.extra_keyword_matches.add(case.id)
    callspec = getattr(item, "callspec", None)
    organ = callspec.params.get("pet2rep_organ") if callspec else None
    if organ:
        item.extra_keyword_matches.add(runtime.profile[organ].zh)


class CohortCollection:
    """Collection hooks, registered only when a model under test is named.

    Only cases of the run's cohort are collected, wherever they are met; of a shard, only its own.
    """

    def __init__(self, case_files: Iterable[Path]) -> None:
        self.case_files = tuple(case_files)
        self.wanted = frozenset(Path(os.path.realpath(path)) for path in self.case_files)
        self.ancestors = frozenset(parent for path in self.wanted for parent in path.parents)

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Walk down to the cohort even through a virtual environment or a hidden folder."""
        inside = Path(os.path.realpath(collection_path)) in self.ancestors
        return False if inside else None

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> CaseFile | None:
        if file_path.name != CASE_FILE or Path(os.path.realpath(file_path)) not in self.wanted:
            return None
        case_file: CaseFile = CaseFile.from_parent(parent, path=file_path)
        return case_file

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        runtime = metafunc.config.stash[RUNTIME]
        names = metafunc.fixturenames
        own = metafunc.definition.getparent(CaseFile) is not None
        if "pet2rep_check" in names:
            from pytest_pet2rep.run.items import check_names

            metafunc.parametrize("pet2rep_check", check_names(), indirect=True)
        if not own and {"pet2rep_case", "pet2rep_report"}.intersection(names):
            cases = [runtime.load(path) for path in self.case_files]
            metafunc.parametrize(
                "pet2rep_case", cases, ids=[case.id for case in cases], indirect=True
            )
        if own and "pet2rep_control" in names:
            case_id = metafunc.definition.path.parent.name
            metafunc.parametrize("pet2rep_control", runtime.controls_of(case_id), indirect=True)
        if "pet2rep_organ" in names:
            organs = runtime.profile.organs
            metafunc.parametrize(
                "pet2rep_organ",
                [organ.id for organ in organs],
                ids=[ascii_id(organ) for organ in organs],
                indirect=True,
            )
        epochs = runtime.settings.epochs
        if epochs > 1 and _repeated(names):
            # Added here and not in the signatures, so that a single epoch costs nothing.
            names.append("pet2rep_repeat")
            ids = [repeat_id(repeat) for repeat in range(epochs)]
            metafunc.parametrize("pet2rep_repeat", range(epochs), ids=ids, indirect=True)


def _repeated(names: Sequence[str]) -> bool:
    """Say whether a test with these fixtures looks at one generated report."""
    looks = {"pet2rep_desk", "pet2rep_report"}.intersection(names)
    return bool(looks) and "pet2rep_control" not in names and "pet2rep_repeat" not in names


def ascii_id(organ: ProfileOrgan) -> str:
    """Return the id of an organ in node ids: its own, or its English name in ASCII."""
    return organ.id if organ.id.isascii() else re.sub(r"[^a-z0-9]+", "-", organ.en.lower())

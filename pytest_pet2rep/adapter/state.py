"""What the plugin keeps on pytest's config and items, under typed keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_pet2rep.adapter.options import Options
    from pytest_pet2rep.run.gates.session import GateSession
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.types import Record

OPTIONS: pytest.StashKey[Options] = pytest.StashKey()
RUNTIME: pytest.StashKey[Runtime] = pytest.StashKey()
RUN_ID: pytest.StashKey[str] = pytest.StashKey()
RECORD: pytest.StashKey[Record] = pytest.StashKey()
GATES: pytest.StashKey[GateSession] = pytest.StashKey()

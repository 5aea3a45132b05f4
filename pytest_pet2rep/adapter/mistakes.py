"""What the user can mend ends the run with one line and exit code 4."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_pet2rep.errors import DataProblem, StoreError, UsageProblem


@contextmanager
def mistakes_as_usage_errors() -> Iterator[None]:
    """Turn ``UsageProblem``, ``DataProblem`` and ``StoreError`` into ``pytest.UsageError``."""
    try:
        yield
    except (UsageProblem, DataProblem, StoreError) as why:
        raise pytest.UsageError(str(why)) from why

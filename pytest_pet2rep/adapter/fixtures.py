"""What stands behind the fixtures: the run, the case, its report and its desk."""

from __future__ import annotations

import pytest

from pytest_pet2rep.adapter.collect import CaseFile
from pytest_pet2rep.adapter.desk import Desk
from pytest_pet2rep.adapter.state import RUNTIME
from pytest_pet2rep.errors import StoreError
from pytest_pet2rep.render.untrusted import terminal_safe
from pytest_pet2rep.run.redaction import WITHHELD
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.types import Case

SKIP_WITHOUT_MODEL = "pet2rep fixtures need a model under test: give --pet2rep-model=MODEL"


def runtime_of(config: pytest.Config) -> Runtime:
    """Return the runtime of this process, or skip the test that asks for it."""
    runtime = config.stash.get(RUNTIME, None)
    if runtime is None:
        pytest.skip(SKIP_WITHOUT_MODEL)
    return runtime


def report_text(runtime: Runtime, case: Case, repeat: int = 0) -> str:
    """Return the cleaned report of ``case``, or fail the test that asks for it."""
    try:
        attempt = runtime.attempt(case, repeat)
    except StoreError as why:
        pytest.fail(terminal_safe(str(why)), pytrace=False)
    if not attempt.usable:
        reason = WITHHELD if runtime.settings.redact else attempt.reason
        shown = terminal_safe(f"{attempt.outcome}: {reason}")
        pytest.fail(f"{case.id}: no usable report: {shown}", False)
    return attempt.text


def param_of(request: pytest.FixtureRequest) -> str:
    """Return the parameter that collection gave to a fixture, or skip where there is none."""
    runtime_of(request.config)
    return str(request.param)


def case_of(request: pytest.FixtureRequest) -> Case:
    """Return the case that an item belongs to: of its case file, or of its parametrization."""
    runtime_of(request.config)
    own = request.node.getparent(CaseFile)
    case: Case = request.param if own is None else own.case
    return case


def desk_for(request: pytest.FixtureRequest) -> Desk:
    """Return the desk of the case file that the suite is being run for."""
    case_file = request.node.getparent(CaseFile)
    if case_file is None:
        pytest.fail("pet2rep_desk is for the suite; ask for pet2rep_report or pet2rep_case", False)
    return Desk(case=case_file.case, runtime=runtime_of(request.config))

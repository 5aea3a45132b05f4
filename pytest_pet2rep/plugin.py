"""The pytest11 entry point: thin hooks that import nothing but pytest until pet2rep is asked for.

The plugin is imported in every pytest run of every project where it is installed, so an unused
plugin registers its options and its fixtures, and does nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_pet2rep.adapter.desk import Desk
    from pytest_pet2rep.models.provider import Provider
    from pytest_pet2rep.types import Case


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add every option and its ini twin."""
    from pytest_pet2rep.adapter.options import register

    register(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Point pytest at the cohort, and at nothing else, when the user named no path."""
    from pytest_pet2rep.adapter.options import asked

    if asked(early_config):
        from pytest_pet2rep.adapter.activation import choose_paths

        choose_paths(early_config, args)


def pytest_configure(config: pytest.Config) -> None:
    """Switch the benchmark on if a model under test is named."""
    config.addinivalue_line("markers", "pet2rep: a check of one report of the PET/CT benchmark")
    from pytest_pet2rep.adapter.options import asked

    if asked(config):
        from pytest_pet2rep.adapter.activation import activate

        activate(config)
    elif case_files := [a for a in config.args if a.partition("::")[0].endswith("case.toml")]:
        raise pytest.UsageError(
            f"{case_files[0]} is a case of the PET/CT benchmark: name the model under test with "
            f"--pet2rep-model=MODEL"
        )
    elif gates := [a for a in config.invocation_params.args if a.startswith("--pet2rep-gate")]:
        raise pytest.UsageError(
            f"{gates[0]} would be judged on nothing: name the model under test with "
            f"--pet2rep-model=MODEL"
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Free the model under test."""
    from pytest_pet2rep.adapter.options import asked

    if asked(config):
        from pytest_pet2rep.adapter.activation import deactivate

        deactivate(config)


@pytest.fixture(scope="session")
def pet2rep_model(pytestconfig: pytest.Config) -> Provider:
    """The model under test, loaded once per process, on first use."""
    from pytest_pet2rep.adapter.fixtures import runtime_of

    return runtime_of(pytestconfig).provider


@pytest.fixture
def pet2rep_case(request: pytest.FixtureRequest) -> Case:
    """One case of the cohort; a test that asks for it runs once per case."""
    from pytest_pet2rep.adapter.fixtures import case_of

    return case_of(request)


@pytest.fixture
def pet2rep_report(pet2rep_case: Case, request: pytest.FixtureRequest) -> str:
    """The report that the model wrote for the case (cleaned text), of one epoch each time."""
    from pytest_pet2rep.adapter.desk import repeat_of
    from pytest_pet2rep.adapter.fixtures import report_text, runtime_of

    return report_text(runtime_of(request.config), pet2rep_case, repeat_of(request.node))


@pytest.fixture
def pet2rep_organ(request: pytest.FixtureRequest) -> str:
    """One organ of the organ list; a test that asks for it runs once per organ."""
    from pytest_pet2rep.adapter.fixtures import param_of

    return param_of(request)


@pytest.fixture
def pet2rep_check(request: pytest.FixtureRequest) -> str:
    """The name of one report check."""
    from pytest_pet2rep.adapter.fixtures import param_of

    return param_of(request)


@pytest.fixture
def pet2rep_control(request: pytest.FixtureRequest) -> str:
    """The name of one control that is tried on the case."""
    from pytest_pet2rep.adapter.fixtures import param_of

    return param_of(request)


@pytest.fixture
def pet2rep_repeat(request: pytest.FixtureRequest) -> int:
    """Which epoch an item belongs to, from 0; a parameter only where there are several."""
    return int(getattr(request, "param", 0))


@pytest.fixture(scope="module")
def pet2rep_desk(request: pytest.FixtureRequest) -> Desk:
    """Where the suite settles the items of one case."""
    from pytest_pet2rep.adapter.fixtures import desk_for

    return desk_for(request)

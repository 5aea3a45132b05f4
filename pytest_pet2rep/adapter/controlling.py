"""What works on the controller alone: hearing records, judging, keeping, serving, showing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_pet2rep.adapter.gating import bound_gates
from pytest_pet2rep.adapter.keeping import Keeper, check_save
from pytest_pet2rep.adapter.progress import Progress
from pytest_pet2rep.adapter.reporter import Reporter
from pytest_pet2rep.adapter.service import ServiceHooks
from pytest_pet2rep.adapter.state import GATES, OPTIONS
from pytest_pet2rep.adapter.stopping import StoreWatch

if TYPE_CHECKING:
    from pytest_pet2rep.run.resume import RunHold
    from pytest_pet2rep.run.runtime import Runtime
    from pytest_pet2rep.run.serving import ServingPlan


def register_on_controller(
    config: pytest.Config, runtime: Runtime, plan: ServingPlan | None, hold: RunHold | None
) -> None:
    """Check gates and baseline, and register the hooks of the controller.

    Raises ``pytest.UsageError`` for a gate or a baseline that cannot be used.
    """
    check_save(config)
    config.stash[GATES] = bound_gates(config)
    plugins = config.pluginmanager
    if config.stash[OPTIONS].plan:
        from pytest_pet2rep.adapter.planning import Planner

        plugins.register(Planner(config), "pet2rep-planner")
    reporter = Reporter(config, runtime)
    plugins.register(Progress(config, reporter.planned), "pet2rep-progress")
    plugins.register(reporter, "pet2rep-reporter")
    plugins.register(Keeper(config, reporter), "pet2rep-keeper")
    plugins.register(StoreWatch(), "pet2rep-store-watch")
    if hold is not None:
        from pytest_pet2rep.adapter.registering import RunRegistration

        plugins.register(RunRegistration(hold, reporter), "pet2rep-registration")
    plugins.register(ServiceHooks(runtime, plan), "pet2rep-service")
    if plugins.hasplugin("xdist"):
        from pytest_pet2rep.adapter.workers import WorkerHooks

        plugins.register(WorkerHooks(runtime), "pet2rep-workers")

"""Everything that touches xdist: registered on the controller, and only where xdist is."""

from __future__ import annotations

import os
from typing import Any

import pytest

from pytest_pet2rep.adapter.mistakes import mistakes_as_usage_errors
from pytest_pet2rep.run.runtime import Runtime


class WorkerHooks:
    """Hands the run to the workers and chooses how items are spread."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give every worker the id of the run: within it each report is made once.

        What stands behind the model was found once, here, and is told to all.  A worker on this
        machine also learns where the process answers that holds the model.
        """
        node.workerinput["pet2rep_run"] = self.runtime.run_id
        node.workerinput["pet2rep_take"] = self.runtime.take
        node.workerinput["pet2rep_service"] = dict(self.runtime.service)
        if self.runtime.settings.serve:
            node.workerinput["pet2rep_base_url"] = self.runtime.settings.model_args["base_url"]
        if node.gateway.spec.popen:
            with mistakes_as_usage_errors():
                address = self.runtime.model_process_for(
                    _number_of(node), workers=len(node.nodemanager.specs)
                )
            node.workerinput["pet2rep_model_process"] = None if address is None else str(address)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Steal work instead of dealing it out, unless the user chose a ``--dist``.

        Under the default ``load`` the items of one case go to different workers, which then
        wait for each other's generation.  Correctness does not depend on it.
        """
        if config.getoption("dist", "no") != "load":
            return None
        from xdist.scheduler import WorkStealingScheduling

        return WorkStealingScheduling(config, log)


class OrphanWatch:
    """In a worker on this machine: end after the item under way once the controller is dead.

    xdist lets an orphan run everything that it was dealt, on a GPU that somebody else waits for.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.controller = os.getppid()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Look who the parent is: an orphan has another one than it was born to."""
        if os.getppid() != self.controller:
            item.session.shouldstop = "the controller of this worker died"
            self.runtime.close()  # nothing more is made ahead either


def _number_of(node: Any) -> int:
    """The number in ``gw3``; a worker that takes the place of a dead one goes on counting."""
    digits = "".join(sign for sign in node.gateway.id if sign.isdigit())
    return int(digits or 0)

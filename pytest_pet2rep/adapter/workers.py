"""Everything that touches xdist: registered on the controller, and only where xdist is."""

from __future__ import annotations

from typing import Any

import pytest


class WorkerHooks:
    """Hands the run to the workers and chooses how items are spread."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give every worker the id of the run: within it each report is made once."""
        node.workerinput["pet2rep_run"] = self.run_id

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

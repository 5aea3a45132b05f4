"""On the leading process: what stands behind the model is started, checked once, and stopped."""

from __future__ import annotations

import pytest

from pytest_pet2rep.adapter.mistakes import mistakes_as_usage_errors
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.serving import Server, ServingPlan
from pytest_pet2rep.run.slots import forget_slots


class ServiceHooks:
    """Before the first worker starts, and after the last one is gone."""

    def __init__(self, runtime: Runtime, plan: ServingPlan | None) -> None:
        self.runtime = runtime
        self.server = None if plan is None else Server(plan)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Raise ``pytest.UsageError`` where no report would be answered."""
        if session.config.option.collectonly or not self.runtime.shard_files:
            return
        with mistakes_as_usage_errors():
            if self.server is not None:
                self._say(session.config, f"{self.server.plan.line}: waiting until it is ready")
                self.server.start(self.runtime.settings.serve_seconds)
            self.runtime.open_service()

    def _say(self, config: pytest.Config, line: str) -> None:
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and config.get_verbosity() >= 0:
            terminal.write_line(line)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Stop the server in every ending, after the model has been closed."""
        if self.server is not None:
            self.server.stop()
        forget_slots(self.runtime.run_id)

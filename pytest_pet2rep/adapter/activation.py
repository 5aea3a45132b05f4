"""Switching the benchmark on: read the options, check them, register what then is needed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_pet2rep.adapter.collect import CohortCollection
from pytest_pet2rep.adapter.naming import chosen_cohort, no_path_named
from pytest_pet2rep.adapter.options import Options, read_options
from pytest_pet2rep.adapter.state import GATES, OPTIONS, RUNTIME
from pytest_pet2rep.errors import DataProblem, StoreError, UsageProblem
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.slots import ALONE, Place

if TYPE_CHECKING:
    from pytest_pet2rep.run.serving import ServingPlan
    from pytest_pet2rep.run.settings import RunSettings


@contextmanager
def mistakes_as_usage_errors() -> Iterator[None]:
    """Turn what the user can mend into one line and exit code 4."""
    try:
        yield
    except (UsageProblem, DataProblem, StoreError) as why:
        raise pytest.UsageError(str(why)) from why


def choose_paths(config: pytest.Config, args: list[str]) -> None:
    """Collect the cohort's folder if no path was named on the command line."""
    if no_path_named(config):
        with mistakes_as_usage_errors():
            args.append(str(chosen_cohort(config, read_options(config).run.cases).root))


def activate(config: pytest.Config) -> None:
    """Check everything that can be checked before the first report, and register the hooks.

    Raises ``pytest.UsageError`` for a wrong option, name or cohort, and for a metric that
    cannot run here.
    """
    options = read_options(config)
    if options.json is not None:
        _check_writable(options.json, "--pet2rep-json")
    if options.html is not None:
        _check_writable(options.html, "--pet2rep-html")
    worker = getattr(config, "workerinput", None)
    with mistakes_as_usage_errors():
        if options.html is not None:
            from pytest_pet2rep.render.html.environment import check_jinja

            check_jinja()
        cohort = chosen_cohort(config, options.run.cases)
        run_id = worker["pet2rep_run"] if worker else uuid.uuid4().hex
        model_process = worker.get("pet2rep_model_process") if worker else None
        plan = _serving_plan(options, run_id) if worker is None else None
        base_url = plan.base_url if plan else (worker or {}).get("pet2rep_base_url", "")
        runtime = Runtime(
            _served_at(options.run, base_url),
            cohort,
            run_id,
            model_process=Path(model_process) if model_process else None,
            place=place_of(config),
            service=(worker or {}).get("pet2rep_service"),
        )
        runtime.check()
        hold = None
        if worker is not None:
            runtime.take = worker["pet2rep_take"]
        elif not config.option.collectonly:
            from pytest_pet2rep.run.resume import begin_run

            hold = begin_run(runtime)
        if options.run_dir is not None and worker is None:
            from pytest_pet2rep.run.runfiles_saving import check_folder

            check_folder(options.run_dir)
    config.stash[OPTIONS] = options
    config.stash[RUNTIME] = runtime
    plugins = config.pluginmanager
    shard = options.run.shard
    mine = runtime.case_files if shard is None else shard.of(runtime.case_files)
    plugins.register(CohortCollection(mine), "pet2rep-collection")
    from pytest_pet2rep.adapter.sending import RecordSender

    plugins.register(RecordSender(), "pet2rep-sending")
    from pytest_pet2rep.adapter.coming import ComingReports

    coming = ComingReports(runtime, place_of(config), all_at_once=not config.getvalue("maxfail"))
    plugins.register(coming, "pet2rep-coming")
    if worker is not None:
        from pytest_pet2rep.adapter.workers import OrphanWatch

        plugins.register(OrphanWatch(runtime), "pet2rep-orphan-watch")
    if worker is None:
        from pytest_pet2rep.adapter.gating import bound_gates
        from pytest_pet2rep.adapter.keeping import Keeper, check_save

        check_save(config)
        config.stash[GATES] = bound_gates(config)
        if options.plan:
            from pytest_pet2rep.adapter.planning import Planner

            plugins.register(Planner(config), "pet2rep-planner")
        from pytest_pet2rep.adapter.reporter import Reporter

        reporter = Reporter(config, runtime)
        plugins.register(reporter, "pet2rep-reporter")
        plugins.register(Keeper(config, reporter), "pet2rep-keeper")
        from pytest_pet2rep.adapter.service import ServiceHooks

        plugins.register(ServiceHooks(runtime, plan), "pet2rep-service")
        from pytest_pet2rep.adapter.stopping import StoreWatch

        plugins.register(StoreWatch(), "pet2rep-store-watch")
        if hold is not None:
            from pytest_pet2rep.adapter.registering import RunRegistration

            plugins.register(RunRegistration(hold, reporter), "pet2rep-registration")
        if plugins.hasplugin("xdist"):
            from pytest_pet2rep.adapter.workers import WorkerHooks

            plugins.register(WorkerHooks(runtime), "pet2rep-workers")


def place_of(config: pytest.Config) -> Place:
    """Say which of how many workers this process is."""
    worker = getattr(config, "workerinput", None)
    if worker is None:
        return ALONE
    number = int(str(worker["workerid"]).removeprefix("gw"))
    return Place(index=number, count=int(worker["workercount"]))


def _serving_plan(options: Options, run_id: str) -> ServingPlan | None:
    """Say how the server is started that ``--pet2rep-serve`` asks for; nothing is started."""
    if not options.run.serve:
        return None
    from pytest_pet2rep.cachefolder import cache_folder
    from pytest_pet2rep.run.serving import plan_serving

    folder = options.run_dir or options.run.store or cache_folder("generations")
    return plan_serving(
        options.run.serve,
        options.run.model,
        options.run.model_args,
        folder / f"serve-{run_id[:12]}.log",
    )


def _served_at(run: RunSettings, base_url: str) -> RunSettings:
    """Point the model at the server that was started for the run, if one was."""
    if not base_url:
        return run
    return replace(run, model_args={**run.model_args, "base_url": base_url})


def _check_writable(path: Path, option: str) -> None:
    """Refuse a path that nothing could be written to, before any report is made."""
    if path.is_dir():
        raise pytest.UsageError(f"{option}={path} is a folder: name a file in it")
    there = path if path.exists() else next(p for p in path.parents if p.exists())
    if not os.access(there, os.W_OK) or (there != path and not there.is_dir()):
        raise pytest.UsageError(f"{option}={path} cannot be written: {there} is in the way")


def deactivate(config: pytest.Config) -> None:
    """Free the model under test."""
    runtime = config.stash.get(RUNTIME, None)
    if runtime is not None:
        runtime.close()

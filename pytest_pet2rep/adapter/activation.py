"""Switching the benchmark on: read the options, check them, register what then is needed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_pet2rep.adapter.collect import CohortCollection
from pytest_pet2rep.adapter.mistakes import mistakes_as_usage_errors
from pytest_pet2rep.adapter.naming import chosen_cohort, no_path_named
from pytest_pet2rep.adapter.options import Options, read_options
from pytest_pet2rep.adapter.state import OPTIONS, RUNTIME
from pytest_pet2rep.run.preflight import check_run
from pytest_pet2rep.run.runtime import Runtime
from pytest_pet2rep.run.slots import ALONE, Place

if TYPE_CHECKING:
    from pytest_pet2rep.run.resume import RunHold
    from pytest_pet2rep.run.serving import ServingPlan
    from pytest_pet2rep.run.settings import RunSettings


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
    on_controller = not hasattr(config, "workerinput")
    _check_outputs(options)
    with mistakes_as_usage_errors():
        runtime, plan = _runtime(config, options)
        check_run(runtime)
        hold = _begin(config, options, runtime) if on_controller else None
    config.stash[OPTIONS] = options
    config.stash[RUNTIME] = runtime
    _register_everywhere(config, runtime)
    if on_controller:
        from pytest_pet2rep.adapter.controlling import register_on_controller

        register_on_controller(config, runtime, plan, hold)
    else:
        from pytest_pet2rep.adapter.workers import OrphanWatch

        config.pluginmanager.register(OrphanWatch(runtime), "pet2rep-orphan-watch")


def _runtime(config: pytest.Config, options: Options) -> tuple[Runtime, ServingPlan | None]:
    """Return what this process runs with; a worker is told the rest by its controller."""
    told: Mapping[str, Any] = getattr(config, "workerinput", {})
    run_id = told.get("pet2rep_run") or uuid.uuid4().hex
    plan = None if told else _serving_plan(options, run_id)
    base_url = plan.base_url if plan else told.get("pet2rep_base_url", "")
    model_process = told.get("pet2rep_model_process")
    runtime = Runtime(
        _served_at(options.run, base_url),
        chosen_cohort(config, options.run.cases),
        run_id,
        model_process=Path(model_process) if model_process else None,
        place=place_of(config),
        service=told.get("pet2rep_service"),
    )
    if told:
        runtime.take = told["pet2rep_take"]
    return runtime, plan


def _begin(config: pytest.Config, options: Options, runtime: Runtime) -> RunHold | None:
    """Take up the run in the store, unless nothing is going to be generated."""
    if options.run_dir is not None:
        from pytest_pet2rep.run.runfiles.saving import check_folder

        check_folder(options.run_dir)
    if config.option.collectonly or options.plan:
        return None
    from pytest_pet2rep.run.resume import begin_run

    return begin_run(runtime)


def _register_everywhere(config: pytest.Config, runtime: Runtime) -> None:
    """Register what works in every process: collecting, sending records, asking ahead."""
    from pytest_pet2rep.adapter.coming import ComingReports
    from pytest_pet2rep.adapter.sending import RecordSender

    all_at_once = not config.getvalue("maxfail")
    plugins = config.pluginmanager
    plugins.register(CohortCollection(runtime.shard_files), "pet2rep-collection")
    plugins.register(RecordSender(), "pet2rep-sending")
    coming = ComingReports(runtime, place_of(config), all_at_once=all_at_once)
    plugins.register(coming, "pet2rep-coming")


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

    # What a server writes may quote reports: with --pet2rep-redact it stays where those are.
    run_dir = None if options.run.redact else options.run_dir
    folder = run_dir or options.run.store or cache_folder("generations")
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


def _check_outputs(options: Options) -> None:
    """Refuse outputs that could not be written, before any report is made."""
    for path, option in ((options.json, "--pet2rep-json"), (options.html, "--pet2rep-html")):
        if path is not None:
            _check_writable(path, option)
    if options.html is not None:
        from pytest_pet2rep.render.html.environment import check_jinja

        with mistakes_as_usage_errors():
            check_jinja()


def _check_writable(path: Path, option: str) -> None:
    """Refuse a path that nothing could be written to, before any report is made.

    A file that is there is replaced as a whole, so it is its folder that must be writable.
    """
    if path.is_dir():
        raise pytest.UsageError(f"{option}={path} is a folder: name a file in it")
    as_it_is = path.exists() and not path.is_file()  # a pipe or a device
    there = path if as_it_is else next(p for p in path.parents if p.exists())
    if not os.access(there, os.W_OK) or (there != path and not there.is_dir()):
        raise pytest.UsageError(f"{option}={path} cannot be written: {there} is in the way")


def deactivate(config: pytest.Config) -> None:
    """Free the model under test."""
    runtime = config.stash.get(RUNTIME, None)
    if runtime is not None:
        runtime.close()

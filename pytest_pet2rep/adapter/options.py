"""Options and ini keys -> one frozen value; the single reader of pytest's config."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_pet2rep.adapter.option_table import OPTIONS, OptionRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_pet2rep.run.gates.reading import Gating
    from pytest_pet2rep.run.settings import RunSettings
    from pytest_pet2rep.run.shards import Shard

MODEL = OPTIONS[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the user asked for: the run, and where to write what."""

    run: RunSettings
    gating: Gating
    preset: str = ""
    """Name of the preset that options were taken from where the user gave none."""
    plan: bool = False
    """Say what the gates can see, and generate nothing."""
    plan_args: Mapping[str, str] = field(default_factory=dict)
    json: Path | None = None
    gates_junit: Path | None = None
    html: Path | None = None
    run_dir: Path | None = None
    save: str = ""
    """Name of the baseline that this run becomes."""
    baseline: str = ""
    """Name or path of the run to compare with."""
    baseline_missing: str = "error"
    allow_difference: frozenset[str] = frozenset()


def register(parser: pytest.Parser) -> None:
    """Add every option and its ini twin."""
    group = parser.getgroup("pet2rep", "pet2rep: score PET/CT reports of a vision-language model")
    for row in OPTIONS:
        shown = f"{row.help} (default: {row.default})" if row.default else row.help
        escaped = shown.replace("%", "%%")  # argparse formats what it shows
        if row.switch:
            group.addoption(row.flag, action="store_true", default=None, help=escaped)
            parser.addini(row.ini, shown, type="bool", default=False)
        elif row.repeatable:
            group.addoption(row.flag, action="append", metavar=row.metavar, help=escaped)
            kind: Literal["linelist", "args"] = "linelist" if row.line_by_line else "args"
            parser.addini(row.ini, shown, type=kind, default=[])
        else:
            choices = row.choices or None
            metavar = None if choices else row.metavar
            group.addoption(row.flag, choices=choices, metavar=metavar, help=escaped)
            parser.addini(row.ini, shown, type="string", default="")


def asked(config: pytest.Config) -> bool:
    """Is a model named, on the command line or in the ini file?  All else hangs on this."""
    return bool(_given(config, MODEL) or config.getini(MODEL.ini))


def read_options(config: pytest.Config) -> Options:
    """Read the options: command line, then ini, then preset, then default.

    Raises ``pytest.UsageError`` for a value that is not allowed.
    """
    from pytest_pet2rep.run.paper import preset_options
    from pytest_pet2rep.run.settings import ExpectationMode

    preset = _text(config, _row("preset"))
    usual = preset_options(preset)
    text = {
        row.name: _text(config, row, usual.get(row.name, ""))
        for row in OPTIONS
        if not (row.repeatable or row.switch)
    }
    gating = _gating(config, text)
    if gating.specs and not _raw(config, "expectations"):
        text["expectations"] = str(ExpectationMode.REPORT)
    return Options(
        run=_run_settings(config, text),
        gating=gating,
        preset=preset,
        plan=bool(_raw(config, "plan")),
        plan_args=_pairs(config, "plan-arg"),
        json=_path(config, "json"),
        gates_junit=_path(config, "gates-junit"),
        html=_path(config, "html"),
        run_dir=_path(config, "run-dir"),
        save=text["save"],
        baseline=text["baseline"],
        baseline_missing=text["baseline-missing"],
        allow_difference=_differences(_list(config, "allow-difference")),
    )


def _run_settings(config: pytest.Config, text: Mapping[str, str]) -> RunSettings:
    """Return what decides the results of a run; ``text`` holds the options of one value."""
    from pytest_pet2rep.imaging.options import Views
    from pytest_pet2rep.run.settings import ExpectationMode, RunSettings, Silence
    from pytest_pet2rep.types import Language, Section

    language = text["language"]
    return RunSettings(
        model=text["model"],
        cases=_path(config, "cases"),
        organs=text["organs"],
        metrics=_names("metrics", text["metrics"]),
        decoding=text["decoding"],
        language=Language(language) if language else None,
        section=Section(text["section"]),
        prompt=_path(config, "prompt"),
        views=Views(text["views"]),
        view_args=_pairs(config, "view-arg"),
        clean=text["clean"] != "none",
        store=_path(config, "store"),
        limit=_count("limit", text["limit"], least=1),
        seed=_count("seed", text["seed"]) or 0,
        max_new_tokens=_count("max-new-tokens", text["max-new-tokens"], least=1),
        expectations=ExpectationMode(text["expectations"]),
        silence=Silence(text["silence"]),
        model_args=_pairs(config, "model-arg"),
        metric_args=_pairs(config, "metric-arg"),
        model_revision=text["model-revision"],
        trust_remote_code=bool(_raw(config, "trust-remote-code")),
        allowed_hosts=frozenset(_list(config, "allow-remote")),
        offline=bool(_raw(config, "offline")),
        concurrency=_count("concurrency", text["concurrency"], least=1) or 1,
        serve=text["serve"],
        serve_seconds=_count("serve-timeout", text["serve-timeout"], least=1) or 1,
        resume=bool(_raw(config, "resume")),
        retry_errors=bool(_raw(config, "retry-errors")),
        redact=bool(_raw(config, "redact")),
        floors=text["floors"] != "none",
        epochs=_count("epochs", text["epochs"], least=1) or 1,
        aa=_count("aa", text["aa"]) or 0,
        controls=_names("control", text["control"]) if text["control"] else (),
        control_cases=_count("control-cases", text["control-cases"], least=1) or 1,
        shard=_shard(text["shard"]),
    )


def _row(name: str) -> OptionRow:
    return next(row for row in OPTIONS if row.name == name)


def _raw(config: pytest.Config, name: str) -> object:
    row = _row(name)
    given = _given(config, row)
    return given if given is not None else config.getini(row.ini)


def _given(config: pytest.Config, row: OptionRow) -> object:
    """Return what the command line says, ``None`` if nothing.

    Before the conftest files are loaded only the namespace of known arguments is filled.
    """
    destination = row.flag.lstrip("-").replace("-", "_")
    for namespace in (config.option, getattr(config, "known_args_namespace", None)):
        value: object = getattr(namespace, destination, None)
        if value is not None:
            return value
    return None


def _text(config: pytest.Config, row: OptionRow, preset: str = "") -> str:
    value = str(_raw(config, row.name) or preset or row.default)
    if row.choices and value and value not in row.choices:
        raise pytest.UsageError(
            f"{row.ini} = {value!r} is not allowed: choose from {', '.join(row.choices)}"
        )
    return value


def _names(name: str, value: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in value.split(",") if part.strip())
    if not names:
        raise pytest.UsageError(f"--pet2rep-{name}={value}: names nothing")
    return names


def _path(config: pytest.Config, name: str) -> Path | None:
    """Resolve a path: of the command line against the caller's folder, else the ini file's."""
    row = _row(name)
    value = _text(config, row)
    if not value:
        return None
    folder = config.invocation_params.dir
    if _given(config, row) is None and config.inipath is not None:
        folder = config.inipath.parent
    return Path(folder, Path(value).expanduser())


def _count(name: str, value: str, least: int = 0) -> int | None:
    if not value:
        return None
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < least:
        raise pytest.UsageError(f"--pet2rep-{name}={value}: needs a whole number, {least} or more")
    return number


def _shard(value: str) -> Shard | None:
    from pytest_pet2rep.errors import UsageProblem
    from pytest_pet2rep.run.shards import parse_shard

    try:
        return parse_shard(value) if value else None
    except UsageProblem as why:
        raise pytest.UsageError(f"--pet2rep-shard: {why}") from None


def _gating(config: pytest.Config, text: Mapping[str, str]) -> Gating:
    """Read the gates of the command line or the ini file, and of the tables of the root."""
    from pytest_pet2rep.errors import UsageProblem
    from pytest_pet2rep.run.error_budget import error_budget
    from pytest_pet2rep.run.gates.reading import (
        Gating,
        confidence_of,
        gate_specs,
        read_gate_tables,
    )
    from pytest_pet2rep.run.verdict import Undecided

    names = _names("gates", text["gates"]) if text["gates"] else None
    budget = text["fail-on-error"]
    try:
        tables = read_gate_tables(config.rootpath / "pyproject.toml")
        return Gating(
            specs=gate_specs(_list(config, "gate"), tables, names),
            confidence=confidence_of(text["confidence"], "--pet2rep-confidence"),
            undecided=Undecided(text["undecided"]),
            stated_budget=error_budget(budget) if budget else None,
        )
    except UsageProblem as why:
        raise pytest.UsageError(str(why)) from None


def _differences(names: list[str]) -> frozenset[str]:
    from pytest_pet2rep.errors import UsageProblem
    from pytest_pet2rep.run.comparability import checked_names

    try:
        return checked_names(names)
    except UsageProblem as why:
        raise pytest.UsageError(f"--pet2rep-allow-difference: {why}") from None


def _list(config: pytest.Config, name: str) -> list[str]:
    given = _raw(config, name)
    return [str(item) for item in given] if isinstance(given, list) else []


def _pairs(config: pytest.Config, name: str) -> dict[str, str]:
    pairs = {}
    for item in _list(config, name):
        key, equals, value = item.partition("=")
        if not (key and equals):
            raise pytest.UsageError(f"--pet2rep-{name}={item}: write it as KEY=VALUE")
        pairs[key] = value
    return pairs

"""Which providers there are, and how the name of a model is written."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.models.provider import Provider, ProviderSettings

__all__ = ["ModelSpec", "OpenProvider", "ProviderSettings", "load_provider", "provider_names"]

ENTRY_POINT_GROUP = "pytest_pet2rep.models"
"""Distributions add providers under it: ``name = "module:open"``; built-in names stay ours."""

_BUILTIN = {
    "baseline": "pytest_pet2rep.models.baseline:open_baseline",
    "hf": "pytest_pet2rep.models.hf.provider:open_hf",
    "openai": "pytest_pet2rep.models.openai.provider:open_openai",
    "py": "pytest_pet2rep.models.py:open_py",
    "replay": "pytest_pet2rep.models.replay:open_replay",
    "vllm": "pytest_pet2rep.models.vllm.provider:open_vllm",
}

_EXAMPLES = (
    "a model is written PROVIDER/NAME[@REVISION], e.g. baseline/template, "
    "hf//models/Qwen2.5-VL-7B-Instruct or replay/outputs.jsonl"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSpec:
    """``PROVIDER/NAME[@REVISION]``, taken apart."""

    provider: str
    name: str
    revision: str = ""

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """Take a spec apart; raises ``UsageProblem`` for one without provider or name.

        ``NAME`` may be a path with ``@`` in it: a name that exists as a whole is taken as a
        whole, and in a path only an ``@`` after the last slash starts a revision.
        """
        provider, slash, rest = text.strip().partition("/")
        if not (provider and slash and rest):
            raise UsageProblem(f"{text!r} is not the name of a model: {_EXAMPLES}")
        name, revision = _split_revision(rest)
        if not name:
            raise UsageProblem(f"{text!r} names no model before '@': {_EXAMPLES}")
        return cls(provider=provider, name=name, revision=revision)

    @property
    def target(self) -> str:
        """Name and revision as written."""
        return f"{self.name}@{self.revision}" if self.revision else self.name

    def __str__(self) -> str:
        return f"{self.provider}/{self.target}"


OpenProvider = Callable[[ModelSpec, ProviderSettings], Provider]
"""What a registry entry names: opens a provider, cheaply; weights are loaded on first use."""


def load_provider(spec: str | ModelSpec, settings: ProviderSettings | None = None) -> Provider:
    """Open the provider that ``spec`` names.

    Raises ``UnknownName`` for a provider that nobody registered, ``UsageProblem`` or
    ``DataProblem`` for a name that this provider cannot use, and ``MissingDependency`` where an
    optional package is needed.
    """
    parsed = ModelSpec.parse(spec) if isinstance(spec, str) else spec
    settings = settings or ProviderSettings()
    provider = _opener(parsed)(parsed, settings)
    if settings.model_process is None or not provider.local_weights:
        return provider
    from pytest_pet2rep.models.apart.guest import ModelApart

    return ModelApart(provider, settings.model_process)


def provider_names() -> tuple[str, ...]:
    """All registered providers, sorted."""
    return tuple(sorted({*_BUILTIN, *_third_party()}))


def _split_revision(rest: str) -> tuple[str, str]:
    if "@" not in rest or Path(rest).exists():
        return rest, ""
    if rest.startswith(("/", ".", "~")):
        folder, slash, last = rest.rpartition("/")
        name, _, revision = last.partition("@")
        return f"{folder}{slash}{name}" if name else "", revision
    name, _, revision = rest.partition("@")
    return name, revision


def _third_party() -> dict[str, metadata.EntryPoint]:
    return {point.name: point for point in metadata.entry_points(group=ENTRY_POINT_GROUP)}


def _opener(spec: ModelSpec) -> OpenProvider:
    if spec.provider in _BUILTIN:
        module, _, attribute = _BUILTIN[spec.provider].partition(":")
        opener: OpenProvider = getattr(importlib.import_module(module), attribute)
        return opener
    third_party = _third_party()
    if spec.provider not in third_party:
        raise UnknownName("provider", spec.provider, provider_names(), f"({_EXAMPLES})")
    point = third_party[spec.provider]
    try:
        loaded: OpenProvider = point.load()
    except Exception as why:
        raise UsageProblem(
            f"the provider {spec.provider!r} ({point.value}) cannot be imported: "
            f"{type(why).__name__}: {why}"
        ) from why
    return loaded

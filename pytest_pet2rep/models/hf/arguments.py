"""The model arguments of ``hf/``, read and checked before anything is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.models.provider import ProviderSettings

NAMES = (
    "attn_implementation", "batch_size", "device", "device_map", "dtype", "processes_per_device",
)  # fmt: skip
CHAT_TEMPLATE = "chat_template."
PROCESSOR = "processor."
_DTYPES = ("auto", "float32", "bfloat16", "float16")
_PLACE_ONLY = frozenset({"device", "device_map", "processes_per_device"})
"""Arguments that say where the model runs, not what it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arguments:
    """How a model is loaded and asked."""

    device: str = "auto"
    device_map: str = ""
    """Empty: the whole model on ``device``."""
    dtype: str = "auto"
    attn_implementation: str = ""
    """Empty: what transformers chooses."""
    batch_size: int = 1
    """Reports that are generated together."""
    processes_per_device: int = 1
    """Copies of the weights on one device, where several workers share the model."""
    chat_template: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the chat template, e.g. ``enable_thinking``."""
    processor: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the processor, e.g. ``max_pixels``."""
    facts: tuple[str, ...] = ()
    """``KEY=VALUE`` of whatever may change an answer, sorted; part of the model's identity."""


def read_arguments(provider: str, settings: ProviderSettings) -> Arguments:
    """Raises ``UnknownName`` for an unknown key or dtype, ``UsageProblem`` for a wrong number."""
    given = settings.arguments(provider, NAMES, prefixes=(CHAT_TEMPLATE, PROCESSOR))
    dtype = given.get("dtype", "auto")
    if dtype not in _DTYPES:
        raise UnknownName("dtype", dtype, _DTYPES)
    batch_size = whole_number(given, "batch_size", 1)
    decisive = {key: value for key, value in given.items() if key not in _PLACE_ONLY}
    if batch_size == 1:
        decisive.pop("batch_size", None)
    return Arguments(
        device=given.get("device", "auto"),
        device_map=given.get("device_map", ""),
        dtype=dtype,
        attn_implementation=given.get("attn_implementation", ""),
        batch_size=batch_size,
        processes_per_device=whole_number(given, "processes_per_device", 1),
        chat_template=below(given, CHAT_TEMPLATE),
        processor=below(given, PROCESSOR),
        facts=tuple(f"{key}={decisive[key]}" for key in sorted(decisive)),
    )


def below(given: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """The arguments whose key starts with ``prefix``, without it, their values as JSON or text."""
    return {
        key.removeprefix(prefix): _value(value)
        for key, value in sorted(given.items())
        if key.startswith(prefix)
    }


def whole_number(given: Mapping[str, str], key: str, default: int) -> int:
    """An argument that is a whole number from 1; raises ``UsageProblem`` for another."""
    text = given.get(key, str(default))
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageProblem(f"the model argument {key}={text} is no whole number from 1")
    return int(text)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

"""Between this project's words and those of vLLM; pure, so that it is tested without a GPU.

Names of arguments as in vLLM 0.33 (``LLM``, ``LLM.chat``, ``SamplingParams``, ``EngineArgs``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_pet2rep.models.hf.arguments import CHAT_TEMPLATE, PROCESSOR, below, whole_number
from pytest_pet2rep.models.hf.chat import without_control_tokens
from pytest_pet2rep.models.hf.source import Source
from pytest_pet2rep.models.provider import ProviderSettings, Reply, with_all_images_seen
from pytest_pet2rep.types import FinishReason, Generation, GenerationRequest, Usage

ENGINE = "engine."
_NAMES = (
    "batch_size", "dtype", "enforce_eager", "gpu_memory_utilization", "max_model_len",
    "max_num_seqs", "pipeline_parallel_size", "processes_per_device", "quantization",
    "tensor_parallel_size",
)  # fmt: skip
_OURS = frozenset({"batch_size", "processes_per_device"})
_WHOLE = ("max_model_len", "max_num_seqs", "pipeline_parallel_size", "tensor_parallel_size")
_NOT_DECISIVE = frozenset({*_OURS, "gpu_memory_utilization"})
"""Arguments that say how much memory is taken, not what the model answers."""
_DEFAULT_BATCH = 64
_OPENED = re.compile(r"<think>\s*\Z")
_FINISH = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}


@dataclass(frozen=True, kw_only=True, slots=True)
class VllmArguments:
    """How the engine is built and asked."""

    engine: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of ``vllm.LLM`` that the user gave."""
    chat_template: Mapping[str, Any] = field(default_factory=dict)
    batch_size: int = _DEFAULT_BATCH
    """Reports that are handed over at once; the engine chooses its own batches among them."""
    processes_per_device: int = 1
    facts: tuple[str, ...] = ()
    """``KEY=VALUE`` of whatever may change an answer, sorted; part of the model's identity."""

    @property
    def devices(self) -> int:
        """Devices that one engine needs."""
        across = self.engine.get("tensor_parallel_size", 1)
        return int(across) * int(self.engine.get("pipeline_parallel_size", 1))


def read_arguments(provider: str, settings: ProviderSettings) -> VllmArguments:
    """Raises ``UnknownName`` for an unknown key, ``UsageProblem`` for a wrong number."""
    prefixes = (CHAT_TEMPLATE, PROCESSOR, ENGINE)
    given = settings.arguments(provider, _NAMES, prefixes=prefixes)
    named = {key: value for key, value in given.items() if key in _NAMES and key not in _OURS}
    engine = {
        **below(named, ""),
        **{key: whole_number(named, key, 1) for key in _WHOLE if key in named},
    }
    if processor := below(given, PROCESSOR):
        engine["mm_processor_kwargs"] = processor
    return VllmArguments(
        engine={**engine, **below(given, ENGINE)},
        chat_template=below(given, CHAT_TEMPLATE),
        batch_size=whole_number(given, "batch_size", _DEFAULT_BATCH),
        processes_per_device=whole_number(given, "processes_per_device", 1),
        facts=tuple(f"{key}={given[key]}" for key in sorted(given) if key not in _NOT_DECISIVE),
    )


def engine_arguments(
    source: Source, arguments: VllmArguments, *, images: int, trust_remote_code: bool
) -> dict[str, Any]:
    """Keyword arguments of ``vllm.LLM`` for a model of which each request brings ``images``."""
    chosen: dict[str, Any] = {
        "model": source.name,
        "trust_remote_code": trust_remote_code,
        "limit_mm_per_prompt": {"image": images, "video": 0},
        **arguments.engine,
        "load_format": "safetensors",  # never pickles, whatever the user says
    }
    if source.commit:
        chosen |= {"revision": source.commit, "tokenizer_revision": source.commit}
    return chosen


def sampling_arguments(request: GenerationRequest) -> dict[str, Any]:
    """Keyword arguments of ``vllm.SamplingParams``."""
    decoding = request.decoding
    chosen: dict[str, Any] = {
        "temperature": 0.0,
        "max_tokens": decoding.get("max_new_tokens"),
        "repetition_penalty": decoding.get("repetition_penalty", 1.0),
        "seed": int(decoding.get("seed", 0)) + request.repeat,
    }
    if decoding.get("do_sample"):
        chosen["temperature"] = decoding.get("temperature", 1.0)
        chosen["top_p"] = decoding.get("top_p", 1.0)
        chosen["top_k"] = decoding.get("top_k", 0)
    return chosen


def conversation(
    request: GenerationRequest, control_tokens: frozenset[str]
) -> list[dict[str, Any]]:
    """The messages of ``LLM.chat``: system, then the images in their order, then the text."""
    from PIL import Image

    content: list[dict[str, Any]] = [
        {"type": "image_pil", "image_pil": Image.fromarray(image.pixels)}
        for image in request.images
    ]
    user = without_control_tokens(request.user, control_tokens)
    content.append({"type": "text", "text": user})
    messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
    if system := without_control_tokens(request.system, control_tokens).strip():
        messages.insert(0, {"role": "system", "content": system})
    return messages


def control_tokens_of(tokenizer: Any) -> frozenset[str]:
    """Marks of a tokenizer that a text may not hold: it would read them as its own."""
    added = tokenizer.added_tokens_decoder.values()
    return frozenset(str(token) for token in added if token.special)


def reply_of(
    request: GenerationRequest,
    output: Any,
    *,
    prompt_end: str,
    image_token: int | None,
    seconds: float,
) -> Reply:
    """The first completion of a ``RequestOutput``.

    ``prompt_end`` is the end of the rendered prompt.  How many images the engine took in is not
    known; that it took in none is, from the prompt's tokens.
    """
    completion = output.outputs[0]
    prompt: Sequence[int] = output.prompt_token_ids or ()
    blind = bool(request.images) and image_token is not None and image_token not in prompt
    generation = Generation(
        raw="".join(_OPENED.findall(prompt_end)) + completion.text,
        finish_reason=_FINISH.get(str(completion.finish_reason), FinishReason.UNKNOWN),
        usage=Usage(prompt_tokens=len(prompt), completion_tokens=len(completion.token_ids)),
        images_sent=len(request.images),
        images_consumed=0 if blind else None,
        seconds=seconds,
    )
    return with_all_images_seen(generation, request.case_id)

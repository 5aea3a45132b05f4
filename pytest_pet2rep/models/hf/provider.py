"""The provider around a loaded model: one request after the other, images counted."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pytest_pet2rep.errors import GenerationFailed
from pytest_pet2rep.models.hf.chat import Prepared, prepare
from pytest_pet2rep.models.hf.loading import ARGUMENTS, Loaded, load, need_libraries, quiet, told
from pytest_pet2rep.models.hf.source import Source, find_source, identity_of
from pytest_pet2rep.models.provider import Identity, ProviderSettings, Reply, with_all_images_seen
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.types import FinishReason, Generation, GenerationRequest, Usage

_PLACE_ONLY = frozenset({"device", "device_map"})
"""Arguments that say where the model runs, not what it is."""


class HuggingFaceModel:
    """A model of the transformers library; weights are loaded on the first generation."""

    needs_images = True
    sees_reference = False
    local_weights = True
    kept_elsewhere = False

    def __init__(self, spec: ModelSpec, settings: ProviderSettings) -> None:
        self.name = str(spec)
        self._spec = spec
        self._settings = settings
        self._arguments = settings.arguments(spec.provider, ARGUMENTS)

    @cached_property
    def source(self) -> Source:
        """Folder, or repository at its commit."""
        return find_source(self._spec, self._settings)

    @cached_property
    def identity(self) -> Identity:
        chosen = sorted(set(self._arguments) - _PLACE_ONLY)
        facts = [f"{key}={self._arguments[key]}" for key in chosen]
        return Identity(text=";".join(["hf", identity_of(self.source), *facts]), verified=True)

    @cached_property
    def loaded(self) -> Loaded:
        """Model and processor; raises ``UsageProblem`` if they cannot be loaded."""
        return load(
            self._spec,
            self.source,
            self._arguments,
            trust_remote_code=self._settings.trust_remote_code,
        )

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        loaded = self.loaded
        with quiet():
            return [_reply(loaded, request) for request in requests]

    def close(self) -> None:
        if "loaded" not in self.__dict__:
            return
        del self.__dict__["loaded"]
        _give_memory_back()


def open_hf(spec: ModelSpec, settings: ProviderSettings) -> HuggingFaceModel:
    """Open ``hf/NAME-OR-PATH[@REVISION]``.

    Looks at once for the libraries and the folder, so that a mistake ends the run before it
    began; weights are loaded on first use.
    """
    need_libraries(spec)
    model = HuggingFaceModel(spec, settings)
    _ = model.source
    return model


def _reply(loaded: Loaded, request: GenerationRequest) -> Reply:
    began = time.perf_counter()
    try:
        prepared = prepare(loaded, request)
        if failure := _unfit(loaded, request, prepared):
            return failure
        new_tokens = _new_tokens(loaded, request, prepared)
    except GenerationFailed as why:
        return why
    except Exception as why:
        return _failure(request, why)
    generation = Generation(
        raw=prepared.begun + _decoded(loaded, new_tokens),
        finish_reason=_finish_reason(loaded, new_tokens, request.decoding),
        usage=Usage(prompt_tokens=prepared.prompt_tokens, completion_tokens=len(new_tokens)),
        images_sent=len(request.images),
        images_consumed=prepared.images,
        seconds=time.perf_counter() - began,
    )
    return with_all_images_seen(generation, request.case_id)


def _unfit(
    loaded: Loaded, request: GenerationRequest, prepared: Prepared
) -> GenerationFailed | None:
    """What can be known to go wrong before any token is generated."""
    if prepared.images != len(request.images):
        seen = Generation(raw="", images_sent=len(request.images), images_consumed=prepared.images)
        reply = with_all_images_seen(seen, request.case_id)
        return reply if isinstance(reply, GenerationFailed) else None
    places = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    if places is not None and prepared.prompt_tokens >= places:
        return GenerationFailed(
            f"case {request.case_id}: prompt and images take {prepared.prompt_tokens} tokens, the "
            f"model holds {places}; send fewer or smaller images"
        )
    return None


def _new_tokens(loaded: Loaded, request: GenerationRequest, prepared: Prepared) -> list[int]:
    import torch
    from transformers import GenerationConfig

    decoding = {key: value for key, value in request.decoding.items() if key != "seed"}
    # Each request has its own seed, so that a text does not depend on what was generated before.
    cuda = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=cuda), torch.inference_mode():
        torch.manual_seed(int(request.decoding.get("seed", 0)) + request.repeat)
        output = loaded.model.generate(
            **prepared.inputs, generation_config=GenerationConfig(**decoding)
        )
    new: list[int] = output[0, prepared.prompt_tokens :].tolist()
    return new


def _ends(loaded: Loaded) -> frozenset[int]:
    end = loaded.model.generation_config.eos_token_id
    if end is None:
        end = loaded.processor.tokenizer.eos_token_id
    return frozenset(end if isinstance(end, (list, tuple)) else [end])


def _finish_reason(
    loaded: Loaded, new_tokens: Sequence[int], decoding: Mapping[str, Any]
) -> FinishReason:
    if new_tokens and new_tokens[-1] in _ends(loaded):
        return FinishReason.STOP
    if len(new_tokens) >= int(decoding.get("max_new_tokens", len(new_tokens) + 1)):
        return FinishReason.LENGTH
    return FinishReason.UNKNOWN


def _decoded(loaded: Loaded, new_tokens: Sequence[int]) -> str:
    text = loaded.processor.tokenizer.decode(
        new_tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    return str(text)


def _failure(request: GenerationRequest, why: Exception) -> GenerationFailed:
    if not _out_of_memory(why):
        return GenerationFailed(f"case {request.case_id}: the model raised {told(why)}")
    _give_memory_back()
    return GenerationFailed(
        f"case {request.case_id}: out of memory with {len(request.images)} images; free memory, "
        f"use a smaller dtype (--pet2rep-model-arg dtype=bfloat16) or smaller images"
    )


def _out_of_memory(why: Exception) -> bool:
    import torch

    said = str(why).lower()
    return isinstance(why, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(why, RuntimeError) and ("out of memory" in said or "can't allocate" in said)
    )


def _give_memory_back() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()

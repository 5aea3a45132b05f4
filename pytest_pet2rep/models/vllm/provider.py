"""The provider around vLLM's offline engine; what needs a GPU is here, and untested without one."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Any

from pytest_pet2rep.errors import GenerationFailed, MissingDependency, UsageProblem
from pytest_pet2rep.models.apart.placement import Placement
from pytest_pet2rep.models.hf.source import Source, find_source, identity_of
from pytest_pet2rep.models.provider import Identity, ProviderSettings, Reply
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.models.secrets import without_secrets
from pytest_pet2rep.models.vllm.mapping import (
    control_tokens_of,
    conversation,
    engine_arguments,
    read_arguments,
    reply_of,
    sampling_arguments,
)
from pytest_pet2rep.types import GenerationRequest

_END_OF_PROMPT = 16
"""Tokens in which a template's opening ``<think>`` would stand."""


class VllmModel:
    """A model in vLLM's engine, which is built on the first generation."""

    needs_images = True
    sees_reference = False
    local_weights = True
    kept_elsewhere = False
    batches = True

    def __init__(self, spec: ModelSpec, settings: ProviderSettings) -> None:
        self.name = str(spec)
        self._spec = spec
        self._settings = settings
        self._arguments = read_arguments(spec.provider, settings)
        self._one_at_a_time = threading.Lock()
        self._engine: Any = None

    @property
    def ahead(self) -> int:
        """Requests that are handed over at once."""
        return self._arguments.batch_size

    @property
    def placement(self) -> Placement:
        """Which devices one engine takes."""
        return Placement(
            devices=self._arguments.devices,
            processes_per_device=self._arguments.processes_per_device,
        )

    @cached_property
    def source(self) -> Source:
        """Folder, or repository at its commit."""
        return find_source(self._spec, self._settings)

    @cached_property
    def identity(self) -> Identity:
        facts = ["vllm", identity_of(self.source), *self._arguments.facts]
        return Identity(text=";".join(facts), verified=True)

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        """Hand all requests over; raises ``UsageProblem`` if the engine cannot be built or dies."""
        if not requests:
            return []
        with self._one_at_a_time:
            if self._engine is None:
                self._engine = self._built(max(len(request.images) for request in requests))
            return self._replies(list(requests))

    def _built(self, images: int) -> Any:
        arguments = engine_arguments(
            self.source,
            self._arguments,
            images=images,
            trust_remote_code=self._settings.trust_remote_code,
        )
        try:
            import vllm

            return vllm.LLM(**arguments)
        except Exception as why:
            raise UsageProblem(f"{self.name}: the engine cannot be built: {_told(why)}") from why

    def _replies(self, requests: list[GenerationRequest]) -> list[Reply]:
        began = time.perf_counter()
        try:
            outputs = self._chat(requests)
        except Exception as why:
            if type(why).__name__ == "EngineDeadError":
                raise UsageProblem(f"{self.name}: the engine died: {_told(why)}") from why
            if len(requests) > 1:  # one of them is wrong: which?
                return [reply for request in requests for reply in self._replies([request])]
            case = requests[0].case_id
            return [GenerationFailed(f"case {case}: the engine raised {_told(why)}")]
        seconds = (time.perf_counter() - began) / len(requests)
        tokenizer, image_token = self._engine.get_tokenizer(), self._image_token()
        return [
            reply_of(
                request,
                output,
                prompt_end=tokenizer.decode((output.prompt_token_ids or [])[-_END_OF_PROMPT:]),
                image_token=image_token,
                seconds=seconds,
            )
            for request, output in zip(requests, outputs, strict=True)
        ]

    def _chat(self, requests: Sequence[GenerationRequest]) -> Any:
        import vllm

        tokens = control_tokens_of(self._engine.get_tokenizer())
        return self._engine.chat(
            [conversation(request, tokens) for request in requests],
            [vllm.SamplingParams(**sampling_arguments(request)) for request in requests],
            use_tqdm=False,
            chat_template_kwargs=dict(self._arguments.chat_template) or None,
        )

    def _image_token(self) -> int | None:
        config = getattr(getattr(self._engine, "model_config", None), "hf_config", None)
        for name in ("image_token_id", "image_token_index"):
            if isinstance(found := getattr(config, name, None), int):
                return found
        return None

    def close(self) -> None:
        self._engine = None
        gc.collect()


def _told(why: BaseException) -> str:
    text = " ".join(str(why).strip().partition("\n\n")[0].split())
    return without_secrets(f"{type(why).__name__}: {text}")[:400]


def open_vllm(spec: ModelSpec, settings: ProviderSettings) -> VllmModel:
    """Open ``vllm/NAME-OR-PATH[@REVISION]``.

    Raises ``MissingDependency`` without vLLM, ``UsageProblem`` for a folder or repository that
    cannot be used; the engine is built on first use.
    """
    if find_spec("vllm") is None:
        raise MissingDependency("vllm/", "vllm", "vllm")
    model = VllmModel(spec, settings)
    _ = model.source
    return model

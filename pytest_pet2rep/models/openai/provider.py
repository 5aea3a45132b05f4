"""The provider around a server: requests under way together, errors told apart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import (
    GenerationFailed,
    GenerationTimeout,
    MissingDependency,
    UsageProblem,
)
from pytest_pet2rep.models.openai.endpoint import Endpoint, find_endpoint
from pytest_pet2rep.models.openai.messages import generation_of, parameters
from pytest_pet2rep.models.provider import Identity, ProviderSettings, Reply
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.types import Generation, GenerationRequest

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_HOPELESS = frozenset({401, 403, 404})
"""HTTP states that no other case will fare better with: key, rights, name of the model."""


class ServedModel:
    """A model behind a server; nothing is sent before the first generation."""

    needs_images = True
    sees_reference = False
    local_weights = False
    kept_elsewhere = False

    def __init__(self, spec: ModelSpec, settings: ProviderSettings) -> None:
        self.name = str(spec)
        self.endpoint: Endpoint = find_endpoint(spec, settings)
        self.images_verified: bool | None = None
        """Prompt tokens grew with images; ``None``: not asked yet, or the server does not count."""
        self._model = spec.name
        self._revision = settings.revision or spec.revision
        self._concurrency = settings.concurrency
        self._probed = not self.endpoint.probe
        self._answered = False
        self._hopeless = ""

    @property
    def identity(self) -> Identity:
        text = f"openai/{self._model}" + (f"@{self._revision}" if self._revision else "")
        return Identity(text=text, verified=False, stated=bool(self._revision))

    @cached_property
    def _runner(self) -> asyncio.Runner:
        return asyncio.Runner()

    @cached_property
    def _client(self) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        # A redirect could lead images of patients to another machine, and so could a proxy that
        # is set for everything.
        transport = DefaultAsyncHttpxClient(
            follow_redirects=False, trust_env=not self.endpoint.local
        )
        return AsyncOpenAI(
            base_url=self.endpoint.base_url,
            api_key=self.endpoint.api_key,
            max_retries=self.endpoint.retries,
            timeout=self.endpoint.timeout,
            http_client=transport,
        )

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        """Send all requests, at most ``concurrency`` of them at once, and wait for all replies.

        Raises ``UsageProblem`` if the server cannot be reached, refuses key or model, or does
        not look at images, before it has answered any request.
        """
        return self._runner.run(self._generate(requests))

    async def _generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        with_images = [request for request in requests if request.images]
        if with_images and not self._probed:
            await self._probe(with_images[0])
        slots = asyncio.Semaphore(self._concurrency)

        async def in_turn(request: GenerationRequest) -> Reply:
            async with slots:
                return await self._reply(request)

        replies = await asyncio.gather(*(in_turn(request) for request in requests))
        self._stop_if_hopeless()
        return replies

    async def _probe(self, request: GenerationRequest) -> None:
        """Ask with and without images: if the prompt does not grow, the model is blind."""
        short = {**request.decoding, "max_new_tokens": 1}
        seeing = replace(request, decoding=short)
        replies = [await self._reply(one) for one in (seeing, replace(seeing, images=()))]
        self._stop_if_hopeless()
        sizes = [
            reply.usage.prompt_tokens
            for reply in replies
            if isinstance(reply, Generation) and reply.usage.prompt_tokens is not None
        ]
        self._probed = True
        if len(sizes) < 2:
            return
        self.images_verified = sizes[0] > sizes[1]
        if not self.images_verified:
            self._probed = False
            raise UsageProblem(
                f"{self.name}: the server counts {sizes[0]} prompt tokens with "
                f"{len(request.images)} images and {sizes[1]} without: it does not look at them "
                f"(--pet2rep-model-arg probe=off to go on)"
            )

    async def _reply(self, request: GenerationRequest) -> Reply:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self.endpoint.timeout):
                completion = await self._client.chat.completions.create(
                    **parameters(self._model, request, self.endpoint)
                )
        except Exception as why:
            return self._failure(request, why)
        self._answered = True
        return generation_of(request, completion, time.perf_counter() - began)

    def _failure(self, request: GenerationRequest, why: Exception) -> GenerationFailed:
        import openai

        case = f"case {request.case_id}"
        if isinstance(why, (TimeoutError, openai.APITimeoutError)):
            return GenerationTimeout(f"{case}: no answer within {self.endpoint.timeout:g} s")
        if isinstance(why, openai.APIStatusError):
            said = f"{case}: the server answered HTTP {why.status_code}: {self._told(why)}"
            return self._noted(said, hopeless=why.status_code in _HOPELESS)
        if isinstance(why, openai.APIConnectionError):
            cause = why.__cause__ or why
            said = f"{case}: the connection to {self.endpoint.base_url} failed: {self._told(cause)}"
            return self._noted(said, hopeless="ConnectError" in type(cause).__name__)
        return GenerationFailed(
            f"{case}: the answer of the server makes no sense: {type(why).__name__}: "
            f"{self._told(why)}"
        )

    def _noted(self, said: str, *, hopeless: bool) -> GenerationFailed:
        if hopeless:
            self._hopeless = said
        return GenerationFailed(said)

    def _told(self, why: BaseException) -> str:
        text = " ".join(str(why).split()) or type(why).__name__
        return self.endpoint.without_key(text)[:300]

    def _stop_if_hopeless(self) -> None:
        if self._hopeless and not self._answered:
            raise UsageProblem(f"{self.name}: {self._hopeless}")

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._runner.run(_closed(self._client))
            del self.__dict__["_client"]
        if "_runner" in self.__dict__:
            self._runner.close()
            del self.__dict__["_runner"]


async def _closed(client: Any) -> None:
    await client.close()


def open_openai(spec: ModelSpec, settings: ProviderSettings) -> ServedModel:
    """Open ``openai/NAME``; raises ``MissingDependency`` and ``UsageProblem``, sends nothing."""
    if find_spec("openai") is None:
        raise MissingDependency("openai/", "openai", "openai")
    return ServedModel(spec, settings)

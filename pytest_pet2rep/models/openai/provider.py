"""The provider around a server: requests under way together, each with an outcome of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from pytest_pet2rep.errors import GenerationFailed, MissingDependency, UsageProblem
from pytest_pet2rep.models.openai.connection import Connection
from pytest_pet2rep.models.openai.endpoint import Endpoint, find_endpoint
from pytest_pet2rep.models.openai.messages import generation_of, parameters
from pytest_pet2rep.models.provider import Identity, ProviderSettings, Reply
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.types import Generation, GenerationRequest


class ServedModel:
    """A model behind a server, asked from any number of threads."""

    needs_images = True
    sees_reference = False
    local_weights = False
    kept_elsewhere = False
    batches = False

    def __init__(self, spec: ModelSpec, settings: ProviderSettings) -> None:
        self.name = str(spec)
        self.endpoint: Endpoint = find_endpoint(spec, settings)
        self.ahead = settings.concurrency
        self.images_verified: bool | None = settings.service.get("images_verified")
        """Prompt tokens grew with images; ``None``: not asked yet, or the server does not count."""
        self._model = spec.name
        self._revision = settings.revision or spec.revision
        self._connection = Connection(self.endpoint, self.name)
        self._prepared: dict[int, Mapping[str, Any]] = {}
        """What is sent for a request (by its ``id``), between :meth:`prepare` and the sending."""
        self._connection.answered = bool(settings.service.get("answered"))

    @property
    def identity(self) -> Identity:
        text = f"openai/{self._model}" + (f"@{self._revision}" if self._revision else "")
        if not self.endpoint.extensions:
            text += ";extensions=off"  # top_k is not sent: other texts come back
        return Identity(text=text, verified=False, stated=bool(self._revision))

    def open_service(self, example: Callable[[], GenerationRequest | None]) -> Mapping[str, object]:
        """Make sure, once per run, that the server is there and looks at images.

        ``example`` gives a request of the run; with the argument ``probe=off`` it is not asked
        for.  Returns what the providers of other processes need not ask again
        (``ProviderSettings.service``).  Raises ``UsageProblem`` if no server answers, if it
        refuses key or model, or if it does not look at images.
        """
        self._connection.check_there()
        request = example() if self.endpoint.probe else None
        if request is not None and request.images:
            self._probe(request)
        return {"answered": self._connection.answered, "images_verified": self.images_verified}

    def _probe(self, request: GenerationRequest) -> None:
        """Ask with and without images: if the prompt does not grow, the model is blind."""
        seeing = replace(request, decoding={**request.decoding, "max_new_tokens": 1})
        replies = [self.generate([one])[0] for one in (seeing, replace(seeing, images=()))]
        sizes = [
            reply.usage.prompt_tokens
            for reply in replies
            if isinstance(reply, Generation) and reply.usage.prompt_tokens is not None
        ]
        if len(sizes) < 2:
            return
        self.images_verified = sizes[0] > sizes[1]
        if not self.images_verified:
            raise UsageProblem(
                f"{self.name}: the server counts {sizes[0]} prompt tokens with "
                f"{len(request.images)} images and {sizes[1]} without: it does not look at them "
                f"(--pet2rep-model-arg probe=off to go on)"
            )

    def prepare(self, request: GenerationRequest) -> None:
        """Encode the images of a request that will be sent soon."""
        self._connection.get_ready()
        self._prepared[id(request)] = parameters(self._model, request, self.endpoint)

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        """Send all requests, at most ``ahead`` of them at once, and wait for all replies.

        Raises ``UsageProblem`` if the server cannot be reached, or refuses key or model, before
        it has answered any request; ``concurrent.futures.CancelledError`` once closed.
        """
        return self._connection.loop.run(self._replies(requests))

    async def _replies(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        slots = asyncio.Semaphore(self.ahead)

        async def in_turn(request: GenerationRequest) -> Reply:
            async with slots:
                return await self._reply(request)

        try:
            async with asyncio.TaskGroup() as group:  # what is hopeless for one cancels the others
                tasks = [group.create_task(in_turn(request)) for request in requests]
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return [task.result() for task in tasks]

    async def _reply(self, request: GenerationRequest) -> Reply:
        began = time.perf_counter()
        try:
            completion = await self._connection.ask(
                f"case {request.case_id}: ",
                self._prepared.pop(id(request), {})
                or await asyncio.to_thread(parameters, self._model, request, self.endpoint),
            )
        except GenerationFailed as why:
            return why
        seconds = time.perf_counter() - began
        try:
            return generation_of(completion, images_sent=len(request.images), seconds=seconds)
        except (AttributeError, LookupError, TypeError) as why:
            return GenerationFailed(
                f"case {request.case_id}: the answer of the server makes no sense: "
                f"{type(why).__name__}: {why}"
            )

    def close(self) -> None:
        """Cancel what is under way; callable twice, and nothing is sent after it."""
        self._connection.close()


def open_openai(spec: ModelSpec, settings: ProviderSettings) -> ServedModel:
    """Open ``openai/NAME``; raises ``MissingDependency`` and ``UsageProblem``, sends nothing."""
    if find_spec("openai") is None:
        raise MissingDependency("openai/", "openai", "openai")
    return ServedModel(spec, settings)

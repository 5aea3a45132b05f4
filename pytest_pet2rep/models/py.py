"""``py/module:factory``: a model that the user drives with a few lines of Python.

``factory()`` returns a function from a request to a text (or to a ``Generation``), or an object
with such a ``generate`` method; either may be ``async``.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import inspect
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import (
    GenerationFailed,
    GenerationTimeout,
    UnknownName,
    UsageProblem,
)
from pytest_pet2rep.models.loop_thread import LoopThread
from pytest_pet2rep.models.provider import (
    Identity,
    ProviderSettings,
    Reply,
    with_all_images_seen,
)
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.models.secrets import without_secrets
from pytest_pet2rep.types import Generation, GenerationRequest

_CLASS_ONLY = frozenset({"ahead", "local_weights"})
"""What a class says itself, or it does not hold: nobody wants to load weights to learn it."""


class PythonModel:
    """A provider around a user's object.

    The object, or the factory for it, may say ``needs_images`` (true unless said otherwise),
    ``sees_reference`` and ``local_weights`` (false unless said otherwise) and ``ahead`` (requests
    that it likes to have at once, 1 unless said otherwise); the object may have a ``close`` method.
    What the factory says is known before it is called: a class is a factory that says things.
    """

    kept_elsewhere = False

    def __init__(self, spec: ModelSpec, factory: Callable[..., Any], settings: ProviderSettings):
        self.name = str(spec)
        self._factory = factory
        self._arguments = dict(settings.model_args)
        self._concurrency = settings.concurrency
        self._revision = settings.revision or spec.revision
        self._without_revision = f"{spec.provider}/{spec.name}"

    @cached_property
    def _model(self) -> Any:
        try:
            made = self._factory(**self._arguments)
        except Exception as why:
            raise UsageProblem(f"{self.name}: the factory failed: {_told(why)}") from why
        if inspect.iscoroutine(made):
            made.close()
            raise UsageProblem(
                f"{self.name}: the factory is asynchronous; it must return the model itself, "
                f"whose generating may be asynchronous"
            )
        return made

    @cached_property
    def _generate(self) -> Callable[[GenerationRequest], Any]:
        generate = getattr(self._model, "generate", self._model)
        if not callable(generate):
            raise UsageProblem(
                f"{self.name}: the factory returned a {type(self._model).__name__}, which is "
                f"neither a function of a request nor an object with a method 'generate'"
            )
        return generate  # type: ignore[no-any-return]

    @cached_property
    def _loop(self) -> LoopThread:
        return LoopThread("pet2rep-py")

    @property
    def needs_images(self) -> bool:
        return bool(self._said("needs_images", True))

    @property
    def sees_reference(self) -> bool:
        return bool(self._said("sees_reference", False))

    @property
    def local_weights(self) -> bool:
        return bool(self._said("local_weights", False))

    @property
    def ahead(self) -> int:
        """Requests that the model likes to have at once; raises ``UsageProblem`` for no number.

        Where the user does not say it: those that may be under way, if the model is asynchronous
        and has its weights elsewhere; else absent, and it is asked in turn, from the main thread.
        """
        wanted = self._said("ahead", None)
        if wanted is None:
            if self._asynchronous and not self.local_weights:
                return self._concurrency
            raise AttributeError("ahead")
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
            raise UsageProblem(f"{self.name}: ahead is {wanted!r}, no whole number from 1")
        return wanted

    @property
    def batches(self) -> bool:
        """An asynchronous model that names its own number gets so many in one call."""
        return self._asynchronous and self._said("ahead", None) is not None

    @property
    def _asynchronous(self) -> bool:
        made = self._factory if isinstance(self._factory, type) else self._model
        answering = getattr(made, "generate", None) or getattr(made, "__call__", None)  # noqa: B004
        return inspect.iscoroutinefunction(made) or inspect.iscoroutinefunction(answering)

    def _said(self, name: str, default: Any) -> Any:
        missing = object()
        said = getattr(self._factory, name, missing)
        if said is not missing and not isinstance(said, property):
            return said
        if isinstance(self._factory, type) and (name in _CLASS_ONLY or self._weighs):
            return default
        return getattr(self._model, name, default)

    @property
    def _weighs(self) -> bool:
        """The class says that it has weights: it is not called to learn anything else of it."""
        return getattr(self._factory, "local_weights", False) is True

    @property
    def identity(self) -> Identity:
        text = self._without_revision + (f"@{self._revision}" if self._revision else "")
        if self._arguments:  # what the factory is told decides which model it makes
            told = json.dumps(self._arguments, sort_keys=True).encode()
            text += f";arguments=sha256:{hashlib.sha256(told).hexdigest()}"
        return Identity(text=text, verified=False, stated=bool(self._revision))

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        """Answer in order; where the model is asynchronous, all requests are under way at once."""
        generate = self._generate
        pending = [_start(generate, request) for request in requests]
        waiting = [answer for answer in pending if isinstance(answer, _Pending)]
        if waiting:
            self._loop.run(_wait_for(waiting))
        return [answer.reply if isinstance(answer, _Pending) else answer for answer in pending]

    def close(self) -> None:
        if "_model" in self.__dict__:
            closed = getattr(self._model, "close", lambda: None)()
            if inspect.isawaitable(closed):
                self._loop.run(_finish(closed))
            del self.__dict__["_model"]
        if "_loop" in self.__dict__:
            self.__dict__.pop("_loop").close()


def _start(
    generate: Callable[[GenerationRequest], Any], request: GenerationRequest
) -> Reply | _Pending:
    began = time.perf_counter()
    try:
        answer = generate(request)
    except (Exception, SystemExit) as why:
        return _failure(request, why)
    if inspect.isawaitable(answer):
        return _Pending(request, answer)
    return _as_reply(request, answer, time.perf_counter() - began)


class _Pending:
    """An answer of an asynchronous model that is under way."""

    def __init__(self, request: GenerationRequest, answer: Awaitable[Any]) -> None:
        self.request = request
        self.answer = answer
        self.reply: Reply = GenerationFailed(f"case {request.case_id}: never answered")

    async def finish(self) -> None:
        began = time.perf_counter()
        try:
            answer = await self.answer
        except (Exception, SystemExit) as why:
            self.reply = _failure(self.request, why)
        else:
            self.reply = _as_reply(self.request, answer, time.perf_counter() - began)


async def _wait_for(pending: Sequence[_Pending]) -> None:
    await asyncio.gather(*(one.finish() for one in pending))


async def _finish(closing: Awaitable[Any]) -> None:
    await closing


def _as_reply(request: GenerationRequest, answer: object, seconds: float) -> Reply:
    if isinstance(answer, str):
        answer = Generation(raw=answer)
    if not isinstance(answer, Generation):
        yields = inspect.isgenerator(answer) or inspect.isasyncgen(answer)
        did = "yields its answer" if yields else f"returned {type(answer).__name__}"
        return GenerationFailed(
            f"case {request.case_id}: the model {did}; it must return a text or a Generation"
        )
    sent = answer.images_sent or len(request.images)
    completed = replace(answer, images_sent=sent, seconds=answer.seconds or seconds)
    return with_all_images_seen(completed, request.case_id)


def _failure(request: GenerationRequest, why: BaseException) -> GenerationFailed:
    if isinstance(why, GenerationFailed):
        return why
    kind = GenerationTimeout if isinstance(why, TimeoutError) else GenerationFailed
    return kind(f"case {request.case_id}: the model raised {_told(why)}")


def _told(why: BaseException) -> str:
    text = without_secrets(" ".join(str(why).split()))
    return f"{type(why).__name__}: {text}" if text else type(why).__name__


def open_py(spec: ModelSpec, settings: ProviderSettings) -> PythonModel:
    """Open ``py/module:factory``; the factory is called on first use, with the model arguments.

    Raises ``UsageProblem`` if the module cannot be imported and ``UnknownName`` if it has no
    such factory.
    """
    module_name, colon, attribute = spec.name.partition(":")
    if not (module_name and colon and attribute):
        raise UsageProblem(f"{spec}: write py/MODULE:FACTORY, e.g. py/my_model:make")
    module = _imported(module_name, spec)
    factory = getattr(module, attribute, None)
    if not callable(factory):
        known = [name for name, value in vars(module).items() if callable(value)]
        raise UnknownName("factory", attribute, known, f"(in the module {module_name})")
    return PythonModel(spec, factory, settings)


def _imported(name: str, spec: ModelSpec) -> Any:
    """Import as ``python -m`` would: a module in the working directory is found too."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        return importlib.import_module(name)
    except Exception as why:
        raise UsageProblem(f"{spec}: the module {name} cannot be imported: {_told(why)}") from why

"""One question to the server behind ``openai/MODEL``: a conversation and a schema, an answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import (
    GenerationFailed,
    GenerationTimeout,
    MissingDependency,
    UsageProblem,
)
from pytest_pet2rep.models.openai.endpoint import Endpoint, find_endpoint
from pytest_pet2rep.models.registry import ModelSpec, ProviderSettings
from pytest_pet2rep.types import FinishReason, Generation

if TYPE_CHECKING:
    from openai import OpenAI

_HOPELESS = frozenset({401, 403, 404})
"""HTTP states that no other question will fare better with: key, rights, name of the model."""


class ReaderServer:
    """The server of a second reader; may be asked from several threads."""

    def __init__(self, spec: ModelSpec, settings: ProviderSettings) -> None:
        """Find the endpoint; raises ``UsageProblem`` where reports may not be sent there."""
        if spec.provider != "openai":
            raise UsageProblem(f"{spec}: a second reader is written openai/MODEL")
        if find_spec("openai") is None:
            raise MissingDependency("openai/", "openai", "openai")
        self.endpoint: Endpoint = find_endpoint(spec, settings)
        self.name = str(spec)
        self._model = spec.name
        self._hopeless: UsageProblem | None = None
        self._client = self._connect()

    @property
    def identity(self) -> str:
        """What its answers are kept under: the model as it was asked for, and where."""
        return f"{self.name} at {self.endpoint.base_url}"

    def _connect(self) -> OpenAI:
        from openai import DefaultHttpxClient, OpenAI

        # A redirect could lead reports to another machine, and so could a proxy that is set for
        # everything.
        transport = DefaultHttpxClient(follow_redirects=False, trust_env=not self.endpoint.local)
        return OpenAI(
            base_url=self.endpoint.base_url,
            api_key=self.endpoint.api_key,
            max_retries=self.endpoint.retries,
            timeout=self.endpoint.timeout,
            http_client=transport,
        )

    def ask(
        self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any], *, seed: int
    ) -> Generation:
        """Return the answer, whatever it is.

        Raises ``GenerationFailed`` if there is none, and ``UsageProblem`` if there will be none
        for any question: no connection, a refused key, an unknown model.
        """
        if self._hopeless is not None:
            raise self._hopeless
        began = time.perf_counter()
        wanted = {"name": "uptake_states", "strict": True, "schema": dict(schema)}
        parameters: dict[str, Any] = {
            "model": self._model,
            "messages": list(messages),
            "temperature": 0.0,
            "seed": seed,
            "response_format": {"type": "json_schema", "json_schema": wanted},
        }
        try:
            completion = self._client.chat.completions.create(**parameters)
        except Exception as why:
            raise self._failure(why) from why
        if not getattr(completion, "choices", None):
            raise GenerationFailed("the server answered without a choice")
        choice = completion.choices[0]
        refusal = getattr(choice.message, "refusal", None)
        return Generation(
            raw=choice.message.content or refusal or "",
            finish_reason=_finish(str(choice.finish_reason), refused=bool(refusal)),
            seconds=time.perf_counter() - began,
        )

    def _failure(self, why: Exception) -> GenerationFailed | UsageProblem:
        import openai

        told = self.endpoint.without_key(" ".join(str(why.__cause__ or why).split()))[:300]
        if isinstance(why, openai.APITimeoutError):
            return GenerationTimeout(f"no answer within {self.endpoint.timeout:g} s")
        if isinstance(why, openai.APIStatusError):
            said = f"the server answered HTTP {why.status_code}: {told}"
            return self._noted(said, hopeless=why.status_code in _HOPELESS)
        if isinstance(why, openai.APIConnectionError):
            said = f"the connection to {self.endpoint.base_url} failed: {told}"
            return self._noted(said, hopeless="ConnectError" in type(why.__cause__).__name__)
        return GenerationFailed(f"the answer makes no sense: {type(why).__name__}: {told}")

    def _noted(self, said: str, *, hopeless: bool) -> GenerationFailed | UsageProblem:
        if not hopeless:
            return GenerationFailed(said)
        self._hopeless = UsageProblem(f"{self.name}: {said}")
        return self._hopeless

    def close(self) -> None:
        """Close the connections; callable twice."""
        self._client.close()


def _finish(reason: str, *, refused: bool) -> FinishReason:
    if refused or reason == "content_filter":
        return FinishReason.REFUSED
    known = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}
    return known.get(reason, FinishReason.UNKNOWN)

"""One question to the server behind ``openai/MODEL``: a conversation and a schema, an answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from pytest_pet2rep.errors import MissingDependency, UsageProblem
from pytest_pet2rep.models.openai.connection import Connection
from pytest_pet2rep.models.openai.endpoint import find_endpoint
from pytest_pet2rep.models.openai.messages import generation_of
from pytest_pet2rep.models.registry import ModelSpec, ProviderSettings
from pytest_pet2rep.types import Generation


class ReaderServer:
    """The server of a second reader; may be asked from several threads."""

    def __init__(self, spec: ModelSpec, settings: ProviderSettings) -> None:
        """Find the endpoint; raises ``UsageProblem`` where reports may not be sent there."""
        if spec.provider != "openai":
            raise UsageProblem(f"{spec}: a second reader is written openai/MODEL")
        if find_spec("openai") is None:
            raise MissingDependency("openai/", "openai", "openai")
        self.name = str(spec)
        self._model = spec.name
        self._connection = Connection(find_endpoint(spec, settings), self.name)

    @property
    def identity(self) -> str:
        """What its answers are kept under: the model as it was asked for, and where."""
        return f"{self.name} at {self._connection.endpoint.base_url}"

    def ask(
        self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any], *, seed: int
    ) -> Generation:
        """Return the answer, whatever it is.

        Raises ``GenerationFailed`` if there is none, and ``UsageProblem`` if there will be none
        for any question: no connection, a refused key, an unknown model.
        """
        began = time.perf_counter()
        wanted = {"name": "uptake_states", "strict": True, "schema": dict(schema)}
        parameters: dict[str, Any] = {
            "model": self._model,
            "messages": list(messages),
            "temperature": 0.0,
            "seed": seed,
            "response_format": {"type": "json_schema", "json_schema": wanted},
        }
        connection = self._connection
        completion = connection.loop.run(connection.ask("", parameters))
        return generation_of(completion, images_sent=0, seconds=time.perf_counter() - began)

    def close(self) -> None:
        """Close the connections; callable twice."""
        self._connection.close()

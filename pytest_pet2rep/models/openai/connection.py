"""The way to one server: asked from any thread, one deadline per answer, errors told apart."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import GenerationFailed, GenerationTimeout, UsageProblem
from pytest_pet2rep.models.loop_thread import LoopThread
from pytest_pet2rep.models.openai.endpoint import Endpoint

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_HOPELESS = frozenset({401, 403, 404})
"""HTTP states that no other request will fare better with: key, rights, name of the model."""
_SECONDS_TO_CONNECT = 10.0


class Connection:
    """Sends requests to a server; nothing is sent before the first one is asked for.

    A key, a right or a model name that the server refuses, and a server that is not there, are
    hopeless if they are met before the first answer; later they concern one request.
    """

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self.endpoint = endpoint
        self.answered = False
        """The server has answered at least once, here or (as told) in another process."""
        self._name = name
        self._gone = False
        self._hopeless = ""
        self.loop = LoopThread("pet2rep-requests")

    @cached_property
    def _client(self) -> AsyncOpenAI:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient

        # A redirect could lead images of patients to another machine, and so could a proxy that
        # is set for everything.
        by_tls = self.endpoint.base_url.lower().startswith("https:")
        transport = DefaultAsyncHttpxClient(
            follow_redirects=False,
            trust_env=self.endpoint.proxied,
            verify=_trusted() if by_tls else True,
        )
        return AsyncOpenAI(
            base_url=self.endpoint.base_url,
            api_key=self.endpoint.api_key,
            max_retries=self.endpoint.retries,
            timeout=self.endpoint.timeout,
            http_client=transport,
        )

    def check_there(self) -> None:
        """Ask for the list of models, once, to learn early that there is no such server or key.

        Many servers have no such list, and some keys may not read it: neither says anything.
        Raises ``UsageProblem`` if nothing answers at the address, or if the key is refused.
        """
        self.loop.run(self._check_there())

    async def _check_there(self) -> None:
        import openai

        client = self._client.with_options(max_retries=0, timeout=_SECONDS_TO_CONNECT)
        try:
            await client.get("/models", cast_to=object)
        except openai.AuthenticationError as why:
            raise UsageProblem(
                f"{self._name}: the server answered HTTP 401: {self._told(why)}"
            ) from why
        except openai.APIConnectionError as why:
            cause = why.__cause__ or why
            if _untrusted(cause):
                raise UsageProblem(f"{self._name}: {self._distrust(cause)}") from why
            if "Connect" in type(cause).__name__:  # ConnectError, ConnectTimeout; no slow answer
                raise UsageProblem(
                    f"{self._name}: no server answers at {self.endpoint.base_url} "
                    f"({self._told(cause)}); start it, or name another one with "
                    f"--pet2rep-model-arg base_url=ADDRESS"
                ) from why
        except openai.OpenAIError:  # whatever it said, a server is there
            return

    def get_ready(self) -> None:
        """Load the client; nothing is sent."""
        self._client  # noqa: B018 (made on first use, which takes time)

    async def ask(self, about: str, parameters: Mapping[str, Any]) -> Any:
        """Return the completion that the server answers, whatever it holds.

        ``about`` begins the message of a failure (``case PET-0001: ``).  Raises
        ``GenerationFailed``, ``GenerationTimeout``, or ``UsageProblem`` where no request will
        ever be answered.
        """
        if self._hopeless:
            raise UsageProblem(f"{self._name}: {self._hopeless}")
        # A server that has gone is not waited for again and again: one try per request.
        client = self._client.with_options(max_retries=0) if self._gone else self._client
        try:
            async with asyncio.timeout(self.endpoint.timeout):
                completion = await client.chat.completions.create(**parameters)
        except Exception as why:
            raise self._failure(about, why) from why
        self.answered, self._gone = True, False
        if not getattr(completion, "choices", None):
            raise GenerationFailed(f"{about}the server answered without a choice")
        return completion

    def _failure(self, about: str, why: Exception) -> GenerationFailed | UsageProblem:
        import openai

        if isinstance(why, (TimeoutError, openai.APITimeoutError)):
            return GenerationTimeout(f"{about}no answer within {self.endpoint.timeout:g} s")
        if isinstance(why, openai.APIStatusError):
            self._gone = False
            said = f"{about}the server answered HTTP {why.status_code}: {self._told(why)}"
            return self._noted(said, hopeless=why.status_code in _HOPELESS)
        if isinstance(why, openai.APIConnectionError):
            cause = why.__cause__ or why
            self._gone = "ConnectError" in type(cause).__name__
            said = f"{about}the connection to {self.endpoint.base_url} failed: {self._told(cause)}"
            if _untrusted(cause):
                said = f"{about}{self._distrust(cause)}"
            return self._noted(said, hopeless=self._gone)
        return GenerationFailed(
            f"{about}the answer of the server makes no sense: {type(why).__name__}: "
            f"{self._told(why)}"
        )

    def _noted(self, said: str, *, hopeless: bool) -> GenerationFailed | UsageProblem:
        if not hopeless or self.answered:
            return GenerationFailed(said)
        self._hopeless = said
        return UsageProblem(f"{self._name}: {said}")

    def _distrust(self, why: BaseException) -> str:
        return (
            f"the certificate of {self.endpoint.base_url} is not trusted ({self._told(why)}): "
            f"if it is yours, name the file of its certificate authority (PEM) in the environment "
            f"variable SSL_CERT_FILE"
        )

    def _told(self, why: BaseException) -> str:
        text = " ".join(str(why).split()) or type(why).__name__
        return self.endpoint.without_key(text)[:300]

    def close(self) -> None:
        """Cancel what is under way and hang up; callable twice, and nothing is sent after it."""
        connected = "_client" in self.__dict__
        self.loop.close(self._client.close() if connected else None)


def _untrusted(why: BaseException) -> bool:
    """Whether the connection failed for the certificate of the server."""
    return "CERTIFICATE_VERIFY_FAILED" in str(why)


def _trusted() -> ssl.SSLContext | bool:
    """What certificates are held against; ``SSL_CERT_FILE`` counts also where no proxy does.

    Raises ``UsageProblem`` where that file cannot be read.
    """
    file = os.environ.get("SSL_CERT_FILE")
    if not file:
        return True
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as why:
        raise UsageProblem(f"SSL_CERT_FILE={file} holds no certificate to trust: {why}") from why

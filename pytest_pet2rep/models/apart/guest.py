"""A model as a worker sees it whose weights are in a process apart."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import GenerationFailed, UsageProblem
from pytest_pet2rep.models.apart.messages import Sign, decoded, error_of, key_of
from pytest_pet2rep.models.provider import Identity, Provider, Reply, ahead_of, takes_batches
from pytest_pet2rep.types import GenerationRequest

_SECONDS_TO_START = 60.0
_SECONDS_BETWEEN_TRIES = 0.05


class _Lost(Exception):
    """The process that holds the model is gone; ``begun``: while it was at these requests."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__()
        self.begun = begun


class ModelApart:
    """Says what ``model`` says of itself, and lets the process at ``address`` generate.

    ``model`` is never loaded here.  If that process dies over a report, this report is an error;
    its successor is asked for all others.
    """

    def __init__(self, model: Provider, address: Path) -> None:
        self._model = model
        self._address = address
        self._one_at_a_time = threading.Lock()
        self._connection: Connection | None = None

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def needs_images(self) -> bool:
        return self._model.needs_images

    @property
    def sees_reference(self) -> bool:
        return self._model.sees_reference

    @property
    def local_weights(self) -> bool:
        return False

    @property
    def kept_elsewhere(self) -> bool:
        return self._model.kept_elsewhere

    @property
    def identity(self) -> Identity:
        return self._model.identity

    @property
    def ahead(self) -> int:
        if not hasattr(self._model, "ahead"):
            raise AttributeError("ahead")
        return ahead_of(self._model)

    @property
    def batches(self) -> bool:
        return takes_batches(self._model)

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        with self._one_at_a_time:
            return self._generate(list(requests))

    def _generate(self, requests: list[GenerationRequest]) -> list[Reply]:
        while True:
            try:
                return self._asked(requests)
            except _Lost as why:
                self._hang_up()
                if not why.begun:
                    continue
            if len(requests) > 1:  # one of them did it
                return [reply for request in requests for reply in self._generate([request])]
            return [
                GenerationFailed(
                    f"case {requests[0].case_id}: the process that holds the model died while it "
                    f"generated this report; it is not tried again in this run"
                )
            ]

    def _asked(self, requests: list[GenerationRequest]) -> list[Reply]:
        connection = self._connected()
        begun = False
        try:
            connection.send(requests)
            sign, content = connection.recv()
            begun = sign is Sign.BEGUN
            while sign is Sign.BEGUN:
                sign, content = connection.recv()
        except (EOFError, OSError) as why:
            raise _Lost(begun=begun) from why
        if sign is not Sign.REPLIES:
            raise error_of(sign, content)
        return decoded(content)

    def _connected(self) -> Connection:
        """Raises ``UsageProblem`` where no process answers within a minute, or none can run."""
        latest = time.monotonic() + _SECONDS_TO_START
        while self._connection is None:
            with contextlib.suppress(EOFError, OSError):
                client: Any = Client(str(self._address), authkey=key_of(self._address.parent))
                self._connection = client
                break
            failed = self._address.with_suffix(".failed")
            if failed.exists():
                raise UsageProblem(f"{self.name}: {failed.read_text(encoding='utf-8')}")
            if time.monotonic() > latest or not self._address.parent.exists():
                raise UsageProblem(
                    f"{self.name}: the process that holds the model does not answer; the process "
                    f"that leads the run, which started it, may be gone"
                )
            time.sleep(_SECONDS_BETWEEN_TRIES)
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None

    def close(self) -> None:
        self._hang_up()
        self._model.close()

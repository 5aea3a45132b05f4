"""The process that holds a model: answers the workers one after the other until the run ends.

Started by :mod:`pytest_pet2rep.models.apart.processes`, which writes one line of JSON to its
standard input and keeps that open: its end is the end of the run, whatever ended it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from pytest_pet2rep.models.apart.messages import Sign, encoded, key_of, sign_of
from pytest_pet2rep.models.provider import Provider, ProviderSettings
from pytest_pet2rep.models.registry import load_provider
from pytest_pet2rep.models.secrets import without_secrets

READY = "ready"
_SECONDS_TO_END = 8.0


class Holder:
    """Takes requests from any number of connections to the one model, in the main thread.

    Some engines can only be used from the main thread, and no library is asked from two at once.
    """

    def __init__(self, provider: Provider, address: Path) -> None:
        self._provider = provider
        self._listener = Listener(
            str(address), family="AF_UNIX", backlog=64, authkey=key_of(address.parent)
        )
        self._jobs: queue.SimpleQueue[tuple[Connection, Any] | None] = queue.SimpleQueue()
        self._busy = False

    def run(self) -> None:
        """Answer until standard input ends."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for work in (self._accept, self._watch):
            threading.Thread(target=work, daemon=True).start()
        print(READY, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while (job := self._jobs.get()) is not None:
                self._answer(*job)
        self._provider.close()

    def _accept(self) -> None:
        while True:
            # Who does not know the key, or is gone again, is nobody's business.
            with contextlib.suppress(Exception):
                connection: Any = self._listener.accept()
                threading.Thread(target=self._listen, args=(connection,), daemon=True).start()

    def _listen(self, connection: Connection) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._jobs.put((connection, connection.recv()))

    def _watch(self) -> None:
        sys.stdin.read()
        self._jobs.put(None)
        if self._busy:  # with a report that nobody waits for
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(_SECONDS_TO_END)
        os._exit(0)

    def _answer(self, connection: Connection, requests: Any) -> None:
        try:
            connection.send((Sign.BEGUN, None))
        except OSError:
            return  # the worker is dead
        answer: tuple[Sign, Any]
        self._busy = True
        try:
            answer = (Sign.REPLIES, encoded(self._provider.generate(requests)))
        except Exception as why:
            text = str(why) if sign_of(why) is not Sign.DEFECT else f"{type(why).__name__}: {why}"
            answer = (sign_of(why), without_secrets(text))
        self._busy = False
        with contextlib.suppress(OSError):
            connection.send(answer)


def main() -> None:
    """Hold the model that the first line of standard input names."""
    job = json.loads(sys.stdin.readline())
    sets = {key: frozenset(job["settings"][key]) for key in ("allowed_hosts", "case_ids")}
    settings = ProviderSettings(**{**job["settings"], **sets})
    address = Path(job["address"])
    address.unlink(missing_ok=True)  # of one that held the place before and died
    Holder(load_provider(job["spec"], settings), address).run()


if __name__ == "__main__":
    main()

"""Reports that are made before anybody asks for them, while earlier ones are being checked.

Speed only: each report is still made once, by the store's doing, and what becomes of it does not
depend on who had it made.  The two ways are a pool of threads, for models that answer single
requests side by side, and batches, for models that answer many in one call.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Protocol

from pytest_pet2rep.errors import UsageProblem
from pytest_pet2rep.run.attempt import Attempt
from pytest_pet2rep.run.generating import ReportMaker, Wanted, WantedName

if TYPE_CHECKING:
    from pytest_pet2rep.models.provider import Provider

_THREADS_PER_REQUEST = 2
"""While one waits for an answer, another makes the images of the next or keeps the last one."""
SECONDS_TO_STOP = 5.0
_SECONDS_OF_A_TURN = 0.0005
"""A tenth of what Python gives a thread before another one gets its turn."""
_SCANNED = 4
"""So many times the size of a batch is looked through for reports that are missing."""


class Ahead(Protocol):
    """A way to get reports, some of them before they are asked for."""

    def get_ready(self, first: Wanted) -> None:
        """Load what the first report needs, before there is a hurry."""

    def expect(self, coming: Sequence[Wanted]) -> None:
        """Say which reports will be asked for from now on, the next one first."""

    def get(self, wanted: Wanted) -> Attempt:
        """Return a report; raises ``StoreError``."""

    def stop(self) -> None:
        """Begin nothing more; callable twice."""

    def join(self, seconds: float | None = SECONDS_TO_STOP) -> None:
        """Wait for what was under way when it was stopped: at most so long, or to its end."""


class OneByOne:
    """Nothing ahead: each report is made when it is asked for."""

    def __init__(self, maker: ReportMaker) -> None:
        self._maker = maker

    def get_ready(self, first: Wanted) -> None:
        """Nothing is in a hurry."""

    def expect(self, coming: Sequence[Wanted]) -> None:
        """Nothing comes of it."""

    def get(self, wanted: Wanted) -> Attempt:
        """Return a report; raises ``StoreError``."""
        return self._maker.make(wanted)

    def stop(self) -> None:
        """Nothing is under way."""

    def join(self, seconds: float | None = SECONDS_TO_STOP) -> None:
        """Nothing was under way."""


class InThreads:
    """``requests`` reports under way at once, each in a thread of its own.

    The threads are started by the first expectation, and never keep the process alive.
    """

    def __init__(self, maker: ReportMaker, requests: int) -> None:
        self._maker = maker
        self._size = requests * _THREADS_PER_REQUEST
        self._change = threading.Condition()
        self._coming: deque[Wanted] = deque()
        self._begun: dict[WantedName, Future[Attempt | None]] = {}
        self._threads: list[threading.Thread] = []
        self._stopped = False
        self._patience = sys.getswitchinterval()

    def get_ready(self, first: Wanted) -> None:
        """Load what judging and sending need: the first answers would all wait for it."""
        self._maker.get_ready(first)

    def expect(self, coming: Sequence[Wanted]) -> None:
        """Replace what is to come; what has begun goes on."""
        with self._change:
            self._coming = deque(one for one in coming if one.name not in self._begun)
            self._start_threads(len(self._coming))
            self._change.notify_all()

    def get(self, wanted: Wanted) -> Attempt:
        """Wait for a report, or make it where no thread has begun to.

        Raises ``StoreError``, and ``concurrent.futures.CancelledError`` once stopped.
        """
        with self._change:
            if self._stopped:
                raise CancelledError
            begun = self._begun.get(wanted.name)
            if begun is None:  # no thread is to take up what is made here
                self._coming = deque(one for one in self._coming if one.name != wanted.name)
        attempt = None if begun is None else begun.result()
        # ``None``: another process was making it when a thread looked.
        return self._maker.make(wanted) if attempt is None else attempt

    def _start_threads(self, wanted: int) -> None:
        # Items are checked without a pause; every answer that comes meanwhile waits this long,
        # several times over, for its turn in the interpreter.
        sys.setswitchinterval(_SECONDS_OF_A_TURN)
        while len(self._threads) < min(self._size, wanted) and not self._stopped:
            thread = threading.Thread(target=self._work, name="pet2rep-ahead", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            wanted, future = taken
            try:
                made = self._maker.make_many([wanted], at_most=1)
                future.set_result(made.get(wanted.name))
            except BaseException as why:
                future.set_exception(why)

    def _next(self) -> tuple[Wanted, Future[Attempt | None]] | None:
        with self._change:
            while not self._coming and not self._stopped:
                self._change.wait()
            if self._stopped:
                return None
            wanted = self._coming.popleft()
            future: Future[Attempt | None] = Future()
            self._begun[wanted.name] = future
            return wanted, future

    def stop(self) -> None:
        """Begin nothing more; callable twice."""
        with self._change:
            self._stopped = True
            self._coming.clear()
            self._change.notify_all()

    def join(self, seconds: float | None = SECONDS_TO_STOP) -> None:
        """Wait at most ``seconds`` in all for the threads to end."""
        sys.setswitchinterval(self._patience)
        deadline = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))


class InBatches:
    """Reports that are missing are made together with the next ones that are missing too."""

    def __init__(self, maker: ReportMaker, size: int) -> None:
        self._maker = maker
        self._size = size
        self._coming: deque[Wanted] = deque()
        self._made: dict[WantedName, Attempt] = {}

    def get_ready(self, first: Wanted) -> None:
        """Nothing is in a hurry: a batch waits for the weights first of all."""

    def expect(self, coming: Sequence[Wanted]) -> None:
        """Replace what is to come."""
        self._coming = deque(coming)

    def get(self, wanted: Wanted) -> Attempt:
        """Return a report, made in a batch with those that come next."""
        made = self._made.pop(wanted.name, None)
        if made is not None:
            return made
        following = [one for one in self._coming if one.name != wanted.name]
        unmade = [one for one in following if one.name not in self._made]
        candidates = [wanted, *unmade[: self._size * _SCANNED]]
        self._made.update(self._maker.make_many(candidates, at_most=self._size))
        # Another process may be making the one that is asked for: then it is waited for.
        return self._made.pop(wanted.name, None) or self._maker.make(wanted)

    def stop(self) -> None:
        """Nothing is under way unless somebody waits for it."""

    def join(self, seconds: float | None = SECONDS_TO_STOP) -> None:
        """Nothing was under way."""


def ahead_for(provider: Provider, maker: ReportMaker) -> Ahead:
    """Choose the way that ``provider`` likes its requests."""
    from pytest_pet2rep.models.provider import ahead_of, takes_batches

    try:
        at_once = ahead_of(provider)
    except UsageProblem:  # a model that cannot be made: said when its first report is asked for
        return OneByOne(maker)
    if provider.kept_elsewhere or not hasattr(provider, "ahead"):
        return OneByOne(maker)
    if takes_batches(provider):
        return InBatches(maker, at_once) if at_once > 1 else OneByOne(maker)
    # Even one at a time: the next report is written while this one is being checked.
    return InThreads(maker, at_once)

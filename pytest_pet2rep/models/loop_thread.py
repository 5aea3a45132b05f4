"""An event loop in a thread of its own: coroutines are run there for callers of any thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

T = TypeVar("T")
_SECONDS_TO_CANCEL = 5.0


class LoopThread:
    """Runs coroutines for any number of waiting threads; closed once, it stays closed.

    The thread is started by the first coroutine and ends with the process: nobody waits for it
    at exit.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what ``coroutine`` returns, or raise what it raises.

        Raises ``concurrent.futures.CancelledError`` once the loop is closed.  An interrupted
        caller (Ctrl-C) cancels the coroutine.
        """
        with self._guard:
            if self._closed:
                coroutine.close()
                raise CancelledError
            future = asyncio.run_coroutine_threadsafe(coroutine, self._running())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name=self._name, daemon=True
            )
            self._thread.start()
        return self._loop

    def close(self, last: Coroutine[Any, Any, object] | None = None) -> None:
        """Cancel what is under way, run ``last``, and end; callable twice."""
        with self._guard:
            closed, self._closed = self._closed, True
        if closed or self._loop is None or self._thread is None:
            if last is not None:
                last.close()
            return
        try:
            ending = asyncio.run_coroutine_threadsafe(_cancel_all(last), self._loop)
            ending.result(timeout=_SECONDS_TO_CANCEL)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=_SECONDS_TO_CANCEL)
            if not self._thread.is_alive():
                self._loop.close()


async def _cancel_all(last: Coroutine[Any, Any, object] | None) -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    if last is not None:
        await last
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()

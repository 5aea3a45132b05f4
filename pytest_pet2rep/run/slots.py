"""How many requests may be under way at once: of this process, and over all workers of a run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_pet2rep.cachefolder import cache_folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Which of the ``count`` workers of a run this process is; a serial run is the only one.

    A worker that takes the place of a dead one has an ``index`` of ``count`` or more.
    """

    index: int = 0
    count: int = 1


ALONE = Place()
"""The place of the only process of a serial run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one process may do of the ``total``: ``size`` requests at once, at least 1.

    Where there are more workers than requests, several share one of them: ``shared`` is its
    number.
    """

    size: int
    shared: int | None = None


def share_of(total: int, place: Place) -> Share:
    """Deal out ``total`` over the workers, the remainder to the first; the total is kept.

    >>> [share_of(8, Place(index=i, count=3)).size for i in range(3)]
    [3, 3, 2]
    >>> [share_of(2, Place(index=i, count=3)).shared for i in range(3)]
    [0, 1, 0]
    """
    each, more = divmod(total, place.count)
    if each == 0:
        return Share(size=1, shared=place.index % total)
    return Share(size=each + (place.index < more))


class Slots:
    """The requests that may be under way at once: whoever generates holds one meanwhile."""

    def __init__(self, share: Share, run_id: str) -> None:
        self._own = threading.Semaphore(share.size)
        self._shared = share.shared
        self._run_id = run_id

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a slot and hold it; raises ``OSError`` where none can be shared."""
        with self._own:
            if self._shared is None:
                yield
                return
            from filelock import FileLock

            path = cache_folder("slots") / f"{self._run_id[:32]}-{self._shared}.lock"
            with FileLock(path, mode=0o600):
                yield


def forget_slots(run_id: str) -> None:
    """Remove what the workers of a run shared, once they are gone."""
    for path in cache_folder("slots").glob(f"{run_id[:32]}-*.lock"):
        path.unlink(missing_ok=True)

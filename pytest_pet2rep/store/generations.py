"""Generations on disk: each report is made exactly once, whoever asks and however often.

One generation is two files named by its key, in a folder named by the first two digits of it::

    3f/3f9a….json   what the model returned, with finish reason, usage and facts for people
    3f/3f9a….txt    the raw text alone, for people

Two more may stand beside them: ``….lock`` (advisory, correctness does not depend on it) and
``….attempt``, the tombstone: written before a generation starts and removed when it ends in
any way but the death of the process.  Who finds a tombstone of its own run knows that a process
died over this report and does not try again; a new run gets a new chance.

An answer that only its own run may use has the run in its name, ``3f9a….run-4be1….json``: two
runs that share a folder never write over each other's.

Files are private (0600): reports may hold patient data.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import GenerationFailed, GenerationTimeout, StoreError
from pytest_pet2rep.types import FinishReason, Generation, Outcome, Usage

FORMAT = 1
"""Version of the stored JSON; other versions are treated as absent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A stored answer: a generation, or the failure that took its place in this run."""

    key: str
    path: Path
    """The text file (raw text) of the generation, or the JSON file of a failure."""
    generation: Generation | None = None
    failure: Outcome | None = None
    reason: str = ""
    made_now: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerationStore:
    """A folder of generations shared by all processes of a run, and by later runs.

    ``run`` names the run: an answer that must not be reused by another run (a failure, an empty
    or cut-off text, or one of a model whose identity cannot be known) is reused only within it.
    """

    root: Path
    run: str
    only_this_run: bool = False
    """The model's identity is not verified: reuse nothing of other runs."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Written into every entry for people who look at the folder."""

    def find(self, key: str) -> Stored | None:
        """Return the stored answer for ``key``, or ``None`` if this run may not use one."""
        own = self._entry_at(self._own(key))
        if own is not None:
            return self._decode(self._own(key), key, own)
        if self.only_this_run:
            return None
        shared = self._entry_at(key)
        return None if shared is None else self._decode(key, key, shared)

    def _entry_at(self, name: str) -> dict[str, Any] | None:
        path = self._path(name, "json")
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as why:
            raise StoreError(f"cannot read the stored generation {path}: {why}") from why
        except ValueError:
            return None  # torn by a crash of the machine: as if it were not there
        return entry if isinstance(entry, dict) and entry.get("format") == FORMAT else None

    def _own(self, key: str) -> str:
        """Name of an answer that only this run may use."""
        return f"{key}.run-{self.run[:16]}"

    def obtain(
        self, key: str, make: Callable[[], Generation], *, reusable: Callable[[Generation], bool]
    ) -> Stored:
        """Return the answer stored for ``key``; if there is none, ``make`` it, exactly once.

        ``make`` may raise ``GenerationFailed``: the failure is stored for this run.  A process
        that died in ``make`` leaves a tombstone, which becomes an ``error`` for this run.
        Raises ``StoreError`` if the folder cannot be written.
        """
        found = self.find(key)
        if found is not None:
            return found
        from filelock import FileLock

        folder = self._path(key, "json").parent
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(exist_ok=True, mode=0o700)
            lock = FileLock(self._path(key, "lock"), mode=0o600)
            with lock:
                return self.find(key) or self._make(key, make, reusable)
        except OSError as why:
            raise StoreError(
                f"cannot write the store of generations in {self.root}: {why}; free space there "
                f"or choose another folder with --pet2rep-store"
            ) from why

    def _make(
        self, key: str, make: Callable[[], Generation], reusable: Callable[[Generation], bool]
    ) -> Stored:
        tombstone = self._path(self._own(key), "attempt")
        if tombstone.exists():
            return self._keep_failure(key, Outcome.ERROR, _died_over(tombstone))
        self._write(tombstone, json.dumps({"pid": os.getpid()}))
        try:
            generation = make()
        except GenerationFailed as why:
            timeout = isinstance(why, GenerationTimeout)
            return self._keep_failure(key, Outcome.TIMEOUT if timeout else Outcome.ERROR, str(why))
        else:
            shared = reusable(generation) and not self.only_this_run
            name = key if shared else self._own(key)
            self._write(self._path(name, "txt"), generation.raw)
            entry = self._publish(name, generation=_encode(generation))
            return self._decode(name, key, entry, made_now=True)
        finally:
            tombstone.unlink(missing_ok=True)

    def _keep_failure(self, key: str, failure: Outcome, reason: str) -> Stored:
        name = self._own(key)
        entry = self._publish(name, failure=failure, reason=reason)
        return self._decode(name, key, entry, made_now=True)

    def _publish(self, name: str, **answer: Any) -> dict[str, Any]:
        entry = {
            "format": FORMAT,
            "run": self.run,
            "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "facts": dict(self.facts),
            **answer,
        }
        self._write(self._path(name, "json"), json.dumps(entry, ensure_ascii=True, sort_keys=True))
        return entry

    def _write(self, path: Path, text: str) -> None:
        """Write privately and appear at once: no reader ever sees half a file."""
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
        try:
            with os.fdopen(
                handle, "w", encoding="utf-8", errors="surrogatepass", newline=""
            ) as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _path(self, name: str, suffix: str) -> Path:
        return self.root / name[:2] / f"{name}.{suffix}"

    def _decode(
        self, name: str, key: str, entry: Mapping[str, Any], made_now: bool = False
    ) -> Stored:
        if entry.get("failure"):
            return Stored(
                key=key,
                path=self._path(name, "json"),
                failure=Outcome(entry["failure"]),
                reason=entry["reason"],
                made_now=made_now,
            )
        answer = entry["generation"]
        generation = Generation(
            **{
                **answer,
                "finish_reason": FinishReason(answer["finish_reason"]),
                "usage": Usage(**answer["usage"]),
            }
        )
        return Stored(
            key=key, path=self._path(name, "txt"), generation=generation, made_now=made_now
        )


def _died_over(tombstone: Path) -> str:
    try:
        pid = json.loads(tombstone.read_text(encoding="utf-8")).get("pid", "unknown")
    except (OSError, ValueError):
        pid = "unknown"
    return (
        f"the process that was generating this report (pid {pid}) died; it is not tried again in "
        f"this run"
    )


def _encode(generation: Generation) -> dict[str, Any]:
    return {
        "raw": generation.raw,
        "finish_reason": str(generation.finish_reason),
        "usage": {
            "prompt_tokens": generation.usage.prompt_tokens,
            "completion_tokens": generation.usage.completion_tokens,
        },
        "images_sent": generation.images_sent,
        "images_consumed": generation.images_consumed,
        "seconds": generation.seconds,
        "origin": generation.origin,
    }

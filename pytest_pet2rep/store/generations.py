"""Generations on disk: each report is made exactly once, whoever asks and however often.

A generation is a line of the journal (``store.journal``) and a file with its raw text
(``store.texts``).  Under the lock of its key the store looks, else generates, else publishes: the
text first, then the line.  A tombstone (``store.attempts``) tells who died over a report.

An answer that only its own run may use carries ``shared: false``: two runs that share a folder
never take each other's.  A run that was killed is taken up again under its own id with the next
``take``: its answers are its own still, and what died in an earlier take gets another chance.

Files are private (0600): reports may hold patient data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_pet2rep.errors import GenerationFailed, GenerationTimeout, StoreError
from pytest_pet2rep.store.attempts import Tombstones, is_full, only_one
from pytest_pet2rep.store.entries import (
    USABLE,
    Origin,
    Stored,
    failure_entry,
    generation_entry,
    generation_of,
)
from pytest_pet2rep.store.journal import Entry, Journal
from pytest_pet2rep.store.migration import check_format, stamp_format
from pytest_pet2rep.store.texts import Texts, text_digest
from pytest_pet2rep.types import Generation, Outcome

__all__ = ["GenerationStore", "Reply", "Stored"]

Reply = Generation | GenerationFailed
"""What became of one request; ``GenerationTimeout`` is a ``GenerationFailed``."""

Judge = Callable[[Generation], str]
"""Names the outcome of a generation, ``usable`` or why there is no report in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """One answer that is wanted, and on which terms it is kept."""

    key: str
    reusable: Callable[[Generation], bool]
    about: Mapping[str, Any]
    judge: Judge | None

    def outcome(self, generation: Generation) -> str:
        """Name what came of a generation: ``usable``, or why no later run may have it."""
        judged = self.judge(generation) if self.judge is not None else USABLE
        return judged if judged != USABLE or self.reusable(generation) else "not_reusable"


class GenerationStore:
    """A folder of generations shared by all processes of a run, and by later runs.

    ``run`` names the run, ``take`` how often it was taken up again: an answer that must not be
    reused by another run (a failure, an empty or cut-off text, or one of a model whose identity
    cannot be known: ``only_this_run``) is reused only within it.  ``facts`` are written into
    every entry, for people.  With ``retry_errors``, errors and timeouts of earlier takes do not
    count.  Safe to use from several threads.
    """

    def __init__(
        self,
        *,
        root: Path,
        run: str,
        only_this_run: bool = False,
        facts: Mapping[str, Any] | None = None,
        take: int = 0,
        retry_errors: bool = False,
    ) -> None:
        self.root = Path(root)
        self.run = run
        self.take = take
        self.only_this_run = only_this_run
        self.retry_errors = retry_errors
        self.facts = dict(facts or {})
        self._journal = Journal(self.root)
        self._texts = Texts(root=self.root)
        self._tombstones = Tombstones(root=self.root, run=run, take=take)
        self._checked = False
        self._damaged: set[str] = set()

    def find(
        self,
        key: str,
        *,
        reusable: Callable[[Generation], bool] = lambda _: True,
        judge: Judge | None = None,
    ) -> Stored | None:
        """Return the stored answer for ``key``, or ``None`` if this run may not use one.

        With ``reusable`` and ``judge`` as for :meth:`obtain`, it is what that would return.
        Raises ``StoreError`` if the store cannot be read.
        """
        return self._find(_Wish(key=key, reusable=reusable, about={}, judge=judge))

    def text(self, digest: str) -> str | None:
        """Return the raw text that a file of the store is named by, ``None`` if it is not there.

        Raises ``StoreError`` if it cannot be read.
        """
        try:
            return self._texts.read(digest)
        except OSError as why:
            raise StoreError(f"cannot read {self._texts.path(digest)}: {why}") from why

    def obtain(
        self,
        key: str,
        make: Callable[[], Generation],
        *,
        reusable: Callable[[Generation], bool],
        about: Mapping[str, Any] | None = None,
        judge: Judge | None = None,
    ) -> Stored:
        """Return the answer stored for ``key``; if there is none, ``make`` it, exactly once.

        ``make`` may raise ``GenerationFailed``: the failure is stored for this run.  A process
        that died in ``make`` leaves a tombstone, which becomes an ``error`` for this take of the
        run.  Other runs may use an answer that is ``reusable`` and that ``judge`` calls usable,
        asked when it is written and again when it is read.  ``about`` is for people who look
        into the store.
        Raises ``StoreError`` if the folder cannot be written.
        """
        wish = _Wish(key=key, reusable=reusable, about=about or {}, judge=judge)
        with ExitStack() as held:
            claimed = self._claim(wish, held, wait=True)
            if isinstance(claimed, Stored):
                return claimed
            return self._publish(wish, _reply_of(make))

    def obtain_many(
        self,
        keys: Sequence[str],
        make_many: Callable[[Sequence[str]], Iterable[tuple[str, Reply]]],
        *,
        reusable: Callable[[Generation], bool],
        about: Mapping[str, Mapping[str, Any]] | None = None,
        judge: Mapping[str, Judge] | None = None,
    ) -> dict[str, Stored]:
        """Make together what of ``keys`` nobody has made and nobody is making.

        ``make_many`` gets these keys, in order, and yields replies in any order; each is
        published as it comes.  Returns the answers that there are now: a key that another thread
        or process is making has none, and is not waited for.  Raises ``StoreError``.
        """
        wishes = {
            key: _Wish(
                key=key,
                reusable=reusable,
                about=(about or {}).get(key, {}),
                judge=(judge or {}).get(key),
            )
            for key in keys
        }
        found: dict[str, Stored] = {}
        with ExitStack() as everything:
            held: dict[str, ExitStack] = {}
            for key, wish in wishes.items():
                stack = everything.enter_context(ExitStack())
                claimed = self._claim(wish, stack, wait=False)
                if isinstance(claimed, Stored):
                    found[key] = claimed
                elif claimed:
                    held[key] = stack
            for key, reply in make_many(tuple(held)) if held else ():
                found[key] = self._publish(wishes[key], reply)
                held.pop(key).close()
        return found

    def _claim(self, wish: _Wish, stack: ExitStack, *, wait: bool) -> Stored | bool:
        """Return the answer to a wish, else whether it is now ours to make until ``stack`` ends."""
        found = self._find(wish)
        if found is not None:
            return found
        with self._said_as_store_errors():
            if not stack.enter_context(only_one(self.root, wish.key, wait=wait)):
                return False
            found = self._find(wish) or self._death(wish)
            if found is not None:
                stack.close()
                return found
            stamp_format(self.root)
            self._tombstones.raise_over(wish.key)
            stack.callback(self._tombstones.remove, wish.key)
            return True

    def _find(self, wish: _Wish) -> Stored | None:
        self._check()
        try:
            entries = self._journal.entries(wish.key)[::-1]
            own = [entry for entry in entries if entry["run"] == self.run and self._counts(entry)]
            others = [entry for entry in entries if entry["shared"] and not self.only_this_run]
            for entry in (*own, *others):
                found = self._stored(entry)
                if found is None:
                    continue
                generation = found.generation
                if entry["run"] == self.run or generation is None:
                    return found
                if wish.outcome(generation) == USABLE:
                    return found
        except OSError as why:
            raise StoreError(f"cannot read the store of generations in {self.root}: {why}") from why
        return None

    def _counts(self, entry: Entry) -> bool:
        """Say whether an entry of this run still counts in this take of it."""
        earlier_failure = entry.get("text") is None and entry["take"] < self.take
        return not (earlier_failure and (entry["died"] or self.retry_errors))

    def _stored(self, entry: Entry, made_now: bool = False) -> Stored | None:
        """Return what an entry stands for, ``None`` if its text is lost."""
        key, text = entry["key"], entry.get("text")
        skipped = (*self._journal.skipped(key), *sorted(self._damaged))
        if text is None:
            return Stored(
                key=key,
                path=self._journal.path(key),
                failure=Outcome(entry["outcome"]),
                reason=entry["reason"],
                made_now=made_now,
                skipped=skipped,
            )
        raw = self._texts.read(text)
        if raw is None:
            self._damaged.add(f"texts/{text[:2]}/{text}.txt")
            return None
        return Stored(
            key=key,
            path=self._texts.path(text),
            generation=generation_of(entry, raw),
            made_now=made_now,
            skipped=skipped,
        )

    def _check(self) -> None:
        if not self._checked:
            check_format(self.root)
            self._checked = True

    def _death(self, wish: _Wish) -> Stored | None:
        """If a process of this take died over ``key``, keep that as its failure."""
        who = self._tombstones.died_over(wish.key)
        if not who:
            return None
        reason = (
            f"the process that was generating this report ({who}) died; it is not tried again in "
            f"this run, but by its resume (--pet2rep-resume)"
        )
        origin = self._origin(wish)
        entry = failure_entry(wish.key, Outcome.ERROR, reason, origin, died=True)
        self._journal.append(entry)
        self._tombstones.remove(wish.key)
        return self._stored(entry, made_now=True)

    def _publish(self, wish: _Wish, reply: Reply) -> Stored:
        if isinstance(reply, GenerationFailed):
            failure = Outcome.TIMEOUT if isinstance(reply, GenerationTimeout) else Outcome.ERROR
            entry = failure_entry(wish.key, failure, str(reply), self._origin(wish))
        else:
            outcome = wish.outcome(reply)
            entry = generation_entry(
                wish.key,
                reply,
                self._origin(wish),
                text=text_digest(reply.raw),
                shared=outcome == USABLE and not self.only_this_run,
                outcome=outcome,
            )
        with self._said_as_store_errors():
            self._with_reserve(wish.key, entry, reply)
        stored = self._stored(entry, made_now=True)
        if stored is None:
            raise StoreError(f"a text that was just written to {self.root} is not there")
        return stored

    def _with_reserve(self, key: str, entry: Entry, reply: Reply) -> None:
        """Write; on a disk that is full, into the room that the tombstone held."""
        try:
            self._write(entry, reply)
        except OSError as why:
            if not is_full(why):
                raise
            self._tombstones.remove(key)
            self._write(entry, reply)

    def _write(self, entry: Entry, reply: Reply) -> None:
        """Make a text safe, and only then say that there is one."""
        if isinstance(reply, Generation):
            self._texts.write(reply.raw)
        self._journal.append(entry)

    def _origin(self, wish: _Wish) -> Origin:
        return Origin(run=self.run, take=self.take, facts={**self.facts, **wish.about})

    @contextmanager
    def _said_as_store_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as why:
            raise StoreError(
                f"cannot write the store of generations in {self.root}: {why}; free space there "
                f"or choose another folder with --pet2rep-store"
            ) from why


def _reply_of(make: Callable[[], Generation]) -> Reply:
    try:
        return make()
    except GenerationFailed as why:
        return why

"""A second reader of reports: a language model, asked under a strict schema, its answers kept.

It reads organ states of one organ list and nothing finer; it never takes part in a score.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from pytest_pet2rep.run.second_reader.answer import Questions, UnusableAnswer
from pytest_pet2rep.run.second_reader.server import ReaderServer
from pytest_pet2rep.store.generations import GenerationStore, Stored
from pytest_pet2rep.types import FinishReason, Generation, States

ATTEMPTS = 2
"""An unusable answer is asked for once again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondReading:
    """What the second reader made of one text."""

    states: Mapping[str, States] | None
    """Organ id of the organ list -> states; ``None``: unreadable."""
    problem: str = ""
    """Why it is unreadable."""


class SecondReader:
    """A model that reads reports; equal questions are asked once, ever.

    Answers are kept in ``folder`` by model, digest of the prompt and digest of the text.  With
    ``fresh`` nothing of earlier runs is used.
    """

    def __init__(
        self, server: ReaderServer, questions: Questions, folder: Path, *, fresh: bool = False
    ) -> None:
        self.questions = questions
        self._server = server
        self._store = GenerationStore(
            root=folder,
            run=uuid4().hex,
            only_this_run=fresh,
            facts={"reader": server.identity, "organs": questions.profile.label},
        )

    @property
    def signature(self) -> str:
        """Model, organ list and digest of the prompt."""
        prompt = self.questions.digest[:12]
        return f"llm:{self._server.name}|{self.questions.profile.label}|prompt:{prompt}"

    def read_all(self, texts: Sequence[str], concurrency: int = 8) -> Iterator[SecondReading]:
        """Read texts, several at once, in their order.

        Raises ``UsageProblem`` as soon as no question can be answered, and ``StoreError``.
        """
        with ThreadPoolExecutor(max_workers=concurrency) as pool:
            yield from pool.map(self.read, texts)

    def read(self, text: str) -> SecondReading:
        """Read one text; an answer that cannot be used twice makes it unreadable."""
        messages = self.questions.messages(text)
        problem = ""
        for attempt in range(ATTEMPTS):
            stored = self._answer(text, messages, attempt)
            if stored.generation is None:
                return SecondReading(states=None, problem=stored.reason)
            try:
                return SecondReading(states=self._states(stored.generation))
            except UnusableAnswer as why:
                problem = str(why)
                messages = self.questions.messages_again(text, stored.generation.raw, problem)
        return SecondReading(states=None, problem=f"its answer cannot be used: {problem}")

    def _answer(self, text: str, messages: list[dict[str, str]], attempt: int) -> Stored:
        return self._store.obtain(
            self._key(text, attempt),
            lambda: self._server.ask(messages, self.questions.schema, seed=attempt),
            reusable=self._is_usable,
        )

    def _key(self, text: str, attempt: int) -> str:
        parts: list[Any] = [
            "second reader",
            self._server.identity,
            self.questions.digest,
            hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            attempt,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _states(self, answer: Generation) -> dict[str, States]:
        if answer.finish_reason is FinishReason.REFUSED:
            raise UnusableAnswer("it is a refusal")
        return self.questions.states_in(answer.raw)

    def _is_usable(self, answer: Generation) -> bool:
        try:
            self._states(answer)
        except UnusableAnswer:
            return False
        return True

"""``replay/FILE``: score outputs that exist already, matched by case id, never by position."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pytest_pet2rep.errors import GenerationFailed, UsageProblem
from pytest_pet2rep.models.outputs import Outputs, read_outputs
from pytest_pet2rep.models.provider import Identity, ProviderSettings, Reply
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.types import Generation, GenerationRequest


class Replay:
    """Answers each request with the text that a file of outputs has for its case."""

    needs_images = False
    sees_reference = False
    local_weights = False
    kept_elsewhere = True

    def __init__(self, name: str, path: Path, settings: ProviderSettings) -> None:
        self.name = name
        self._path = path
        self._fields = settings.arguments("replay", ("id", "text"))
        self._wanted = settings.case_ids

    @cached_property
    def outputs(self) -> Outputs:
        """The file, read on first use; raises ``DataProblem``."""
        return read_outputs(
            self._path,
            id_field=self._fields.get("id", ""),
            text_field=self._fields.get("text", ""),
        )

    @property
    def identity(self) -> Identity:
        return Identity(text=f"replay:{self.outputs.digest}", verified=True)

    @property
    def missing(self) -> tuple[str, ...]:
        """Cases of the run for which the file has no line, sorted."""
        return tuple(sorted(self._wanted - self.outputs.case_ids))

    @property
    def surplus(self) -> tuple[str, ...]:
        """Ids in the file that are no case of the run, sorted; empty where the run is unknown."""
        return tuple(sorted(self.outputs.case_ids - self._wanted)) if self._wanted else ()

    @property
    def repeats(self) -> int:
        """Most answers that the file has to one case of the run."""
        wanted = self._wanted or self.outputs.case_ids
        return 1 + max((n for case, n in self.outputs.lines if case in wanted), default=0)

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        return [self._reply(request) for request in requests]

    def _reply(self, request: GenerationRequest) -> Reply:
        line = self.outputs.lines.get((request.case_id, request.repeat))
        if line is None:
            which = f", repeat {request.repeat}" if request.repeat else ""
            return GenerationFailed(f"no line for case {request.case_id}{which} in {self._path}")
        return Generation(raw=line.text, finish_reason=line.finish_reason, origin=line.origin)

    def close(self) -> None:
        return


def open_replay(spec: ModelSpec, settings: ProviderSettings) -> Replay:
    """Open and read ``replay/FILE``.

    Raises ``UsageProblem`` if there is no such file and ``DataProblem`` for a line that is none.

    Model arguments ``id`` and ``text`` name the two fields where detection would go wrong.
    """
    path = Path(spec.target).expanduser()
    if not path.is_file():
        raise UsageProblem(f"{spec}: there is no file {path} (from {Path.cwd()})")
    replay = Replay(str(spec), path, settings)
    replay.outputs  # noqa: B018 (a bad line is said now, not in the middle of a run)
    return replay

"""The provider around a model of the transformers library."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property

from pytest_pet2rep.models.apart.placement import Placement
from pytest_pet2rep.models.hf.arguments import read_arguments
from pytest_pet2rep.models.hf.generating import Batches, give_memory_back
from pytest_pet2rep.models.hf.loading import Loaded, load, need_libraries, quiet
from pytest_pet2rep.models.hf.source import Source, find_source, identity_of
from pytest_pet2rep.models.provider import Identity, ProviderSettings, Reply
from pytest_pet2rep.models.registry import ModelSpec
from pytest_pet2rep.types import GenerationRequest


class HuggingFaceModel:
    """A model of the transformers library; weights are loaded on the first generation."""

    needs_images = True
    sees_reference = False
    local_weights = True
    kept_elsewhere = False
    batches = True

    def __init__(self, spec: ModelSpec, settings: ProviderSettings) -> None:
        self.name = str(spec)
        self._spec = spec
        self._settings = settings
        self._arguments = read_arguments(spec.provider, settings)
        self._one_at_a_time = threading.Lock()

    @property
    def ahead(self) -> int:
        """Requests that make one batch."""
        return self._arguments.batch_size

    @property
    def placement(self) -> Placement:
        """Which devices one copy of the weights takes."""
        arguments = self._arguments
        return Placement(
            devices=0 if arguments.device_map else 1,
            processes_per_device=arguments.processes_per_device,
            named=not arguments.device_map and arguments.device != "auto",
        )

    @cached_property
    def source(self) -> Source:
        """Folder, or repository at its commit."""
        return find_source(self._spec, self._settings)

    @cached_property
    def identity(self) -> Identity:
        facts = ["hf", identity_of(self.source), *self._arguments.facts]
        return Identity(text=";".join(facts), verified=True)

    @cached_property
    def loaded(self) -> Loaded:
        """Model and processor; raises ``UsageProblem`` if they cannot be loaded."""
        return load(
            self._spec,
            self.source,
            self._arguments,
            trust_remote_code=self._settings.trust_remote_code,
        )

    @cached_property
    def _batches(self) -> Batches:
        return Batches(self.loaded, self._arguments.batch_size)

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        """Generate ``batch_size`` reports at a time; fewer from then on where memory ends."""
        with self._one_at_a_time, quiet():
            return self._batches.replies(requests)

    def close(self) -> None:
        self.__dict__.pop("_batches", None)
        if self.__dict__.pop("loaded", None) is not None:
            give_memory_back()


def open_hf(spec: ModelSpec, settings: ProviderSettings) -> HuggingFaceModel:
    """Open ``hf/NAME-OR-PATH[@REVISION]``.

    Looks at once for the libraries and the folder, so that a mistake ends the run before it
    began; weights are loaded on first use.
    """
    need_libraries(spec)
    model = HuggingFaceModel(spec, settings)
    _ = model.source
    return model

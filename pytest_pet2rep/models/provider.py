"""What every model under test looks like from outside, whatever is behind it.

A batch never fails as a whole because of one case: ``generate`` returns one :data:`Reply` per
request, in order, and a failure is a value in that list, not an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pytest_pet2rep.errors import GenerationFailed, UnknownName
from pytest_pet2rep.types import Case, Generation, GenerationRequest, Section

Reply = Generation | GenerationFailed
"""What became of one request; ``GenerationTimeout`` is a ``GenerationFailed``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What a stored generation is known by.

    ``text`` enters the store key.  It is ``verified`` if it was computed from what generates (a
    resolved commit, a digest of weights or of a file), and ``stated`` if it only repeats a
    revision that the user gave.
    """

    text: str
    verified: bool
    stated: bool = False

    @property
    def reusable(self) -> bool:
        """Whether generations stored under it may serve a later run."""
        return self.verified or self.stated


@dataclass(frozen=True, kw_only=True, slots=True)
class CohortInView:
    """The cohort as the baselines see it that draw on other patients; a model never gets it."""

    cases: Callable[[], Sequence[Case]] = tuple
    """All cases of the cohort, whatever part of it is run; read when first asked for."""
    organs: str = "pet2rep19"
    """Name of the organ list, as for ``anatomy.load_profile``."""
    section: Section = Section.FINDINGS


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSettings:
    """What the options say about the model, besides its name."""

    model_args: Mapping[str, str] = field(default_factory=dict)
    """``--pet2rep-model-arg KEY=VALUE``; each provider says which keys it knows."""
    revision: str = ""
    """``--pet2rep-model-revision``: what the user vouches for where nothing can be digested."""
    trust_remote_code: bool = False
    """Run code that comes with the weights; refused without a pinned revision."""
    offline: bool = False
    """Nothing may leave this machine."""
    private: bool = True
    """The cohort holds private cases, which may go to ``allowed_hosts`` only."""
    allowed_hosts: frozenset[str] = frozenset()
    """``--pet2rep-allow-remote=HOST``: other machines that private cases may go to."""
    concurrency: int = 8
    """Requests to a server under way at once, from this process."""
    service: Mapping[str, Any] = field(default_factory=dict)
    """What :func:`open_service` found once for the whole run; empty where nobody has asked."""
    case_ids: frozenset[str] = frozenset()
    """Ids of the cases of this run, where they are known."""
    model_process: Path | None = None
    """Where the process answers that holds local weights for this worker (``models/apart``)."""
    cohort: CohortInView = CohortInView()

    def arguments(
        self, provider: str, known: Iterable[str], *, prefixes: tuple[str, ...] = ()
    ) -> Mapping[str, str]:
        """The model arguments; raises ``UnknownName`` for one that the provider does not know.

        What follows one of ``prefixes`` (``chat_template.``) is not checked here.
        """
        names = tuple(known)
        for key in self.model_args:
            behind_prefix = any(key.startswith(prefix) and key != prefix for prefix in prefixes)
            if key not in names and not behind_prefix:
                every = (*names, *(f"{prefix}KEY" for prefix in prefixes))
                raise UnknownName("model argument", key, every, f"(of {provider}/)")
        return self.model_args


class Provider(Protocol):
    """A model under test.

    Five more members are optional, because most models do not need them; they are read through
    :func:`ahead_of`, :func:`takes_batches`, :func:`open_service` and :func:`prepare`:

    - ``ahead: int``: how many requests it likes to be handed at once (absent: 1);
    - ``batches: bool``: whether it wants those in one call of ``generate`` (it makes a batch of
      them), or one call per request, from several threads (absent: false);
    - ``open_service(example)``: makes sure that what stands behind it is there (absent: nothing
      does);
    - ``prepare(request)``: does what can be done before a request may be sent (absent: nothing);
    - ``placement: Placement`` (``models/apart/placement.py``): which devices one copy of its
      local weights takes (absent: one device, one copy).
    """

    @property
    def name(self) -> str:
        """The spec that it was asked for by, e.g. ``hf/Qwen/Qwen2.5-VL-7B-Instruct``."""

    @property
    def needs_images(self) -> bool:
        """Volumes are made and rendered only if true."""

    @property
    def sees_reference(self) -> bool:
        """``GenerationRequest.reference`` is filled only if true."""

    @property
    def local_weights(self) -> bool:
        """Takes memory of this machine: one per device, not one per worker."""

    @property
    def kept_elsewhere(self) -> bool:
        """Its texts lie in files already or cost nothing: storing them would only copy them."""

    @property
    def identity(self) -> Identity:
        """May cost a file digest on first use, never the loading of the model."""

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        """One reply per request, in order.

        Raises only what makes every further request pointless (``UsageProblem``,
        ``DataProblem``); what concerns one case is returned as ``GenerationFailed``.
        """

    def close(self) -> None:
        """Free what it holds; callable twice."""


def ahead_of(provider: Provider) -> int:
    """Requests that ``provider`` likes to be handed at once, at least 1."""
    return max(1, int(getattr(provider, "ahead", 1)))


def takes_batches(provider: Provider) -> bool:
    """Whether what is handed over at once goes into one call of ``generate``.

    Otherwise each request is a call of its own, and calls may come from several threads.
    """
    return bool(getattr(provider, "batches", False))


def open_service(
    provider: Provider, example: Callable[[], GenerationRequest | None]
) -> Mapping[str, Any]:
    """Let ``provider`` check, before the first report, that what stands behind it is there.

    Called once per run, in the process that leads it; ``example`` gives a request of the run.
    Returns plain facts for the providers of the other processes (``ProviderSettings.service``).
    Raises ``UsageProblem`` where no request will be answered.
    """
    opened = getattr(provider, "open_service", None)
    return {} if opened is None else dict(opened(example))


def prepare(provider: Provider, request: GenerationRequest) -> None:
    """Let ``provider`` do, before it is its turn, whatever does not ask the model."""
    prepared = getattr(provider, "prepare", None)
    if prepared is not None:
        prepared(request)


def generate_one(provider: Provider, request: GenerationRequest) -> Generation:
    """Generate for one case; raises ``GenerationFailed`` or ``GenerationTimeout``."""
    (reply,) = provider.generate([request])
    if isinstance(reply, GenerationFailed):
        raise reply
    return reply


def with_all_images_seen(generation: Generation, case_id: str) -> Reply:
    """The generation, or a failure if the model is known to have seen fewer or more images."""
    consumed = generation.images_consumed
    if consumed is None or consumed == generation.images_sent:
        return generation
    return GenerationFailed(
        f"case {case_id}: {generation.images_sent} images were sent but the model took in "
        f"{consumed}; its text says nothing about this case"
    )

"""The words of the house as types: what a case, a reading, a generation and a record are.

Frozen and keyword-only; every field says its unit.  Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class UptakeState(StrEnum):
    """What a report says of the tracer uptake of an organ.

    ``UNSTATED`` is a fifth value, never silently ``NORMAL``: the organ is not mentioned, or
    mentioned without a word on uptake.
    """

    INCREASED = "increased"
    DECREASED = "decreased"
    ABSENT = "absent"
    NORMAL = "normal"
    UNSTATED = "unstated"


ABNORMAL_STATES: tuple[UptakeState, ...] = (
    UptakeState.INCREASED,
    UptakeState.DECREASED,
    UptakeState.ABSENT,
)

States = frozenset[UptakeState]
"""The states of one organ: ``{UNSTATED}``, ``{NORMAL}``, or one or more abnormal ones."""

UNSTATED: States = frozenset({UptakeState.UNSTATED})
NORMAL: States = frozenset({UptakeState.NORMAL})


class Side(StrEnum):
    """Side of the patient, not of the image."""

    NONE = "none"
    LEFT = "left"
    RIGHT = "right"
    BILATERAL = "bilateral"


class Certainty(StrEnum):
    """How sure the report is that the state holds (not what causes it)."""

    DEFINITE = "definite"
    PROBABLE = "probable"
    UNCERTAIN = "uncertain"


class Section(StrEnum):
    """Part of a report; ``BOTH`` is a choice of what to score, never the place of a mention."""

    TECHNIQUE = "technique"
    FINDINGS = "findings"
    IMPRESSION = "impression"
    BOTH = "both"


class Language(StrEnum):
    """Language of a report; it chooses prompt, reference and tokenizer."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """One statement about the uptake of one organ, with its evidence.

    ``start`` and ``end`` are character offsets into the *original* text (end exclusive) of the
    evidence: the smallest span that holds the organ and its uptake phrase.
    """

    organ: str
    """Fine organ id of the anatomy catalogue."""
    state: UptakeState
    side: Side = Side.NONE
    part: str = ""
    degree: str = ""
    """``mild``, ``moderate``, ``marked`` or empty."""
    certainty: Certainty = Certainty.DEFINITE
    suvmax: float | None = None
    """SUVmax as stated (dimensionless body-weight SUV), ``None`` where not stated."""
    section: Section = Section.FINDINGS
    start: int = 0
    end: int = 0
    rule: str = ""
    """Which reading policy decided, for the explanation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Flag:
    """Something notable about a report as a whole, e.g. ``refusal``, with its evidence span."""

    name: str
    start: int = 0
    end: int = 0
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the extractor read in one report."""

    mentions: tuple[Mention, ...]
    flags: tuple[Flag, ...] = ()
    states: Mapping[str, States] = field(default_factory=dict)
    """Fine organ id -> states, abnormal wins; organs without a statement have no key."""
    extractor: str = ""
    """Signature of the extractor, e.g. ``rules:1.0``."""


class ExpectationSource(StrEnum):
    """Where an expectation comes from: the case file, the reference report, or a reviewer."""

    EXPLICIT = "explicit"
    EXTRACTED = "extracted"
    REVIEWED = "reviewed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """What a report of this case should say about one organ."""

    organ: str
    """Fine organ id in a case file; organ id of the active profile after roll-up."""
    states: States
    source: ExpectationSource = ExpectationSource.EXPLICIT
    reviewer: str = ""
    """Initials of the person who confirmed it (``REVIEWED`` only)."""
    side: Side = Side.NONE
    part: str = ""
    visible: bool | None = None
    """Measurable in the 8-bit pixels sent in the chosen views; ``None`` where unknown."""
    slices: tuple[int, ...] = ()
    """0-based positions among the shown slices in which the lesion is visible."""
    visible_separate: bool | None = None
    """What a case file says of the separate views; ``visible`` of a run is that of its views."""
    slices_separate: tuple[int, ...] = ()
    diameter_mm: float | None = None
    evidence: str = ""
    """Sentence of the reference report that it was extracted from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageSource:
    """Where the images of a case come from; at most one kind is set.

    ``pet`` and ``ct`` are NIfTI files (SUV and HU); ``slices`` are ready PNG or JPEG files in
    the order in which they are sent; ``phantom`` is the table from which volumes are made.
    """

    pet: Path | None = None
    ct: Path | None = None
    slices: tuple[Path, ...] = ()
    phantom: Mapping[str, Any] | None = None
    refused: str = ""
    """Why the files are not looked at: a path that leaves the cohort folder."""

    @property
    def kind(self) -> str:
        """``volumes``, ``slices``, ``phantom`` or ``none`` (a text-only case)."""
        if self.phantom is not None:
            return "phantom"
        if self.slices:
            return "slices"
        return "volumes" if self.pet is not None else "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePrompt:
    """A prompt that came with the case (imported official cases), used word for word."""

    system: str
    user: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One patient's PET/CT with its reference report, as written in ``case.toml``."""

    id: str
    folder: Path
    cohort: str
    """Name of the cohort that it was loaded from."""
    sex: str = ""
    """``M``, ``F`` or empty."""
    age: float | None = None
    """Years."""
    weight_kg: float | None = None
    height_cm: float | None = None
    language: Language = Language.ZH
    images: ImageSource = ImageSource()
    references: Mapping[Language, str] = field(default_factory=dict)
    """Language -> whole reference report, sections marked by their headings."""
    prompt: CasePrompt | None = None
    expectations: tuple[Expectation, ...] = ()
    """Explicit and reviewed ones only; the rest is extracted from the reference at run time."""
    prior: bool = False
    """The model was given a prior examination (a comparison is then no invention)."""
    private: bool = True
    licence: str = ""
    provenance: str = ""
    digest: str = ""
    """SHA-256 of case.toml and the reference reports."""


class FinishReason(StrEnum):
    """Why a generation ended."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Token counts; ``None`` where the provider does not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SentImage:
    """One image as the model gets it: ``pixels`` is uint8, shape (rows, columns, 3)."""

    name: str
    pixels: Any
    """``numpy.ndarray`` of uint8, (rows, columns, 3); typed loosely so that numpy stays lazy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerationRequest:
    """Everything that a provider may use to write one report."""

    case_id: str
    language: Language
    system: str
    user: str
    template: str
    """The report skeleton of the prompt in use (what the ``template`` baseline copies)."""
    images: tuple[SentImage, ...] = ()
    reference: str | None = None
    """Set only for providers that declare that they look at it (``baseline/reference``)."""
    decoding: Mapping[str, Any] = field(default_factory=dict)
    """``do_sample``, ``temperature``, ``top_p``, ``top_k``, ``max_new_tokens``, ``seed``."""
    repeat: int = 0
    sex: str = ""
    """``M``, ``F`` or empty; for the baselines, never part of what a model is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """What a model returned for one request; ``raw`` is untouched, cleaning makes the text."""

    raw: str
    finish_reason: FinishReason = FinishReason.UNKNOWN
    usage: Usage = Usage()
    images_sent: int = 0
    images_consumed: int | None = None
    """``None`` where the provider cannot know; another number than ``images_sent`` is an error."""
    seconds: float = 0.0
    origin: str = ""
    """Where the text stands if it was not generated here, e.g. ``outputs.jsonl:17``."""


class Outcome(StrEnum):
    """The closed list of what can become of an item."""

    HIT = "hit"
    MISS = "miss"
    UNSTATED = "unstated"
    AMBIGUOUS = "ambiguous"
    EMPTY = "empty"
    REFUSAL = "refusal"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    ERROR = "error"
    NOT_RUN = "not_run"


UNUSABLE: tuple[Outcome, ...] = (
    Outcome.EMPTY,
    Outcome.REFUSAL,
    Outcome.TRUNCATED,
    Outcome.TIMEOUT,
    Outcome.ERROR,
)
"""Outcomes of a case without a usable generation."""

BROKEN: tuple[Outcome, ...] = (Outcome.TIMEOUT, Outcome.ERROR, Outcome.NOT_RUN)
"""Outcomes that say that the run broke, not that the model is bad."""


class Kind(StrEnum):
    """Why a hit or a miss is one."""

    NONE = ""
    MISSED = "missed"
    WRONG_STATE = "wrong_state"
    PARTIAL = "partial"
    FALSE_ALARM = "false_alarm"
    NOTHING_INVENTED = "nothing_invented"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """The result of one item; small, plain, and enough to compute every score from.

    Its identity is (cohort, case, check, organ, repeat), never the node id.
    """

    cohort: str
    case: str
    check: str
    organ: str = ""
    repeat: int = 0
    outcome: Outcome
    kind: Kind = Kind.NONE
    failed: bool = False
    """The item fails in ``strict`` mode."""
    expected: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()
    source: str = ""
    """Where the expectation comes from: ``explicit``, ``extracted`` or ``reviewed``."""
    visible: bool | None = None
    certainty: str = ""
    reason: str = ""
    evidence: tuple[str, str] = ("", "")
    """The sentence of the reference and the sentence of the generated report."""
    where: str = ""
    """Where the whole generated text lies."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Per check: statistics of the text metrics, flags, token usage, sex, language ..."""


class Level(StrEnum):
    """How a score was put together; never averaged across."""

    CORPUS = "corpus"
    MEAN_OF_CASES = "mean_of_cases"
    RATE = "rate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One number with everything needed to trust it.

    ``value`` is 0..1 for text metrics and rates; ``None`` with a ``reason`` means *unscored*,
    which is not zero.  ``signature`` names tokenizer, convention, section and library versions:
    numbers with different signatures are never averaged or compared.
    """

    name: str
    value: float | None
    signature: str
    n: int
    level: Level
    higher_is_better: bool = True
    reason: str = ""

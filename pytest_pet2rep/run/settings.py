"""What a run is to do, as one frozen value: read once from the options, passed to everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pytest_pet2rep.cachefolder import cache_folder
from pytest_pet2rep.imaging.options import Views
from pytest_pet2rep.run.shards import Shard
from pytest_pet2rep.types import Language, Section


class ExpectationMode(StrEnum):
    """``strict``: what the model did wrong fails the item; ``report``: it is shown, not failed."""

    STRICT = "strict"
    REPORT = "report"


class Silence(StrEnum):
    """What becomes of an organ that the reference calls normal and the report does not mention."""

    COUNT = "count"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSettings:
    """Everything that decides what a run computes (and nothing that decides how it looks)."""

    model: str
    cases: Path | None = None
    """Cohort folder or file; ``None`` is the shipped cohort."""
    organs: str = "pet2rep19"
    metrics: tuple[str, ...] = ("pet2rep",)
    metric_args: Mapping[str, str] = field(default_factory=dict)
    decoding: str = "greedy"
    language: Language | None = None
    """``None``: each case in its own language."""
    section: Section = Section.FINDINGS
    prompt: Path | None = None
    views: Views = Views.FUSED
    view_args: Mapping[str, str] = field(default_factory=dict)
    clean: bool = True
    store: Path | None = None
    limit: int | None = None
    seed: int = 0
    max_new_tokens: int | None = None
    expectations: ExpectationMode = ExpectationMode.STRICT
    silence: Silence = Silence.COUNT
    model_args: Mapping[str, str] = field(default_factory=dict)
    model_revision: str = ""
    trust_remote_code: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    offline: bool = False
    resume: bool = False
    """Take up the last unfinished run with equal settings."""
    retry_errors: bool = False
    """Take up the last run with equal settings, and try its errors and timeouts again."""
    redact: bool = False
    """Texts of reports stay in the store; nothing else holds any."""
    concurrency: int = 8
    """Requests to a server under way at once, over all workers."""
    serve: str = ""
    """Command that starts a server for the run; empty for one that runs already."""
    serve_seconds: float = 900.0
    """How long the server may take until it answers."""
    shard: Shard | None = None
    """Which part of the cohort this process runs; ``None`` is all of it."""
    epochs: int = 1
    """How often every report is generated and scored."""
    aa: int = 0
    """Number of cases whose report is asked for once more, unchanged."""
    controls: tuple[str, ...] = ()
    """Controls of the images: ``blank-image``, ``wrong-image``."""
    control_cases: int = 20
    """Number of cases that the controls of the images are tried on."""
    floors: bool = True
    """Score the baselines that see no image on the same items, and show the lift over them."""

    @property
    def store_root(self) -> Path:
        """Folder of the store: the one that was named, or one in the cache folder."""
        return Path(self.store or cache_folder("generations"))

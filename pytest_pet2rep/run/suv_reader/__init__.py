"""``baseline/suv-reader``: measures uptake in the images that a model is sent, and reports it.

It shows that the benchmark can be solved by looking.  It gets what a vision-language model gets,
the 8-bit pixels of the chosen views, and nothing else of the case: no reference, no table of the
phantom, no expectation, not even the sex, which it reads off the images.  What it knows
beforehand is where organs lie and how much they take up in health (``suv_reader.atlas``) and from
where on a difference is called one (``suv_reader.foci``); both were learned on phantoms with other
seeds than those of any shipped case (``suv_reader.learning``, ``fresh_phantoms``), never on the
shipped cases.  On images that are not of these phantoms it reads at its own peril.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, ClassVar

from pytest_pet2rep.errors import GenerationFailed, UsageProblem
from pytest_pet2rep.models.provider import Identity, ProviderSettings, Reply
from pytest_pet2rep.types import FinishReason, Generation, GenerationRequest, Language, SentImage

if TYPE_CHECKING:
    from pytest_pet2rep.models.registry import ModelSpec

ALGORITHM = "suv-reader:2"
"""Changes whenever the same images would be read otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SuvReader:
    """The provider around ``read_images``."""

    name: str
    needs_images: ClassVar[bool] = True
    sees_reference: ClassVar[bool] = False
    local_weights: ClassVar[bool] = False
    kept_elsewhere: ClassVar[bool] = False

    @property
    def identity(self) -> Identity:
        return Identity(text=f"{self.name}:{ALGORITHM}:{_knowledge_digest()}", verified=True)

    def generate(self, requests: Sequence[GenerationRequest]) -> Sequence[Reply]:
        return [_reply(request) for request in requests]

    def close(self) -> None:
        return


def open_suv_reader(spec: ModelSpec, settings: ProviderSettings) -> SuvReader:
    """Open ``baseline/suv-reader``; raises ``UsageProblem`` for a revision or an argument."""
    if spec.revision:
        raise UsageProblem(f"{spec}: a baseline has no revision; write {spec.provider}/{spec.name}")
    settings.arguments(spec.provider, ())
    return SuvReader(name=str(spec))


def read_images(images: Sequence[SentImage], language: Language) -> str:
    """Write a report of the images of one case; one that judges nothing where no body is seen.

    Raises ``GenerationFailed`` for images that cannot be measured.
    """
    from pytest_pet2rep.run.suv_reader.atlas import PLANES_MM, expected_on, fit_pose, misfit
    from pytest_pet2rep.run.suv_reader.foci import find_foci, thresholds
    from pytest_pet2rep.run.suv_reader.pixels import measured_planes
    from pytest_pet2rep.run.suv_reader.report import write_nothing_seen, write_reading

    planes = measured_planes(images)
    if len(planes) != len(PLANES_MM):
        raise GenerationFailed(
            f"{len(planes)} planes were sent; this baseline knows the {len(PLANES_MM)} coronal "
            f"planes of the default views"
        )
    pose = fit_pose(planes)
    if misfit(pose, planes) > thresholds()["body"]["misfit"]:
        return write_nothing_seen(language)
    foci = find_foci(planes, expected_on(pose, planes), pose.sex)
    return write_reading(foci, pose.sex, language)


def _reply(request: GenerationRequest) -> Reply:
    try:
        text = read_images(request.images, request.language)
    except GenerationFailed as why:
        return GenerationFailed(f"case {request.case_id}: {why}")
    count = len(request.images)
    return Generation(
        raw=text, finish_reason=FinishReason.STOP, images_sent=count, images_consumed=count
    )


@cache
def _knowledge_digest() -> str:
    from pytest_pet2rep.phantom.synthesis import PHANTOM_VERSION
    from pytest_pet2rep.run.suv_reader.learning import ATLAS_VERSION, SUBJECTS

    folder = resources.files("pytest_pet2rep") / "data/suv_reader"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    digest = hashlib.sha256(f"atlas{ATLAS_VERSION}:{PHANTOM_VERSION}:{SUBJECTS}".encode())
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]

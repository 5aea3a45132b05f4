"""Controls: a report asked for once more, unchanged (``aa``) or with images that tell nothing.

A model that looks changes its report with the images, and does not change it without a reason.
Which cases they are tried on says ``run.control_plan``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_pet2rep.errors import UnknownName, UsageProblem
from pytest_pet2rep.run.assessment import Assessment
from pytest_pet2rep.run.control_plan import BLANK, CONTROL, IMAGE_CONTROLS, WRONG, lot
from pytest_pet2rep.run.items import ordered
from pytest_pet2rep.types import BROKEN, Case, Outcome, Record, SentImage

if TYPE_CHECKING:
    from pytest_pet2rep.run.generating import AlterImages
    from pytest_pet2rep.run.runtime import Runtime

GREY = 128
"""Value of every pixel of a blank image: just off the middle of the range, because processors
take images whose normalised values are all exactly zero for padding and drop them."""


def check_controllable(runtime: Runtime) -> None:
    """Refuse unknown controls, and controls of a model that they say nothing about.

    Raises ``UnknownName``, and ``UsageProblem`` for stored texts and text baselines, which
    generate nothing anew, and for controls of the images of a model that is sent none, or of a
    single case.
    """
    settings = runtime.settings
    for name in settings.controls:
        if name not in IMAGE_CONTROLS:
            raise UnknownName("control", name, IMAGE_CONTROLS)
    if not (settings.aa or settings.controls):
        return
    if runtime.provider.kept_elsewhere:
        raise UsageProblem(
            f"--pet2rep-aa and --pet2rep-control ask for a report again, but {settings.model} "
            f"generates nothing: leave them out"
        )
    if settings.controls and not runtime.provider.needs_images:
        raise UsageProblem(
            f"--pet2rep-control={','.join(settings.controls)}: {settings.model} is sent no images"
        )
    if WRONG in settings.controls and len(runtime.case_files) < 2:
        raise UsageProblem(
            f"--pet2rep-control={WRONG} needs the images of another case, and there is only one"
        )


def assess_control(runtime: Runtime, case: Case, control: str) -> Assessment:
    """Return the report of ``case`` under one of its controls, beside its reference.

    Raises ``StoreError`` if answers cannot be kept.
    """
    images = images_for(control, runtime, case)
    return runtime.assessed(case, runtime.attempt(case, purpose=control, images=images))


def images_for(name: str, runtime: Runtime, case: Case) -> AlterImages | None:
    """Return what a control does to the images of ``case``; ``None`` for nothing."""
    if name == BLANK:
        return blank
    if name == WRONG:
        return lambda _: _images_of_another(runtime, case)
    return None


def blank(images: tuple[SentImage, ...]) -> tuple[SentImage, ...]:
    """Return images of the same names and sizes, uniformly grey."""
    import numpy as np

    return tuple(replace(image, pixels=np.full_like(image.pixels, GREY)) for image in images)


def _images_of_another(runtime: Runtime, case: Case) -> tuple[SentImage, ...]:
    """Return the images of the next case in the order of the lots, the first after the last."""
    from pytest_pet2rep.run.case_images import images_of

    ring = sorted(runtime.cases(), key=lambda other: lot(runtime.settings.seed, other.id))
    place = [other.id for other in ring].index(case.id)
    return images_of(ring[(place + 1) % len(ring)], runtime.view_options)


def control_record(name: str, scored: Assessment, control: Assessment) -> Record:
    """Put the report of a control beside the one that is scored.

    What differs is shown, never failed; a report that is missing on either side gives the item its
    outcome, and fails it only where the run broke.
    """
    unusable = next((a.attempt for a in (scored, control) if a.attempt.outcome is not None), None)
    return Record(
        cohort=scored.case.cohort,
        case=scored.case.id,
        repeat=scored.attempt.repeat,
        check=f"{CONTROL}:{name}",
        outcome=Outcome.HIT if unusable is None else unusable.outcome or Outcome.ERROR,
        failed=unusable is not None and unusable.outcome in BROKEN,
        reason="" if unusable is None else f"{name}: {unusable.outcome}: {unusable.reason}",
        where=control.attempt.where,
        facts=_facts(scored, control),
    )


def _facts(scored: Assessment, control: Assessment) -> Mapping[str, Any]:
    return {
        "language": str(scored.language),
        "sex": scored.case.sex,
        "same_text": scored.attempt.text == control.attempt.text,
        "usable": [scored.attempt.usable, control.attempt.usable],
        "organs": {
            organ: [
                list(ordered(expectation.states)),
                list(ordered(scored.found[organ])),
                list(ordered(control.found[organ])),
            ]
            for organ, expectation in scored.expected.items()
        },
    }

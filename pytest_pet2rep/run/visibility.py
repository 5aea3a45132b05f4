"""Which expectations of a case can be seen in the images of this run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_pet2rep.types import Case, Expectation

if TYPE_CHECKING:
    from pytest_pet2rep.imaging.options import ViewOptions


def as_shown(case: Case, options: ViewOptions) -> Case:
    """Return ``case`` with ``visible`` and ``slices`` as they are in the images of ``options``.

    A case file knows them for the defaults of the fused and of the separate views; with any other
    option they are unknown.  Ready slices are sent as they are, so there the options do not matter.
    """
    from pytest_pet2rep.imaging.options import ViewOptions, Views

    if case.images.slices or options == ViewOptions():
        return case
    known = options == ViewOptions(views=Views.SEPARATE)
    shown = tuple(_separate(one) if known else _unknown(one) for one in case.expectations)
    return replace(case, expectations=shown)


def _separate(one: Expectation) -> Expectation:
    return replace(one, visible=one.visible_separate, slices=one.slices_separate)


def _unknown(one: Expectation) -> Expectation:
    return replace(one, visible=None, slices=())
